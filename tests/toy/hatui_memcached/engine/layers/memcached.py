"""How a cache is drained, given back and restarted."""

from __future__ import annotations

from cluster.spec import Cluster, Role
from cluster.state import ClusterState
from engine.handling import Handling, Planned, Restart
from engine.runbook import View
from hatui_memcached.facts.memcached import Memcached
from hatui_memcached.layer import CACHE, CacheNode
from hatui_memcached.operations.memcached import restarted, started, stopped
from operations.hosts import look


def _out(state: ClusterState) -> set[str]:
    return {name for name, node in state[CACHE].items() if isinstance(node, CacheNode) and node.away}


def _drained(view: View, host: str) -> Planned:
    if host in _out(view.state):
        return Planned()
    return Planned([stopped(host)], expected=f"clients of the cache on {host} find it empty elsewhere")


def _carried(_: Cluster, host: str) -> str | None:
    node = look(host, Memcached)
    return f"the cache on {host} answers" if isinstance(node, CacheNode) and node.answers else None


def _restarts(view: View, _: bool) -> Planned:
    return Planned([restarted(name) for name in view.cluster.names(Role.NETWORK)])


HANDLING = Handling(
    drained=_drained,
    carried=_carried,
    given_back=lambda view, host: Planned([started(host)] if host in _out(view.state) else []),
    taken_out=_out,
    restart=Restart(_restarts, "the caches are empty, one after another"),
    rolled_out="the caches are empty, one after another",
)
