"""Horizon on the controllers: restarted one after another; its users go on where they are, on another controller."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.haproxy.record import HAPROXY_STAT
from cluster.openstack.horizon import HORIZON, HorizonNode
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, runs
from engine.handling import Handling, Planned, Restart
from engine.runbook import View
from operations import horizon

_CLIENTS = "users go on with the other controllers, which know their sessions; pages that take longer than 10 s are cut"


def _there(state: ClusterState) -> bool:
    return any(isinstance(node, HorizonNode) and runs(node.service) for node in state[HORIZON].values())


def _restarted(view: View, _: bool) -> Planned:
    proxies = view.state[HAPROXY_STAT]
    return Planned([step for name in view.cluster.names(Role.CONTROLLER) for step in horizon.restarted(proxies, name)])


def _taken_back(_: Cluster, hosts: Sequence[str]) -> None:
    for name in hosts:
        horizon.restart(name)


HANDLING = Handling(there=_there, restart=Restart(_restarted, _CLIENTS), rolled_out=_CLIENTS, taken_back=_taken_back)
