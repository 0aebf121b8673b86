"""What of the membership can be told in few words."""

from __future__ import annotations

from cluster.corosync.record import COROSYNC_QUORUM, QuorumNode
from cluster.things import of_each


def _how(node: QuorumNode) -> str:
    return "quorate" if node.quorate else "without quorum" if node.running else "down"


things = of_each(COROSYNC_QUORUM, "Corosync", _how)
