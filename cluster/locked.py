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
        return str(self.by) if self.by else {None: "not known", False: "free"}.get(self.held, "held")


def held(state: ClusterState) -> Held:
    """It is taken on a majority of the hosts (engine/lock.py), and so one on most of those is the holder."""
    said = [node for node in state.lock.values() if isinstance(node, LockNode)]
    needed = len(state.lock) // 2 + 1
    holders = Counter(node for node in said if node.held)
    if holders and (first := holders.most_common(1)[0])[1] >= needed:
        return Held(True, first[0])
    return Held(False) if sum(not node.held for node in said) >= needed else Held(None)
