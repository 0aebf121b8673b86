"""What is seen of Corosync on a host."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.state import Fact, Record, ServiceState


@dataclass(frozen=True, slots=True)
class Ring(Record):
    """One network of Corosync's, a "ring" to 2.x and a "link" to 3.x, as a host sees it (corosync-cfgtool(8))."""

    number: int
    address: str
    faulty: bool
    """The ring as a whole is given up (without knet)."""
    lost: tuple[str, ...] = ()
    """Members that can't be reached on it (knet)."""


@dataclass(frozen=True, slots=True)
class QuorumNode(Record):
    """Corosync on one host (`corosync-quorumtool -s`, corosync-quorumtool(8)).

    A quorum device is no member; its votes are counted in `votes` and `expected`.
    """

    running: bool
    quorate: bool
    votes: int
    expected: int
    members: tuple[str, ...]
    service: ServiceState
    rings: tuple[Ring, ...] = ()
    """Empty where it was not asked, or could not be."""


COROSYNC_QUORUM = Fact("corosync", QuorumNode, 20)
