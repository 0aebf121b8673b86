"""What is seen: one frozen record for each layer of each host, and the snapshot they make together.

Every record is plain data (JSON-encodable with msgspec). A host that could not be asked, or whose answer could not
be read, is an `Unknown` with the reason; it is never left out and never taken for healthy.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


class Record:
    """What all records have."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data, asked for by `pyinfra … fact` (its JSON encoder)."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True, slots=True)
class Unknown(Record):
    """Nothing is known of this, and why: a sentence without the host's name."""

    reason: str
    alive: bool = False
    """It can't be asked, and is seen to run nonetheless: its unit is active, or a process of it is there. Nothing may
    be begun anew beside it."""


@dataclass(frozen=True, slots=True)
class HostAnswer(Record):
    """A host that answered a look: seconds from the look's begin until all it was asked had been said."""

    took: float


@dataclass(frozen=True, slots=True)
class ServiceState(Record):
    """A systemd unit of a host, and whether what it runs with is what lies on disk.

    `active` and `sub` are systemd's ActiveState and SubState (systemctl(1)); `restart_due` says that a configuration
    file changed since the unit last read it (see operations/service.py), None where the unit keeps no stamp.
    """

    unit: str
    active: str
    sub: str
    enabled: bool
    restart_due: bool | None = None
    reload_due: bool = False
    """The unit's own files changed and systemd has not read them yet (NeedDaemonReload)."""
    edited: tuple[str, ...] = ()
    """Paths of its files that are not what the deploy wrote, or gone; none where that was not asked, or the deploy left
    no note of what it wrote (operations/files.py)."""
    known: bool = True
    """False: systemd has no file of such a unit. What it would run may run all the same, in a container, say."""
    frozen: bool = False
    """A process of it is stopped (SIGSTOP; state T or t in proc(5)): it runs, and does nothing. False: none is, or that
    was not asked."""
    started: str = ""
    """Which of its starts it runs from (systemd's InvocationID): another after each, the same over a reload; empty
    where systemd does not tell it."""


def runs(service: ServiceState | None) -> bool:
    """Whether the unit is there and runs."""
    return service is not None and service.active in ("active", "reloading")


@dataclass(frozen=True, slots=True)
class VipNode(Record):
    """Which addresses a host holds: `held` maps each IPv4 address on it, but loopback's, to its interface.

    The host's own are among them: only the inventory says which address is a VIP, whatever its prefix.
    Source: `ip -j addr` (ip-address(8)); what keepalived or Pacemaker believes is not asked, clients don't either.
    `keepalived` is None on a host that does not run it (the controllers' VIP is Pacemaker's), or not as a unit.
    """

    held: Mapping[str, str]
    keepalived: ServiceState | None = None
    away: bool = False
    """It was told by hand to give the VIP up, and takes none until it is told otherwise (operations/vip.py)."""
    priority: int | None = None
    """Its VRRP priority, 1 to 255, as the configuration on the host's disk has it (keepalived.conf(5)); None where
    there is none, or more than one."""
    no_carrier: tuple[str, ...] = ()
    """Interfaces of `held` whose link is down: nobody reaches an address on them."""
    configured: tuple[str, ...] | None = None
    """Addresses that keepalived's configuration on the host's disk names, its peers' among them; None: not asked."""
    process: bool | None = None
    """Whether a keepalived runs, as a unit or not (in a container, say); None: not asked."""


@dataclass(frozen=True, slots=True)
class ProxyServer(Record):
    """One server line of HAProxy's `show stat` (management.txt, 9.1).

    `status` is UP, DOWN, MAINT, DRAIN, NOLB or "no check", some with what it turns to, or why: "UP 1/2" is on its way
    down, "DOWN 1/2" on its way up, "MAINT (via B/S)" follows another server, its agent asked for "DRAIN (agent)".
    """

    backend: str
    name: str
    address: str
    """Such as 192.0.2.25:3306; empty where this HAProxy does not tell it, "none" where the server has none yet."""
    status: str
    check: str
    """`check_status` with its code, such as "L7OK/200" or "L4CON"."""
    sessions: int
    backup: bool
    last_change: int
    """Seconds since the status last changed."""
    downtime: int
    """Seconds in total."""
    rate: int = 0
    """New sessions in the last second."""
    queue: int = 0
    """Sessions that wait for a free connection."""
    weight: int = 1
    """0: it gets no new session, whatever its status."""

    @property
    def up(self) -> bool:
        """Whether its check finds it well, also on its way down: it lives, whether it is sent sessions or not."""
        return self.status.startswith("UP")

    @property
    def serves(self) -> bool:
        """Whether it takes new sessions: it is UP, or nobody checks it."""
        return self.weight > 0 and (self.up or self.status == "no check")

    @property
    def by_hand(self) -> bool:
        """Whether somebody told HAProxy to send it nothing: not its check, its agent, its name or another server."""
        return self.status in ("MAINT", "DRAIN") or re.fullmatch(r"DRAIN \d+/\d+", self.status) is not None


