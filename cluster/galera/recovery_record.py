"""What is seen only for a recovery, besides the snapshot: too dear to be asked at every look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cluster.state import Record


@dataclass(frozen=True, slots=True)
class GaleraPosition(Record):
    """How far the data of a node go that takes no sessions: what its tablespace says, and what its state file says.

    `uuid` is empty where the tablespace has no position. `filed_uuid` is empty where the state file (grastate.dat)
    has none, and None where there is no such file; `filed_seqno` is -1 after a crash, and from each try to start on.
    """

    uuid: str
    seqno: int
    filed_uuid: str | None
    filed_seqno: int
    safe_to_bootstrap: bool | None = None
    founding: bool = False
    """The server is being started as the first of a new cluster (--wsrep-new-cluster)."""


Sums = Mapping[str, str]
"""Each InnoDB table of the users ("database.table") to the checksum of its rows."""
