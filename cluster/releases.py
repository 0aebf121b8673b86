"""What differs between the releases of Debian, and nowhere else: package names, and what a release no longer has."""

from __future__ import annotations

from collections.abc import Mapping

RELEASES: Mapping[str, str] = {"bookworm": "Debian 12", "trixie": "Debian 13"}

MIRRORED_QUEUES = frozenset({"bookworm"})
"""RabbitMQ 4.0 removed mirrored classic queues (its release notes, "Removed"); Debian 12 has 3.10, 13 has 4.0."""

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