@dataclass(frozen=True, slots=True)
class ProxyNode(Record):
    """HAProxy on one load balancer. Without servers: it does not run, or does not answer within 1.5 s."""

    version: str
    uptime: int
    servers: tuple[ProxyServer, ...]
    stuck: Mapping[str, str]
    """Backend to the server that its stick table sends new sessions to: the writer, for a database backend."""
    service: ServiceState
    pid: int = 0
    """Of the worker that answered: a reload brings another."""
    frontends: Mapping[str, str] = field(default_factory=dict)
    """Frontend to its status: OPEN, FULL, STOP, PAUSED, …; none where that was not asked."""
    peers: Mapping[str, str] = field(default_factory=dict)
    """Each other balancer that it shares the writer's table with, to the state of the link as HAProxy writes it: ESTA
    where it is established. None where that was not asked, or nothing is shared."""


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


@dataclass(frozen=True, slots=True)
class BrokerQueue(Record):
    """A queue, as the management API tells of it (`/api/queues`)."""

    vhost: str
    name: str
    kind: str
    """quorum, classic or stream."""
    leader: str
    """The Erlang node that leads it; of a classic queue, the one that it is on."""
    online: tuple[str, ...]
    """Its members that are there; empty for a classic queue."""
    messages: int
    consumers: int
    members: tuple[str, ...] = ()
    """All its members, there or not; empty where that was not told."""
    state: str = ""
    """running, idle, down, stopped, crashed, minority, …; empty where that was not told."""


QUEUES_UNTOLD = "its queues"
"""In a broker's `untold`: it gave a list of queues that can't be read."""


@dataclass(frozen=True, slots=True)
class BrokerNode(Record):
    """RabbitMQ on one controller, from its management API on loopback (`/api/nodes`, `/api/overview`).

    While another member is frozen and not yet given up (the tick time), the API tells only of this broker:
    `members` and `running_members` are then those of its file.
    """

    name: str
    """The Erlang node, such as rabbit@cc01."""
    running: bool
    """The broker answers. One that is frozen, paused in a minority or still starting does not."""
    members: tuple[str, ...] = ()
    """Of a broker that does not run: those its files name; empty if it has no data."""
    running_members: tuple[str, ...] = ()
    """Of a broker that does not run: those that ran when it last knew."""
    partitions: tuple[str, ...] = ()
    """Nodes that this one sees as partitioned from it."""
    parted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The same of every member, as this one tells: only those that see any."""
    alarms: tuple[str, ...] = ()
    version: str = ""
    draining: bool = False
    """In maintenance by hand (rabbitmq-upgrade(8), `drain`): a member that takes no clients and leads no queue. Its API
    is silent then, so `running` is False."""
    queues: tuple[BrokerQueue, ...] = ()
    """At most 100, those with most messages first; none while there are more than 500 (facts/rabbitmq.py)."""
    queues_total: int = 0
    """How many there are in all; 0, too, where the broker could not say it in time."""
    untold: tuple[str, ...] = ()
    """What it should have said and did not, or not so that it can be read, in words."""
    service: ServiceState | None = None


@dataclass(frozen=True, slots=True)
class Ring(Record):
    """One network of Corosync's, a "ring" to 2.x and a "link" to 3.x, as a controller sees it (corosync-cfgtool(8))."""

    number: int
    address: str
    faulty: bool
    """The ring as a whole is given up (without knet)."""
    lost: tuple[str, ...] = ()
    """Members that can't be reached on it (knet)."""


