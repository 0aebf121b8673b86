"""Keystone on the controllers: one is restarted while the balancers send its clients to the others.

That it is taken out of service and given back is HAProxy's work, as for every service (engine/layers/services.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster.haproxy.record import HAPROXY_STAT
from cluster.layers.keystone import KEYSTONE, KEYSTONE_API
from cluster.openstack.record import ApiNode
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, runs
from engine.handling import Handling, Planned, Restart
from engine.runbook import View
from operations import keystone

_CLIENTS = "calls go to the other controllers; those that take longer than 10 s are cut and asked again"


def _there(state: ClusterState) -> bool:
    return any(isinstance(node, ApiNode) and runs(node.service) for node in state[KEYSTONE_API].values())


def _restarted(view: View, _: bool) -> Planned:
    hosts, proxies = KEYSTONE.hosts(view.cluster), view.state[HAPROXY_STAT]
    return Planned([step for name in hosts for step in keystone.restarted(proxies, name)])


def _taken_back(cluster: Cluster, hosts: Sequence[str]) -> None:
    for name in hosts:
        keystone.brought_back(cluster.names(Role.HAPROXY), name)


HANDLING = Handling(
    there=_there, restart=Restart(_restarted, _CLIENTS), rolled_out=_CLIENTS, taken_back=_taken_back
)
