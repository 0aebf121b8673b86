"""When a cluster's resources are steady: all run where they may, nothing has failed, one owner of the VIP."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cluster.condition import asked, counted, known_of
from cluster.keepalived.gates import no_carrier
from cluster.layer import Condition
from cluster.pacemaker.gates import STOP_ALL, can_not_run, may_configure, view_of
from cluster.pacemaker.record import CONTROLLERS_VIP, CrmNode, CrmStatus
from cluster.pacemaker.resources import unsettled
from cluster.spec import Cluster, Role
from cluster.stacks import Stack
from cluster.state import ClusterState, Unknown
from cluster.vip import VipNode, owners


def steady(stack: Stack) -> tuple[Condition, ...]:
    """Of one of the clusters: its resources and, where it has one, its VIP."""
    resources = Condition(
        f"{stack.prefix}resources".replace("_", " "),
        lambda spec, state: _count(stack, spec, state),
        lambda spec, state, excluding: _against(stack, spec, state, excluding),
    )
    return (resources, *((Condition("controllers' VIP", _count_owners, _against_owners),) if stack.has_vip else ()))


def _count(stack: Stack, spec: Cluster, state: ClusterState) -> tuple[str, str]:
    """Hosts that can run resources, what failed, and constraints that are left of a move or a ban."""
    names = stack.names(spec)
    need = f"{len(names)} online, 0 failed, 0 bans"
    known = known_of(state[stack.crm], names, CrmStatus)
    view = view_of(known)
    if view is None:
        return need, "0 online"
    online = sum(can_not_run(view, name) is None for name in names)
    failed = len(view.failures) + len(unsettled(view))
    return need, f"{online} online, {failed} failed, {counted(len(view.bans), 'ban')}"


def _against(stack: Stack, spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
    nodes = asked(state[stack.crm], stack.names(spec))
    counted = {name: node for name, node in nodes.items() if name not in excluding}
    if reason := may_configure(counted):
        yield f"Pacemaker is not complete: {reason}."
    view = view_of(counted)
    if view is None:
        return
    if view.maintenance_mode:
        yield "Pacemaker is in maintenance mode (no failover): `crm configure property maintenance-mode=false`."
    if view.stop_all:
        yield f"{STOP_ALL}."
    for member in view.nodes:
        if member.name not in excluding and (reason := _away(member)):
            yield reason
    if view.bans:
        yield f"constraints are left of a move ({', '.join(view.bans)}): `crm resource clear RESOURCE` takes them away."
    for what in view.unread:
        yield f"{what} could not be read in Pacemaker's answer: see `crm_mon -1`."
    yield from _failed(view, excluding)


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


def _failed(view: CrmStatus, excluding: Collection[str]) -> Iterator[str]:
    for failure in view.failures:
        if failure.node not in excluding:
            yield (
                f"{failure.operation} failed on {failure.node} ({failure.reason}): mend it, then "
                "`crm resource cleanup`."
            )
    for trouble in unsettled(view):
        yield f"the resource {trouble}: mend it, then `crm resource cleanup {trouble.resource}`."


def _count_owners(spec: Cluster, state: ClusterState) -> tuple[str, str]:
    """Owners of the controllers' VIP, and controllers that answer whether they hold it."""
    names = spec.names(Role.CONTROLLER)
    known = known_of(state[CONTROLLERS_VIP], names, VipNode)
    owned = counted(len(owners(known, spec.pacemaker.vip)), "owner")
    return f"1 owner, {len(names)} answer", f"{owned}, {len(known)} answer"


def _against_owners(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
    vip = spec.pacemaker.vip
    nodes = asked(state[CONTROLLERS_VIP], spec.names(Role.CONTROLLER))
    for name, node in nodes.items():
        if isinstance(node, Unknown) and name not in excluding:
            yield f"{name} can't be asked whether it holds {vip}: {node.reason}."
    found = owners(nodes, vip)
    if len(found) != 1:
        yield f"{vip} has {len(found)} owners ({', '.join(found) or 'no host holds it'}): see `crm status`."
    elif reason := no_carrier(nodes, found[0], vip):
        yield f"{reason}: look at its cable, or at the switch."
