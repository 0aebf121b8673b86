"""What of the membership can be told in few words."""

from __future__ import annotations

from cluster.corosync.record import COROSYNC_QUORUM, QuorumNode
from cluster.layer import UNKNOWN, Thing, Things
from cluster.spec import Cluster
from cluster.state import ClusterState, Unknown


def things(_: Cluster, state: ClusterState) -> Things:
    """How each is."""
    for name, node in state[COROSYNC_QUORUM].items():
        yield Thing(COROSYNC_QUORUM.name, name, f"Corosync on {name}"), _how(node)


def _how(node: QuorumNode | Unknown) -> str:
    if isinstance(node, Unknown):
        return UNKNOWN
    return "quorate" if node.quorate else "without quorum" if node.running else "down"
