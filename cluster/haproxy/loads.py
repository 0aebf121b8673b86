"""Which hosts carry clients of a backend now, by the balancers' own count."""

from __future__ import annotations

from collections.abc import Container, Mapping

from cluster.haproxy.record import HAPROXY_STAT, ProxyNode
from cluster.layer import Load
from cluster.state import ClusterState


def sessions(state: ClusterState, backends: Container[str], words: str) -> Mapping[str, Load]:
    """The servers of `backends` that have sessions; `words` as of Load, with {} for how many."""
    counts: dict[str, int] = {}
    for node in state[HAPROXY_STAT].values():
        for server in node.servers if isinstance(node, ProxyNode) else ():
            if server.backend in backends:
                counts[server.name] = counts.get(server.name, 0) + server.sessions
    return {name: Load(count, words.format(count)) for name, count in counts.items() if count}
