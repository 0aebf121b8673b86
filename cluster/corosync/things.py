"""What of the membership can be told in few words."""

from __future__ import annotations

from cluster.corosync.record import QuorumNode


def how(node: QuorumNode) -> str:
    """How it is on a host."""
    return "quorate" if node.quorate else "without quorum" if node.running else "down"
