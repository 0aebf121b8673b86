"""What a host tells of the Pacemaker cluster that it is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.state import Fact, Record, ServiceState
from cluster.vip import VipNode


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


CRM_MON = Fact("pacemaker", CrmStatus, 15)
CONTROLLERS_VIP = Fact("controller_vip", VipNode, 5)
"""Which controller has their VIP."""
