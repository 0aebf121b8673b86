"""memcached on the controllers: restarted one after another."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.layers.cache import CACHES
from cluster.openstack.cache import CACHE, CacheNode
from cluster.spec import Cluster
from cluster.state import ClusterState, runs
from engine.handling import Handling, Planned, Restart
from engine.runbook import View
from operations import cache

_CLIENTS = "tokens that one of the caches knew are asked of keystone again"


def _there(state: ClusterState) -> bool:
    return any(isinstance(node, CacheNode) and runs(node.service) for node in state[CACHE].values())


def _restarted(view: View, _: bool) -> Planned:
    return Planned([cache.restarted(name) for name in CACHES.hosts(view.cluster)])


def _taken_back(_: Cluster, hosts: Sequence[str]) -> None:
    for name in hosts:
        cache.restart(name)


HANDLING = Handling(there=_there, restart=Restart(_restarted, _CLIENTS), rolled_out=_CLIENTS, taken_back=_taken_back)
