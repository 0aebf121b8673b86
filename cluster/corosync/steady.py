"""When the controllers' membership is steady: each has quorum, and sees all others."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cluster.condition import asked, known_of
from cluster.corosync.record import COROSYNC_QUORUM, QuorumNode
from cluster.layer import Condition
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, Unknown


def _count(spec: Cluster, state: ClusterState) -> tuple[str, str]:
    """Controllers in a Corosync _count with quorum, and those that see all others in it."""
    names = spec.names(Role.CONTROLLER)
    quorate = [
        node for node in known_of(state[COROSYNC_QUORUM], names, QuorumNode).values() if node.running and node.quorate
    ]
    seeing = sum(set(names) <= set(node.members) for node in quorate)
    return (
        f"{len(names)} quorate, {len(names)} see all",
        f"{len(quorate)} quorate, {seeing} see all",
    )


def _against(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
    names = [name for name in spec.names(Role.CONTROLLER) if name not in excluding]
    for name, node in asked(state[COROSYNC_QUORUM], names).items():
        if isinstance(node, Unknown):
            yield f"Corosync on {name}: {node.reason}."
        elif isinstance(node, QuorumNode) and (not node.running or not node.quorate):
            yield f"{name} is in no Corosync membership with quorum: start it, or see `journalctl -u corosync` there."
        elif isinstance(node, QuorumNode) and (missing := [other for other in names if other not in node.members]):
            yield f"Corosync on {name} does not see {', '.join(missing)}: look at the network between them."


STEADY = (Condition("membership", _count, _against),)
