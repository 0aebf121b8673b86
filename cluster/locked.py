"""Who holds the cluster's lock, from what each host says of it: who has it on most of them. Pure."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import msgspec

from cluster.number import real
from cluster.state import ClusterState, Fact, Record
from cluster.text import clean

_LATEST = 1e11
"""Seconds since the epoch that a time may be: what a host says is shown as a date (localtime(3))."""


@dataclass(frozen=True, slots=True)
class LockNode(Record):
    """The cluster's lock on one host: whether it is held, and what its holder says (operations/locking.py)."""

    held: bool
    run: str = ""
    who: str = ""
    since: float = 0.0
    """Seconds since the epoch, by the clock of the holder's machine; 0 where it is not told."""
    why: str = ""

    def __str__(self) -> str:
        since = f" since {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(self.since))}" if self.since else ""
        return f"{self.who} has held the cluster's lock{since} for: {self.why} (run {self.run or 'unknown'})"


CLUSTER_LOCK = Fact("lock", LockNode, 20)


class Holder(msgspec.Struct, frozen=True):
    """What whoever takes the lock leaves on each host, as a line of JSON: `since` in seconds since the epoch."""

    run: str
    who: str
    since: float
    why: str


def held_by(text: str) -> LockNode:
    """The record of a host on which the lock is held, from what its holder has left there; not to be trusted."""
    try:
        said = msgspec.json.decode(text, type=Holder)
    except (msgspec.DecodeError, UnicodeError):
        return LockNode(held=True, who="somebody", why="it is not told")
    try:
        since = real(said.since, 0, _LATEST)
    except ValueError:
        # A lock that is held is, whatever its holder's clock says.
        since = 0.0
    return LockNode(True, clean(said.run, 40), clean(said.who, 80), since, clean(said.why, 160))


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
    """It is taken on a majority of the hosts (operations/locking.py), and so one on most of those is the holder.

    One whose host does not say who has it counts for whoever has most of the others.
    """
    nodes = list(state[CLUSTER_LOCK].values())
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
