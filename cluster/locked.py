"""Who holds the cluster's lock, from what each host says of it: who has it on most of them. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cluster.state import ClusterState, LockNode


@dataclass(frozen=True, slots=True)
class Held:
    """`held` is None where too few hosts answer to tell; `by` is who holds it then, as most hosts say."""

    held: bool | None
    by: LockNode | None = None

    def __str__(self) -> str:
        """As in "the cluster's lock is …"."""
        if self.by:
            return f"held by {self.by.who} for {self.by.why or 'it is not told what'}"
        return "not known" if self.held is None else "free"


def held(state: ClusterState) -> Held:
    """It is taken on a majority of the hosts (engine/lock.py), and so one on most of those is the holder.

    One whose host does not say who has it counts for whoever has most of the others.
    """
    nodes = list(state.lock.values())
    taken = [node for node in nodes if isinstance(node, LockNode) and node.held]
    named = Counter(node for node in taken if node.run)
    holder, count = named.most_common(1)[0] if named else (LockNode(held=True, who="somebody"), 0)
    count += len(taken) - named.total()
    needed = len(nodes) // 2 + 1
    if count >= needed:
        return Held(True, holder)
    # Those that are not known might make a majority.
    silent = sum(not isinstance(node, LockNode) for node in nodes)
    return Held(None if count + silent >= needed else False)
