"""The whole cluster: whether it is complete and at rest, so that something may be taken out of it on purpose.

`besides` names hosts whose own troubles are left out, such as the one that is being brought back. What the others say
of them is left out too. A unit that is "restart due" is at rest: putting that right is what a rollout is for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from cluster.gates import count, galera, pacemaker, rabbitmq
from cluster.gates.haproxy import not_open, why_not_serving, why_not_shared, writers_of
from cluster.gates.keepalived import no_carrier, not_one_owner, owners
from cluster.gates.reason import Advised
from cluster.gates.resources import unsettled
from cluster.servers import empty_slot, state_of, way_out
from cluster.spec import Cluster, Role
from cluster.state import (
    ClusterState,
    CrmNode,
    CrmStatus,
    GaleraNode,
    ProxyNode,
    ProxyServer,
    QuorumNode,
    Unknown,
    VipNode,
)
from cluster.wiring import GALERA_BACKEND

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Gate:
    """One part of that: what it needs, and what is so, in numbers; and, where it is not open, each reason why."""

    name: str
    need: str
    now: str
    open: bool


def gates(spec: Cluster, state: ClusterState) -> tuple[Gate, ...]:
    """Every part, in the order in which they are asked."""
    return tuple(_gate(name, *counted(spec, state), list(part(spec, state, ()))) for name, counted, part in _PARTS)


def _gate(name: str, need: str, now: str, reasons: list[str]) -> Gate:
    return Gate(name, need, ": ".join([now, *([" ".join(reasons)] if reasons else [])]), not reasons)


def not_at_rest(spec: Cluster, state: ClusterState, besides: Collection[str] = frozenset()) -> str | None:
    """Why the cluster is not whole and at rest, and what would put it right: one sentence. None if it is."""
    return next(
        (reason for _, _, part in _PARTS for reason in part(spec, state, besides)),
        None,
    )


def _hosts(spec: Cluster, state: ClusterState, besides: Collection[str]) -> Iterator[str]:
    for name in spec.hosts:
        answer = state.hosts.get(name, Unknown("was not asked"))
        if name not in besides and isinstance(answer, Unknown):
            yield f"{name} {answer.reason.rstrip('.')}: bring it back, or mend the inventory."


def _balancers(spec: Cluster, state: ClusterState, besides: Collection[str]) -> Iterator[str]:
    for name in spec.names(Role.HAPROXY):
        if name in besides:
            continue
        node = state.haproxy.get(name, Unknown("was not asked"))
        if reason := why_not_serving(name, node) or not_open(name, node):
            yield f"{reason}."
        if not isinstance(node, ProxyNode):
            continue
        for server in node.servers:
            if server.name in besides or server.serves or empty_slot(server):
                continue
            found = f"{server.name} is {state_of(server)} in {server.backend} on {name}"
            yield f"{found}{_way_back(state, server)}."
    writers = {name: writer for name, writer in writers_of(state.haproxy).items() if name not in besides}
    if spec.haproxy.single_writer and len(set(writers.values())) > 1:
        said = ", ".join(f"{name} sends to {writer}" for name, writer in writers.items())
        yield f"the balancers do not agree on the database's writer ({said}): `hatui switchover writer` settles it."
    if spec.haproxy.single_writer and (reason := why_not_shared(state.haproxy)):
        yield f"{reason}."


def _way_back(state: ClusterState, server: ProxyServer) -> str:
    """What brings a server back that gets no sessions: what was done by hand is undone; else its own reason counts."""
    if back := way_out(server):
        return f": {back}"
    node = state.galera.get(server.name) if server.backend == GALERA_BACKEND else None
    if isinstance(node, GaleraNode) and node.refuses:
        return f": {node.refuses}; put that right on {server.name}"
    return f" ({server.check}): see why on {server.name}"


def _vip(spec: Cluster, state: ClusterState, besides: Collection[str]) -> Iterator[str]:
    vip = spec.keepalived.vip
    # Who holds the VIP counts in any case: two owners are a trouble of both.
    counted = {
        name: node
        for name, node in _asked(state.vrrp, spec.names(Role.HAPROXY)).items()
        if name not in besides or (isinstance(node, VipNode) and vip in node.held)
    }
    if reason := not_one_owner(counted, vip):
        yield _with(reason, f": see `journalctl -u keepalived` on {', '.join(counted)}")


def _database(spec: Cluster, state: ClusterState, besides: Collection[str]) -> Iterator[str]:
    names = spec.names(Role.GALERA)
    nodes = {name: node for name, node in _asked(state.galera, names).items() if name not in besides}
    members = galera.members(spec)
    sizes = range(len(members - set(besides)), len(members) + 1)
    first = next(iter(nodes.values()), None)
    seen = first.size if first is not None and not isinstance(first, Unknown) else 0
    # A host that is left out may be a member or not, but all others have to see the same.
    if reason := galera.incomplete(nodes, seen if seen in sizes else sizes[-1]):
        yield f"the database is not complete: {reason} (`hatui recover galera` if it does not come back by itself)."


def _brokers(spec: Cluster, state: ClusterState, besides: Collection[str]) -> Iterator[str]:
    nodes = _asked(state.rabbitmq, spec.names(Role.CONTROLLER))
    if reason := rabbitmq.incomplete(nodes, besides):
        hint = " (`hatui recover rabbitmq` if it does not come back by itself)"
        yield f"the message queue is not complete: {_with(reason, hint)}"


def _membership(spec: Cluster, state: ClusterState, besides: Collection[str]) -> Iterator[str]:
    names = [name for name in spec.names(Role.CONTROLLER) if name not in besides]
    for name, node in _asked(state.corosync, names).items():
        if isinstance(node, Unknown):
            yield f"Corosync on {name}: {node.reason}."
        elif isinstance(node, QuorumNode) and (not node.running or not node.quorate):
            yield f"{name} is in no Corosync membership with quorum: start it, or see `journalctl -u corosync` there."
        elif isinstance(node, QuorumNode) and (missing := [other for other in names if other not in node.members]):
            yield f"Corosync on {name} does not see {', '.join(missing)}: look at the network between them."


def _resources(spec: Cluster, state: ClusterState, besides: Collection[str]) -> Iterator[str]:
    nodes = _asked(state.pacemaker, spec.names(Role.CONTROLLER))
    counted = {name: node for name, node in nodes.items() if name not in besides}
    if reason := pacemaker.may_configure(counted):
        yield f"Pacemaker is not complete: {reason}."
    view = pacemaker.view_of(counted)
    if view is None:
        return
    if view.maintenance_mode:
        yield "Pacemaker is in maintenance mode (no failover): `crm configure property maintenance-mode=false`."
    if view.stop_all:
        yield f"{pacemaker.STOP_ALL}."
    for member in view.nodes:
        if member.name not in besides and (reason := _away(member)):
            yield reason
    if view.bans:
        yield f"constraints are left of a move ({', '.join(view.bans)}): `crm resource clear RESOURCE` takes them away."
    for what in view.unread:
        yield f"{what} could not be read in Pacemaker's answer: see `crm_mon -1`."
    yield from _failed(view, besides)


def _away(member: CrmNode) -> str | None:
    """What keeps a node of Pacemaker from running resources. A remote node is a resource itself, and has no vote."""
    name = member.name
    if member.unclean:
        return f"{name} is unclean in Pacemaker, to be fenced: see `crm status`."
    if member.kind != "member":
        return None
    if member.standby_onfail:
        return f"{name} is in standby in Pacemaker since something failed there: mend it, then `crm resource cleanup`."
    if member.standby:
        return f"{name} is in standby in Pacemaker: `hatui undrain {name}` brings it back."
    if member.maintenance:
        return f"{name} is in maintenance in Pacemaker: `crm node ready {name}` ends it."
    if member.shutdown:
        return f"{name} is shutting down in Pacemaker: start it again, see `crm status` there."
    if member.pending or not member.online:
        return f"{name} is not (yet) online in Pacemaker: see `crm status` there."
    return f"{name} is in red health in Pacemaker: see its health attributes." if member.health == "red" else None


def _failed(view: CrmStatus, besides: Collection[str]) -> Iterator[str]:
    for failure in view.failures:
        if failure.node not in besides:
            yield (
                f"{failure.operation} failed on {failure.node} ({failure.reason}): mend it, then "
                "`crm resource cleanup`."
            )
    for trouble in unsettled(view):
        yield f"the resource {trouble}: mend it, then `crm resource cleanup {trouble.resource}`."


def _controller_vip(spec: Cluster, state: ClusterState, besides: Collection[str]) -> Iterator[str]:
    vip = spec.pacemaker.vip
    nodes = _asked(state.controller_vip, spec.names(Role.CONTROLLER))
    for name, node in nodes.items():
        if isinstance(node, Unknown) and name not in besides:
            yield f"{name} can't be asked whether it holds {vip}: {node.reason}."
    found = owners(nodes, vip)
    if len(found) != 1:
        yield f"{vip} has {len(found)} owners ({', '.join(found) or 'no host holds it'}): see `crm status`."
    elif reason := no_carrier(nodes, found[0], vip):
        yield f"{reason}: look at its cable, or at the switch."


def _with(reason: str, hint: str) -> str:
    """The reason as a sentence, with `hint` unless it says itself what to do."""
    return f"{reason}." if isinstance(reason, Advised) else f"{reason}{hint}."


def _asked(nodes: Mapping[str, Seen | Unknown], names: Collection[str]) -> dict[str, Seen | Unknown]:
    """Every host of `names`; one that is missing in a snapshot was not asked."""
    return {name: nodes.get(name, Unknown("was not asked")) for name in names}


_PARTS = (
    ("hosts", count.hosts, _hosts),
    ("balancers", count.balancers, _balancers),
    ("VIP", count.vip, _vip),
    ("database", count.database, _database),
    ("queue", count.queue, _brokers),
    ("membership", count.membership, _membership),
    ("resources", count.resources, _resources),
    ("controllers' VIP", count.controller_vip, _controller_vip),
)
