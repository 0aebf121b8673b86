"""What is where: the part of a snapshot that a plan rests on, as short values by name, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cluster.duty import writer, writers
from cluster.gates.galera import retries
from cluster.gates.resources import PROMOTED, groups
from cluster.spec import Cluster
from cluster.state import (
    BrokerNode,
    ClusterState,
    CrmStatus,
    GaleraNode,
    ProxyNode,
    QuorumNode,
    Unknown,
    VipNode,
)


@dataclass(frozen=True, slots=True)
class Thing:
    """What a value is told of: a layer (a field of ClusterState), and the host it is about, empty for the whole."""

    layer: str
    host: str
    name: str
    """As in "the writer", so that "NAME was A, and is B" is a sentence."""
    vip: str = ""
    """Where it is told who owns a VIP: its address."""
    holders: tuple[str, ...] = field(default=(), compare=False)
    """The hosts that the value names, where it is about no single one; not what makes a thing another."""


Picture = Mapping[Thing, str]

UNKNOWN = "unknown"
"""The value of what can't be told."""

JUDGED = {"vrrp": "keepalived", "controller_vip": "pacemaker"}
"""Fields of ClusterState that are judged in a layer of another name."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where something of the whole cluster is, such as the writer. `layer` is one of the verdicts'."""

    layer: str
    name: str
    value: str
    vip: str = ""
    holders: tuple[str, ...] = ()


def whereabouts(seen: Picture) -> tuple[Where, ...]:
    """The things of a picture that are about no single host."""
    return tuple(
        Where(JUDGED.get(thing.layer, thing.layer), thing.name, value, thing.vip, thing.holders)
        for thing, value in seen.items()
        if not thing.host
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A thing that is not what it was."""

    thing: Thing
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.thing.name} was {self.before}, and is {self.now}"


def picture(spec: Cluster, state: ClusterState) -> dict[Thing, str]:
    """What is where in `state`. Counters and times are left out: they change while nothing happens."""
    return dict(_things(spec, state))


def changes(before: Picture, now: Picture) -> list[Change]:
    """What differs, in the order of `now`; a thing that only one of them has is "absent" in the other."""
    names = dict.fromkeys((*now, *before))
    return [
        Change(thing, before.get(thing, "absent"), now.get(thing, "absent"))
        for thing in names
        if before.get(thing, "absent") != now.get(thing, "absent")
    ]


def _things(spec: Cluster, state: ClusterState) -> Iterator[tuple[Thing, str]]:
    for name, answer in state.hosts.items():
        yield Thing("hosts", name, name), "not answering" if isinstance(answer, Unknown) else "there"
    yield _owner("vrrp", spec.keepalived.vip, state.vrrp)
    for name, vip in state.vrrp.items():
        yield Thing("vrrp", name, f"keepalived on {name}"), _keepalived(vip)
    if state.haproxy:
        holders = tuple(writers(state.haproxy, state.hosts))
        yield Thing("haproxy", "", "the writer", holders=holders), writer(state.haproxy, state.hosts)
    yield from _proxies(state.haproxy)
    for name, node in state.galera.items():
        yield Thing("galera", name, f"Galera on {name}"), _galera(node)
    for name, broker in state.rabbitmq.items():
        yield Thing("rabbitmq", name, f"the broker on {name}"), _broker(broker)
    for name, member in state.corosync.items():
        yield Thing("corosync", name, f"Corosync on {name}"), _member(member)
    yield _owner("controller_vip", spec.pacemaker.vip, state.controller_vip)
    yield from _pacemaker(state.pacemaker)


def _owner(layer: str, vip: str, nodes: Mapping[str, VipNode | Unknown]) -> tuple[Thing, str]:
    owners = [name for name, node in nodes.items() if isinstance(node, VipNode) and vip in node.held]
    unknown = [name for name, node in nodes.items() if isinstance(node, Unknown)]
    thing = Thing(layer, "", f"the owner of {vip}", vip, tuple(owners))
    return thing, ", ".join(owners) or (UNKNOWN if unknown else "nobody")


def _keepalived(node: VipNode | Unknown) -> str:
    if isinstance(node, Unknown):
        return UNKNOWN
    if node.keepalived is None or not node.keepalived.known:
        return "absent"
    if node.keepalived.frozen:
        return "frozen"
    return "away" if node.away and node.keepalived.active == "active" else node.keepalived.active


def _proxies(nodes: Mapping[str, ProxyNode | Unknown]) -> Iterator[tuple[Thing, str]]:
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            yield Thing("haproxy", name, f"HAProxy on {name}"), UNKNOWN
            continue
        yield Thing("haproxy", name, f"HAProxy on {name}"), "answering" if node.servers else node.service.active
        for peer, link in node.peers.items():
            yield Thing("haproxy", name, f"the peers link from {name} to {peer}"), link
        for frontend, status in node.frontends.items():
            yield Thing("haproxy", name, f"frontend {frontend} on {name}"), status
        for server in node.servers:
            # "UP 1/2" and "UP" are the same until the check has failed often enough.
            status = server.status.partition(" ")[0]
            yield Thing("haproxy", name, f"{server.backend}/{server.name} on {name}"), status


def _galera(node: GaleraNode | Unknown) -> str:
    if isinstance(node, Unknown):
        return UNKNOWN
    if retries(node):
        # The server of a try and the pause until the next are the same.
        return "being started"
    if not node.running:
        return "down"
    if node.standalone:
        return "without a cluster"
    refuses = ", without sessions" if node.refuses else ""
    return f"{node.state or 'silent'}, {node.cluster_status or 'no component'} of {node.size}{refuses}"


def _broker(node: BrokerNode | Unknown) -> str:
    if isinstance(node, Unknown):
        return UNKNOWN
    if node.draining:
        return "drained"
    if not node.running:
        return "down"
    parted = f", parted from {', '.join(node.partitions)}" if node.partitions else ""
    alarms = f", alarms: {', '.join(node.alarms)}" if node.alarms else ""
    return f"running{parted}{alarms}"


def _member(node: QuorumNode | Unknown) -> str:
    if isinstance(node, Unknown):
        return UNKNOWN
    return "quorate" if node.quorate else "without quorum" if node.running else "down"


def _pacemaker(nodes: Mapping[str, CrmStatus | Unknown]) -> Iterator[tuple[Thing, str]]:
    for name, node in nodes.items():
        doing = UNKNOWN if isinstance(node, Unknown) else "running" if node.running else "down"
        yield Thing("pacemaker", name, f"Pacemaker on {name}"), doing
    views = [node for node in nodes.values() if isinstance(node, CrmStatus) and node.quorate]
    view = next((node for node in views if node.dc), None)
    if view is None:
        return
    for member in view.nodes:
        words = [word for word in ("unclean", "standby", "maintenance", "pending", "shutdown") if getattr(member, word)]
        shown = ", ".join(words) or ("online" if member.online else "offline")
        yield Thing("pacemaker", member.name, f"{member.name} in Pacemaker"), shown
    for group in groups(view.resources):
        where = ", ".join(dict.fromkeys(name for one in group.instances for name in one.nodes)) or "nowhere"
        promoted = ", ".join(name for one in group.active if one.role in PROMOTED for name in one.nodes)
        failed = " (failed)" if any(one.failed for one in group.instances) else ""
        shown = f"{where}{f', promoted on {promoted}' if promoted else ''}{failed}"
        yield Thing("pacemaker", "", f"the resource {group.name}"), shown
