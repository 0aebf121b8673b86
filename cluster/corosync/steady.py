"""When the membership of a cluster is steady: each of its hosts has quorum, and sees all others."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cluster.condition import asked, known_of
from cluster.corosync.record import QuorumNode
from cluster.layer import Condition
from cluster.spec import Cluster
from cluster.stacks import Stack
from cluster.state import ClusterState, Unknown


def steady(stack: Stack) -> Condition:
    """The membership of `stack`."""

    def count(spec: Cluster, state: ClusterState) -> tuple[str, str]:
        """Hosts in a Corosync membership with quorum, and those that see all others in it."""
        names = stack.names(spec)
        quorate = [
            node for node in known_of(state[stack.quorum], names, QuorumNode).values() if node.running and node.quorate
        ]
        seeing = sum(set(names) <= set(node.members) for node in quorate)
        return (
            f"{len(names)} quorate, {len(names)} see all",
            f"{len(quorate)} quorate, {seeing} see all",
        )

    def against(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
        names = [name for name in stack.names(spec) if name not in excluding]
        for name, node in asked(state[stack.quorum], names).items():
            if isinstance(node, Unknown):
                yield f"Corosync on {name}: {node.reason}."
            elif isinstance(node, QuorumNode) and (not node.running or not node.quorate):
                yield (
                    f"{name} is in no Corosync membership with quorum: start it, or see `journalctl -u corosync` there."
                )
            elif isinstance(node, QuorumNode) and (missing := [other for other in names if other not in node.members]):
                yield f"Corosync on {name} does not see {', '.join(missing)}: look at the network between them."

    return Condition(f"{stack.prefix}membership".replace("_", " "), count, against)