@dataclass(frozen=True, slots=True)
class QuorumNode(Record):
    """Corosync on one controller (`corosync-quorumtool -s`, corosync-quorumtool(8)).

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


@dataclass(frozen=True, slots=True)
class CrmNode(Record):
    """A node of the Pacemaker cluster."""

    name: str
    online: bool
    standby: bool
    maintenance: bool
    pending: bool
    unclean: bool
    is_dc: bool
    kind: str = "member"
    """member, or remote: one that runs no Corosync and has no vote."""
    guest_of: str = ""
    """The resource in which a guest node runs, such as a container or a virtual machine."""
    shutdown: bool = False
    """It asked to leave, and hands over what it runs."""
    standby_onfail: bool = False
    """In standby because something failed there (on-fail=standby); `standby` is so too."""
    health: str = "green"
    """green, yellow or red, by its health attributes."""


@dataclass(frozen=True, slots=True)
class CrmResource(Record):
    """A resource of the Pacemaker cluster; `nodes` are those it is active on."""

    id: str
    agent: str
    role: str
    active: bool
    failed: bool
    managed: bool
    orphaned: bool
    blocked: bool
    nodes: tuple[str, ...]
    fail_counts: Mapping[str, int] = field(default_factory=dict)
    """Node to how often it failed there since that was last cleaned up, 1000000 for Pacemaker's INFINITY; only nodes
    where it did."""
    migration_threshold: int | None = None
    """Failures after which a node may run it no more; None where there is no limit (Pacemaker's own default)."""
    common: str = ""
    """The name that all instances in a clone or in a bundle's replicas have in common; empty for what is no such."""
    promotable: bool = False
    target_role: str = ""
    """The role that was set by hand, on it or on what it is part of: "stopped", "unpromoted", …; empty if none was."""
    failure_ignored: bool = False
    """Its failure has no consequence (on-fail=ignore)."""
    locked_to: str = ""
    """The node that shut down and that alone may start it again (shutdown-lock)."""
    pending: str = ""
    """What is being done with it, such as "Starting"."""
    address: str | None = None
    """Of an IPaddr2: its address as the CIB has it; None where that is not known."""


@dataclass(frozen=True, slots=True)
class CrmFailure(Record):
    """A failed action that Pacemaker still remembers."""

    operation: str
    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class FencingEvent(Record):
    """One entry of the fencing history."""

    target: str
    action: str
    status: str
    """success, failed or pending."""
    completed: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CrmStatus(Record):
    """The Pacemaker cluster as one node sees it (`crm_mon --output-as=xml`)."""

    running: bool
    dc: str
    quorate: bool
    stonith_enabled: bool
    maintenance_mode: bool
    nodes: tuple[CrmNode, ...]
    resources: tuple[CrmResource, ...]
    failures: tuple[CrmFailure, ...]
    fencing: tuple[FencingEvent, ...]
    bans: tuple[str, ...]
    """Location constraints left behind by a move or ban (ids cli-prefer-*, cli-ban-*)."""
    constraints: tuple[str, ...] = ()
    """The location constraints, `bans` among them, each in words: "fence-cc01 not on cc01", "api on cc02, score 50".
    At most 100."""
    service: ServiceState | None = None
    stop_all: bool = False
    """stop-all-resources is true."""
    unread: tuple[str, ...] = ()
    """What decides and could not be read, such as "online of cc02"; at most 20. The rest of the record is as said."""


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


@dataclass(frozen=True, slots=True)
class ClusterState(Record):
    """One snapshot. Each layer maps every host that carries it to its record, or to `Unknown` with the reason."""

    hosts: Mapping[str, HostAnswer | Unknown] = field(default_factory=dict)
    vrrp: Mapping[str, VipNode | Unknown] = field(default_factory=dict)
    haproxy: Mapping[str, ProxyNode | Unknown] = field(default_factory=dict)
    galera: Mapping[str, GaleraNode | Unknown] = field(default_factory=dict)
    rabbitmq: Mapping[str, BrokerNode | Unknown] = field(default_factory=dict)
    corosync: Mapping[str, QuorumNode | Unknown] = field(default_factory=dict)
    pacemaker: Mapping[str, CrmStatus | Unknown] = field(default_factory=dict)
    controller_vip: Mapping[str, VipNode | Unknown] = field(default_factory=dict)
    lock: Mapping[str, LockNode | Unknown] = field(default_factory=dict)
