"""When the network nodes are complete, so that one of them may be taken out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cluster.agents.record import AGENTS_FACT, AgentsNode
from cluster.agents.verdict import of_routers
from cluster.condition import asked, known_of
from cluster.health.services import down
from cluster.layer import Condition
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, Unknown


def _count(spec: Cluster, state: ClusterState) -> tuple[str, str]:
    names = spec.names(Role.NETWORK)
    working = sum(not node.away for node in known_of(state[AGENTS_FACT], names, AgentsNode).values())
    return f"{len(names)} run all agents", f"{working} run all agents"


def _against(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
    for host, node in asked(state[AGENTS_FACT], spec.names(Role.NETWORK)).items():
        if host in excluding:
            continue
        if isinstance(node, Unknown):
            yield f"{host} can't be asked for its agents: {node.reason}."
        elif node.away:
            yield f"{down(node.away[0])} on {host}: see `journalctl -u {node.away[0].unit}` and /var/log/neutron there."
    if not excluding:
        yield from (f"{said}." for said in of_routers(state[AGENTS_FACT]))


STEADY = (Condition("agents", _count, _against),)
