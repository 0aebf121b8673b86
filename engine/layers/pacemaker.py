"""A cluster's resources: handed over (standby) before a host is drained, or restarted with Corosync."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.pacemaker.gates import NO_QUORUM, not_left, view_of
from cluster.spec import Cluster
from cluster.stacks import STACKS, Stack
from cluster.state import ClusterState
from engine.handling import Handling, Planned, Restart
from engine.runbook import View
from operations import controllers, pacemaker

_NAMED = 3
"""Resources of a host that are told by their names; more are counted."""
_NO_QUORUM = f"{NO_QUORUM.capitalize()}: bring that back first (`hatui status`)."

# Of a cluster without a VIP, each host runs the same, and nothing has to be started elsewhere.
_EXPECTED = {True: "its resources are stopped and started elsewhere", False: "the others go on"}
_RESTARTED = {
    True: "each controller's resources are stopped and started elsewhere",
    False: "nothing: what serves goes on, new routers and networks wait",
}


def _handling(stack: Stack) -> Handling:
    def here(view: View, host: str) -> str:
        seen = view_of(view.state[stack.crm])
        resources = seen.resources if seen else ()
        here = [one.id for one in resources if host in one.nodes and not one.agent.startswith("stonith:")]
        return f"runs {', '.join(here) if len(here) <= _NAMED else f'{len(here)} resources'}" if here else ""

    def drained(view: View, host: str) -> Planned:
        if not not_left(view.state[stack.crm], host):
            return Planned()
        step = controllers.stands_by(stack.names(view.cluster), host)
        return Planned([step], expected=_EXPECTED[stack.has_vip])

    def carried(cluster: Cluster, host: str) -> str | None:
        return not_left(controllers.nodes_of(stack.names(cluster)), host)

    def given_back(view: View, host: str) -> Planned:
        seen = view_of(view.state[stack.crm])
        if seen is None:
            return Planned(refused=_NO_QUORUM)
        if any(member.name == host and member.standby for member in seen.nodes):
            return Planned([controllers.online(stack.names(view.cluster), host)])
        return Planned()

    def taken_out(state: ClusterState) -> set[str]:
        seen = view_of(state[stack.crm])
        return {one.name for one in (seen.nodes if seen else ()) if one.standby}

    def restarted(view: View, _: bool) -> Planned:
        names = stack.names(view.cluster)
        seen = view_of(view.state[stack.crm])
        if seen is None:
            return Planned(refused=_NO_QUORUM)
        busy = {name for one in seen.resources if not one.agent.startswith("stonith:") for name in one.nodes}
        order = sorted(names, key=lambda name: (name in busy, name == seen.dc))
        return Planned([step for name in order for step in controllers.restarted(names, name)])

    def taken_back(_: Cluster, hosts: Sequence[str]) -> None:
        pacemaker.brought_back(hosts)

    return Handling(
        here=here,
        drained=drained,
        carried=carried,
        given_back=given_back,
        taken_out=taken_out,
        restart=Restart(restarted, _RESTARTED[stack.has_vip]),
        taken_back=taken_back,
    )


HANDLINGS = {stack.crm.name: _handling(stack) for stack in STACKS}
