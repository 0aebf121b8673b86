"""What follows from a changed file: which unit then runs with former settings, and what the layer's deploy does."""

from __future__ import annotations

from collections.abc import Mapping

from facts import corosync, galera, haproxy, rabbitmq, vrrp

STAMPED: Mapping[str, tuple[str, ...]] = {
    haproxy.UNIT: (haproxy.CONFIG,),
    vrrp.UNIT: vrrp.FILES,
    galera.UNIT: (galera.CONFIG,),
    galera.CHECK_UNIT: galera.CHECK_FILES,
    galera.GARB_UNIT: (galera.GARB_CONFIG,),
    rabbitmq.UNIT: rabbitmq.STAMPED,
    corosync.UNIT: corosync.FILES,
}
"""Each unit, to the files that it reads when it starts or is reloaded."""

EFFECTS: Mapping[str, str] = {
    haproxy.UNIT: "HAProxy is reloaded",
    vrrp.UNIT: "keepalived is reloaded",
    galera.UNIT: "MariaDB is drained, restarted and given back",
    galera.CHECK_UNIT: "the health responder is restarted",
    galera.GARB_UNIT: "the arbitrator is restarted",
    rabbitmq.UNIT: "the broker is restarted",
    corosync.UNIT: "Corosync takes its settings over, on all controllers at once",
}
"""What the layer's deploy does about a unit that runs with former settings."""


def unit_of(path: str) -> str:
    """The unit that runs with former settings once the file `path` has changed; empty if none does."""
    return next((unit for unit, files in STAMPED.items() if path in files), "")
