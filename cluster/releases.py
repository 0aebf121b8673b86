"""What differs between the releases of Debian, and nowhere else: what a release has or no longer has."""

from __future__ import annotations

from collections.abc import Mapping

RELEASES: Mapping[str, str] = {"bookworm": "Debian 12", "trixie": "Debian 13"}

MIRRORED_QUEUES = frozenset({"bookworm"})
"""RabbitMQ 4.0 removed mirrored classic queues (its release notes, "Removed"); Debian 12 has 3.10, 13 has 4.0."""

BROKERS_FORM_TOGETHER = frozenset({"trixie"})
"""Since RabbitMQ 4.0 a new broker waits in peer discovery until the others that its settings name are started too.

With 3.10 the first one is a cluster at once, and the others, started after it, can't but join it.
Source: rabbitmq-server #9797 and #14743.
"""

ONLY_IN: Mapping[str, frozenset[str]] = {"neutron-periodic-workers": frozenset({"trixie"})}
"""Packages of OpenStack, and the units of their names, that not every release has.

Where neutron's API is served by uwsgi, Zed's neutron-rpc-server does the periodic work too; 2025.1's does not.
Source: neutron's release notes, "neutron-periodic-workers"; Debian's packages.
"""
