"""The ports of a host that are not for everybody, of all layers that it carries."""

from __future__ import annotations

from cluster.layer import Port
from cluster.layers import LAYERS
from cluster.ports.settings import ports_of
from cluster.spec import Cluster


def guarded(spec: Cluster, host: str) -> tuple[Port, ...]:
    """Each port once, with all who may speak to it; none where hatui keeps no packet filter."""
    wanted = ports_of(spec)
    if not wanted.filter:
        return ()
    found: dict[tuple[str, str], Port] = {}
    for layer in LAYERS:
        if layer.ports is None or not layer.is_on(spec, host):
            continue
        for one in layer.ports(spec):
            former = found.get((one.protocol, one.numbers))
            sources = dict.fromkeys((*(former.sources if former else ()), *one.sources, *wanted.let_in))
            words = f"{former.words}; {one.words}" if former else one.words
            found[one.protocol, one.numbers] = Port(one.protocol, one.numbers, tuple(sources), words)
    return tuple(found.values())


def counts(spec: Cluster) -> dict[str, int]:
    """How many ports each host guards; the hosts that guard none are left out."""
    if not ports_of(spec).filter:
        return {}
    # What a layer needs is the same on each of its hosts: of many hosts it is asked once.
    needed = [(layer, {(one.protocol, one.numbers) for one in layer.ports(spec)}) for layer in LAYERS if layer.ports]
    found = {host: set().union(*(ports for layer, ports in needed if layer.is_on(spec, host))) for host in spec.hosts}
    return {host: len(ports) for host, ports in found.items() if ports}
