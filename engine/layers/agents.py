"""The network nodes' agents: restarted one node after another, while what they have started serves on."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.agents.record import AGENTS_FACT, AgentsNode
from cluster.agents.settings import clustered
from cluster.agents.verdict import carries
from cluster.condition import counted
from cluster.health.services import down
from cluster.spec import Cluster, Role
from cluster.state import ClusterState
from engine.handling import Handling, Planned, Restart
from engine.runbook import View
from operations import agents

_CLIENTS = "nothing: routers and addresses are served on, new networks wait for some seconds"


def _there(state: ClusterState) -> bool:
    return any(isinstance(node, AgentsNode) and not node.away for node in state[AGENTS_FACT].values())


def _here(view: View, host: str) -> str:
    node = view.state[AGENTS_FACT].get(host)
    return carries(node) if isinstance(node, AgentsNode) else ""


def _primaries(state: ClusterState, host: str) -> int:
    node = state[AGENTS_FACT].get(host)
    return len(node.primary) if isinstance(node, AgentsNode) else 0


def _drained(view: View, host: str) -> Planned:
    if not (number := _primaries(view.state, host)):
        return Planned()
    if clustered(view.cluster):
        # Pacemaker has stopped its agents before.
        step = agents.let_go(view.cluster.names(Role.NETWORK), host)
        return Planned([step], expected="its routers go to another network node, which is told so at once")
    return Planned(
        refused=f"{host} is the primary of {counted(number, 'router')}, and hatui moves none: when the host goes, "
        "VRRP brings them to the other network node after about 7 s."
    )


def _restarted(view: View, _: bool) -> Planned:
    hosts = sorted(view.cluster.names(Role.NETWORK), key=lambda name: _primaries(view.state, name))
    kept = clustered(view.cluster)
    seen = {name: node for name, node in view.state[AGENTS_FACT].items() if isinstance(node, AgentsNode)}
    # What Pacemaker has stopped, nobody else starts.
    if away := [(name, node.away[0]) for name, node in seen.items() if node.away and kept]:
        name, unit = away[0]
        return Planned(refused=f"{down(unit)} on {name}: Pacemaker is to start it first (`hatui undrain {name}`).")
    return Planned([step for name in hosts for step in agents.restarted(name, clustered=kept)])


def _taken_back(cluster: Cluster, hosts: Sequence[str]) -> None:
    for name in hosts:
        agents.brought_back(name, clustered=clustered(cluster))


def _carried(cluster: Cluster, host: str) -> str | None:
    """Of a node that was drained; where systemd keeps the agents, routers come and go by themselves."""
    return agents.carries_routers(host) if clustered(cluster) else None


HANDLING = Handling(
    there=_there,
    carried=_carried,
    here=_here,
    drained=_drained,
    restart=Restart(_restarted, _CLIENTS),
    rolled_out=_CLIENTS,
    taken_back=_taken_back,
)
