"""The controllers' resources: handed over (standby) before a controller is drained, or restarted with Corosync."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.pacemaker.gates import not_left, view_of
from cluster.pacemaker.record import CRM_MON
from cluster.spec import Cluster, Role
from cluster.state import ClusterState
from engine.handling import Handling, Planned, Restart
from engine.runbook import View
from operations import controllers, pacemaker

_NAMED = 3
"""Resources of a host that are told by their names; more are counted."""
_NO_QUORUM = "No controller is in a cluster with quorum: bring that back first (`hatui status`)."


def _here(view: View, host: str) -> str:
    seen = view_of(view.state[CRM_MON])
    resources = seen.resources if seen else ()
    here = [one.id for one in resources if host in one.nodes and not one.agent.startswith("stonith:")]
    return f"runs {', '.join(here) if len(here) <= _NAMED else f'{len(here)} resources'}" if here else ""


def _drained(view: View, host: str) -> Planned:
    if not not_left(view.state[CRM_MON], host):
        return Planned()
    step = controllers.stands_by(view.cluster.names(Role.CONTROLLER), host)
    return Planned([step], expected="its resources are stopped and started elsewhere")


def _carried(cluster: Cluster, host: str) -> str | None:
    return not_left(controllers.nodes_of(cluster.names(Role.CONTROLLER)), host)


def _given_back(view: View, host: str) -> Planned:
    seen = view_of(view.state[CRM_MON])
    if seen is None:
        return Planned(refused=_NO_QUORUM)
    if any(member.name == host and member.standby for member in seen.nodes):
        return Planned([controllers.online(view.cluster.names(Role.CONTROLLER), host)])
    return Planned()


def _taken_out(state: ClusterState) -> set[str]:
    seen = view_of(state[CRM_MON])
    return {one.name for one in (seen.nodes if seen else ()) if one.standby}


def _restarted(view: View, _: bool) -> Planned:
    names = view.cluster.names(Role.CONTROLLER)
    seen = view_of(view.state[CRM_MON])
    if seen is None:
        return Planned(refused=_NO_QUORUM)
    busy = {name for one in seen.resources if not one.agent.startswith("stonith:") for name in one.nodes}
    order = sorted(names, key=lambda name: (name in busy, name == seen.dc))
    return Planned([step for name in order for step in controllers.restarted(names, name)])


def _taken_back(_: Cluster, hosts: Sequence[str]) -> None:
    pacemaker.brought_back(hosts)


HANDLING = Handling(
    here=_here,
    drained=_drained,
    carried=_carried,
    given_back=_given_back,
    taken_out=_taken_out,
    restart=Restart(_restarted, "each controller's resources are stopped and started elsewhere"),
    taken_back=_taken_back,
)
