"""Whether the cluster's lock is held on this host, and by whom."""

from __future__ import annotations

from collections.abc import Iterable

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.locked import CLUSTER_LOCK, LockNode, held_by
from cluster.names import LOCK
from cluster.state import Unknown
from cluster.text import clean
from facts.hints import Hints

HOLDER = f"{LOCK}.holder"
"""Written by who takes the lock, and taken away with it."""
HINTS = Hints(files=(HOLDER,))


class ClusterLock(FactBase[LockNode | Unknown]):
    """The lock on this host: tried (flock(1)) only where a holder has left its name, so that nobody is kept from it."""

    @override
    def command(self) -> str:
        return (
            f"if [ -e {HOLDER} ] && [ -e {LOCK} ]; then flock -n {LOCK} true; "
            f"case $? in 0) echo free;; 1) echo held; head -c 2000 {HOLDER} 2>/dev/null;; esac; else echo free; fi"
        )

    @override
    def process(self, output: Iterable[str]) -> LockNode | Unknown:
        lines = [line for line in output if line]
        if lines == ["free"]:
            return LockNode(held=False)
        if lines[:1] != ["held"]:
            return Unknown(f"its answer could not be read: {clean(' '.join(lines), 100)}")
        return held_by("".join(lines[1:]))


FACTS = {CLUSTER_LOCK.name: (ClusterLock(), HINTS)}
"""The layer's facts (cluster/layers), by their names, and what tells of a change in each."""
