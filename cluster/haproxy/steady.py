"""When the balancers are steady: each serves, every server is UP, and they agree on the writer."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cluster.condition import counted, known_of
from cluster.galera.names import GALERA_BACKEND
from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.haproxy.gates import not_open, why_not_serving, why_not_shared, writers_of
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode, ProxyServer
from cluster.haproxy.servers import empty_slot, state_of, way_out
from cluster.haproxy.services import backends
from cluster.haproxy.writer import writers
from cluster.layer import Condition
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, Unknown


def _count(spec: Cluster, state: ClusterState) -> tuple[str, str]:
    """Balancers that serve, servers that are not UP on any of them, and whom they take for the writer."""
    names = spec.names(Role.HAPROXY)
    known = known_of(state[HAPROXY_STAT], names, ProxyNode)
    serving = sum(why_not_serving(name, node) is None for name, node in known.items())
    not_up = sum(not (server.serves or empty_slot(server)) for node in known.values() for server in node.servers)
    need, now = f"{len(names)} serve, 0 not UP", f"{serving} serve, {not_up} not UP"
    if not spec.haproxy.single_writer:
        return need, now
    writing = len(writers(known, state.hosts))
    return f"{need}, 1 writer", f"{now}, {counted(writing, 'writer') if writing else 'no writer yet'}"


def _against(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
    for name in spec.names(Role.HAPROXY):
        if name in excluding:
            continue
        node = state[HAPROXY_STAT].get(name, Unknown("was not asked"))
        if reason := why_not_serving(name, node) or not_open(name, node):
            yield f"{reason}."
        if not isinstance(node, ProxyNode):
            continue
        for server in node.servers:
            if server.name in excluding or server.serves or empty_slot(server):
                continue
            found = f"{server.name} is {state_of(server)} in {server.backend} on {name}"
            yield f"{found}{_way_back(spec, state, server)}."
    writers = {name: writer for name, writer in writers_of(state[HAPROXY_STAT]).items() if name not in excluding}
    if spec.haproxy.single_writer and len(set(writers.values())) > 1:
        said = ", ".join(f"{name} sends to {writer}" for name, writer in writers.items())
        yield f"the balancers do not agree on the database's writer ({said}): `hatui switchover writer` settles it."
    if spec.haproxy.single_writer and (reason := why_not_shared(state[HAPROXY_STAT])):
        yield f"{reason}."


def _way_back(spec: Cluster, state: ClusterState, server: ProxyServer) -> str:
    """What brings a server back that gets no sessions: what was done by hand is undone; else its own reason counts."""
    if back := way_out(server, backends(spec)):
        return f": {back}"
    node = state[WSREP_STATUS].get(server.name) if server.backend == GALERA_BACKEND else None
    if isinstance(node, GaleraNode) and node.refuses:
        return f": {node.refuses}; put that right on {server.name}"
    return f" ({server.check}): see why on {server.name}"


STEADY = (Condition("balancers", _count, _against),)
