"""When an API of OpenStack is complete, so that one of its hosts may be taken out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cluster.condition import asked, known_of
from cluster.layer import Condition
from cluster.openstack.record import ApiNode
from cluster.openstack.verdict import answer
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, Fact, Unknown


def condition(name: str, fact: Fact[ApiNode], what: str) -> Condition:
    """That all controllers give `what` it is there for."""

    def count(spec: Cluster, state: ClusterState) -> tuple[str, str]:
        names = spec.names(Role.CONTROLLER)
        working = sum(node.works for node in known_of(state[fact], names, ApiNode).values())
        return f"{len(names)} give {what}", f"{working} give {what}"

    def against(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
        for host, node in asked(state[fact], spec.names(Role.CONTROLLER)).items():
            if host in excluding:
                continue
            if isinstance(node, Unknown):
                yield f"{host} can't be asked for its {name}: {node.reason}."
            elif not node.works:
                how = answer(node.call if node.healthy else node.health)
                yield f"{name} on {host} {how}: see `journalctl -u {node.service.unit}` and its log there."

    return Condition(name, count, against)
