"""What must hold of a cluster's hosts and addresses; a sentence for each thing that does not.

Every check is a pure function of the `Cluster`. An empty text stands for a value that is missing, which was said
already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from cluster.reading import shown
from cluster.releases import RELEASES
from cluster.spec import Cluster

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def sentences(cluster: Cluster) -> Iterator[str]:
    """Everything that is wrong with `cluster`."""
    yield from _names(cluster)
    yield from _addresses(cluster)


def _names(cluster: Cluster) -> Iterator[str]:
    if cluster.release and cluster.release not in RELEASES:
        known = " or ".join(f"{name} ({title})" for name, title in RELEASES.items())
        yield f"release is {shown(cluster.release)}: it must be {known}."
    for name, host in cluster.hosts.items():
        if not _LABEL.fullmatch(name):
            yield (
                f"hosts.{host.role} has the name {shown(name)}: a host name is 1 to 63 of a-z, 0-9 and -, "
                "with - neither first nor last (RFC 1123)."
            )


def _addresses(cluster: Cluster) -> Iterator[str]:
    try:
        network = IPv4Network(cluster.network)
    except ValueError:
        if cluster.network:
            yield f"network is {shown(cluster.network)}: it must be an IPv4 network, such as 192.168.47.0/24."
        return
    named = {f"hosts.{host.role}.{name}": host.address for name, host in cluster.hosts.items()}
    vips = {"keepalived.vip": cluster.keepalived.vip, "pacemaker.vip": cluster.pacemaker.vip}
    seen: dict[IPv4Address, str] = {}
    for key, text in {**named, **vips}.items():
        if not text:
            continue
        try:
            address = IPv4Address(text)
        except AddressValueError:
            yield f"{key} is {shown(text)}: it must be an IPv4 address, such as {network.network_address + 10}."
            continue
        if address not in network:
            yield f"{key} is {text}: it must be in the network {network}."
        elif address in (network.network_address, network.broadcast_address):
            yield f"{key} is {text}: the first and the last address of {network} belong to no host."
        if address in seen:
            yield f"{key} is {text}, which {seen[address]} has already: each needs its own address."
        seen.setdefault(address, key)
