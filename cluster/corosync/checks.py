"""What must hold of the controllers' membership (corosync.conf(5))."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from cluster.checking import between, choice, named
from cluster.reading import Mistake, shown
from cluster.spec import Cluster, Role


def checks(cluster: Cluster) -> Iterator[Mistake]:
    """Membership of the controllers (corosync.conf(5))."""
    count = len(cluster.names(Role.CONTROLLER))
    if count < 3 or count % 2 == 0:
        yield Mistake(
            "hosts.controller", f"has {count}: it must be 3, 5 or another odd number, so that a majority is left."
        )
    spec = cluster.corosync
    yield from named("corosync.cluster_name", spec.cluster_name)
    yield from choice("corosync.transport", spec.transport, ("knet", "udpu", "udp"))
    # Less is shorter than a busy host's pauses, more leaves the VIP with nobody for long.
    yield from between("corosync.token_ms", spec.token_ms, 300, 30_000, " milliseconds")
    # Corosync takes the port below, too (corosync.conf(5), mcastport).
    yield from between("corosync.multicast_port", spec.multicast_port, 2, 65535)
    try:
        address = IPv4Address(spec.multicast_address)
        fits = address.is_multicast and address not in IPv4Network("224.0.0.0/24")
    except AddressValueError:
        fits = False
    if not fits:
        yield Mistake(
            "corosync.multicast_address",
            f"is {shown(spec.multicast_address)}: it must be from 224.0.1.0 to 239.255.255.255, such as 239.225.47.10.",
        )
