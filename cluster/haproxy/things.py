"""What of the balancing can be told in few words."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.haproxy.record import HAPROXY_STAT, ProxyNode
from cluster.haproxy.writer import writer, writers
from cluster.layer import UNKNOWN, Thing, Things
from cluster.spec import Cluster
from cluster.state import ClusterState, Unknown


def things(_: Cluster, state: ClusterState) -> Things:
    """Who the writer is, and of each balancer its links, its frontends and its servers."""
    proxies = state[HAPROXY_STAT]
    if proxies:
        holders = tuple(writers(proxies, state.hosts))
        yield Thing(HAPROXY_STAT.name, "", "the writer", holders=holders), writer(proxies, state.hosts)
    yield from _proxies(proxies)


def _proxies(nodes: Mapping[str, ProxyNode | Unknown]) -> Things:
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            yield Thing(HAPROXY_STAT.name, name, f"HAProxy on {name}"), UNKNOWN
            continue
        yield Thing(HAPROXY_STAT.name, name, f"HAProxy on {name}"), "answering" if node.servers else node.service.active
        for peer, link in node.peers.items():
            yield Thing(HAPROXY_STAT.name, name, f"the peers link from {name} to {peer}"), link
        for frontend, status in node.frontends.items():
            yield Thing(HAPROXY_STAT.name, name, f"frontend {frontend} on {name}"), status
        for server in node.servers:
            # "UP 1/2" and "UP" are the same until the check has failed often enough.
            status = server.status.partition(" ")[0]
            yield Thing(HAPROXY_STAT.name, name, f"{server.backend}/{server.name} on {name}"), status
