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
