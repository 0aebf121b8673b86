"""What must hold of a cluster's membership (corosync.conf(5))."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from cluster.checking import between, choice, named
from cluster.reading import Mistake, shown
from cluster.spec import Cluster, Role
from cluster.stacks import CONTROLLERS, Stack

_LAST_PORT = 65535


def checks(stack: Stack, cluster: Cluster) -> Iterator[Mistake]:
    """Of one of the clusters; what both have in common is told of the controllers'."""
    if stack is CONTROLLERS:
        yield from _controllers(cluster)
    elif stack.wanted(cluster):
        yield from _of_two(stack, cluster)


def _of_two(stack: Stack, cluster: Cluster) -> Iterator[Mistake]:
    """A cluster that may have two hosts: each of them alone has quorum then (votequorum(5), two_node)."""
    count = len(stack.names(cluster))
    if count != 2 and (count < 3 or count % 2 == 0):
        yield Mistake(
            f"hosts.{stack.role}",
            f"has {count}: for a cluster of their own it must be 2, or 3, 5 or another odd number.",
        )
    if cluster.corosync.transport == "udp" and stack.multicast_port(cluster) > _LAST_PORT:
        yield Mistake(
            "corosync.multicast_port",
            f"is {cluster.corosync.multicast_port}: the {stack.title} have the port {stack.multicast} above it, "
            f"so it must be at most {_LAST_PORT - stack.multicast}.",
        )


def _controllers(cluster: Cluster) -> Iterator[Mistake]:
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
    yield from between("corosync.multicast_port", spec.multicast_port, 2, _LAST_PORT)
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
