"""What differs between the releases of Debian, and nowhere else: package names, and what a release no longer has."""

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

_PACKAGES: Mapping[str, tuple[str, ...]] = {
    "base": (),
    # socat asks HAProxy's sockets.
    "haproxy": ("haproxy", "socat"),
    # nftables holds new connections back while the VIP is handed over.
    "keepalived": ("keepalived", "nftables", "socat"),
    # mariabackup sends a state transfer through socat; the health responder is Python.
    "galera": (
        "galera-4",
        "mariadb-backup",
        "mariadb-client",
        "mariadb-server",
        "python3",
        "python3-pymysql",
        "rsync",
        "socat",
    ),
    "garbd": ("galera-arbitrator-4",),
    "rabbitmq": ("rabbitmq-server", "curl"),
    "pacemaker": ("corosync", "crmsh", "pacemaker", "pacemaker-cli-utils", "resource-agents"),
}

_FENCING: Mapping[str, tuple[str, ...]] = {
    # fence_ipmilan runs ipmitool, which bookworm's fence-agents only recommends.
    "bookworm": ("fence-agents", "ipmitool"),
    # Split into a package for each agent.
    "trixie": ("fence-agents-ipmilan", "ipmitool"),
}


def packages(release: str, layer: str) -> tuple[str, ...]:
    """The packages of `layer` (base, haproxy, keepalived, galera, garbd, rabbitmq, pacemaker) on `release`.

    Raises KeyError for a layer or a release that there is none of.
    """
    fencing = _FENCING[release]
    return (*_PACKAGES[layer], *(fencing if layer == "pacemaker" else ()))
