"""What is seen of a Galera node."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.state import Fact, Record, ServiceState


@dataclass(frozen=True, slots=True)
class GaleraNode(Record):
    """A Galera node, from its server's `SHOW GLOBAL STATUS LIKE 'wsrep_%'`, or from `grastate.dat` when it is down.

    `uuid` and `seqno` are then those of the state file: seqno -1 means that it crashed and must be recovered. `uuid`
    is empty where there is no such file.
    """

    running: bool
    uuid: str
    seqno: int
    answers: bool = True
    """False: its server runs, but did not answer a query within 2 s, or does not take connections (yet)."""
    standalone: bool = False
    """The server runs without Galera (wsrep_on=OFF, or no provider)."""
    provider: bool = True
    """False: wsrep_on is ON, and there is no provider (wsrep_provider) to do it."""
    turns_away: str = ""
    """Its server runs, and turns every client away: why. It does not answer then."""
    untold: tuple[str, ...] = ()
    """Variables on which a verdict rests, and that it did not say, or not so that they can be read: the field of each
    has its default."""
    ready: bool = False
    connected: bool = False
    cluster_status: str = ""
    """Primary, non-Primary or Disconnected (wsrep_cluster_status)."""
    state: str = ""
    """Synced, Donor/Desynced, Joined, Joining, Initialized (wsrep_local_state_comment); Joining also while the unit
    starts, which takes as long as the state transfer does."""
    size: int = 0
    conf_id: int = -1
    recv_queue: int = 0
    flow_control_paused: float = 0.0
    """Share of the time since the last FLUSH STATUS, 0.0 to 1.0."""
    desynced: bool = False
    read_only: bool = False
    cached_downto: int | None = None
    """Seqno of the oldest writeset that it could still send to a joiner (wsrep_local_cached_downto); None if it has
    none. A node that has missed `seqno - cached_downto + 1` writesets at most gets those alone from it (IST)."""
    safe_to_bootstrap: bool | None = None
    """Only from the state file."""
    service: ServiceState | None = None
    check: ServiceState | None = None
    """The health responder, without which the balancers send this node nothing."""
    refuses: str = ""
    """Why the responder lets it have no sessions, in its words; empty while there is no reason, or it is not asked."""


WSREP_STATUS = Fact("galera", GaleraNode, 10)
