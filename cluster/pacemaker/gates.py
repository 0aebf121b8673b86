"""A cluster of Pacemaker: when its configuration may be written, a member may go, and a resource may move."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.corosync.record import QuorumNode
from cluster.pacemaker.record import CrmNode, CrmResource, CrmStatus
from cluster.pacemaker.resources import Kind, troubles, unsettled
from cluster.state import Unknown

NO_QUORUM = "no host is in a cluster with quorum"
STOP_ALL = "stop-all-resources is true: Pacemaker runs nothing (`crm configure property stop-all-resources=false`)"


def may_configure(nodes: Mapping[str, CrmStatus | Unknown]) -> str | None:
    """Why the CIB must not be written now, or None: every host is to be online in one cluster with quorum.

    Two halves that do not see each other would get a VIP each, and once fencing is on, a host that was never seen
    would be fenced.
    """
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            return f"{name} {node.reason}"
        if not node.running:
            return f"{name}: Pacemaker does not run"
        if not node.quorate:
            return f"{name} is in no cluster with quorum"
        online = {member.name for member in members(node) if member.online and not member.pending}
        if missing := [other for other in nodes if other not in online]:
            return f"{name} does not see {', '.join(missing)} online"
    if len({node.dc for node in nodes.values() if isinstance(node, CrmStatus)}) > 1:
        return "its hosts do not agree on the DC"
    return None


def is_settled(status: CrmStatus | Unknown) -> str | None:
    """What does not run yet as it should, or None. A fencing device that runs has been asked for its host's status.

    What was set so by hand is as it should be.
    """
    if isinstance(status, Unknown):
        return status.reason
    if status.stop_all:
        return STOP_ALL
    if status.failures:
        said = (f"{failure.operation} on {failure.node}: {failure.reason}" for failure in status.failures)
        return "; ".join(said)
    return ", ".join(map(str, unsettled(status))) or None


def may_reload(nodes: Mapping[str, QuorumNode | Unknown]) -> str | None:
    """Why Corosync must not take new settings over now, or None: every member has to be there to take them too."""
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            return f"{name} {node.reason}"
        if not node.running or not node.quorate:
            return f"{name} is not in a membership with quorum"
        if len(node.members) != len(nodes):
            return f"{name} sees {len(node.members)} of {len(nodes)} members"
    return None


def view_of(nodes: Mapping[str, CrmStatus | Unknown]) -> CrmStatus | None:
    """What the cluster says of itself: the view of its DC, else of any member that has quorum; None without any."""
    views = {
        name: node for name, node in nodes.items() if isinstance(node, CrmStatus) and node.running and node.quorate
    }
    return next((node for name, node in views.items() if node.dc == name), next(iter(views.values()), None))


def members(view: CrmStatus) -> list[CrmNode]:
    """The nodes that have a vote; remote and guest nodes are resources of theirs."""
    return [node for node in view.nodes if node.kind == "member"]


def vip_resources(view: CrmStatus, vip: str) -> list[CrmResource]:
    """The resource that has the address `vip`; where the addresses were not told, all that may have it."""
    addresses = [one for one in view.resources if one.agent.endswith(":IPaddr2")]
    return [one for one in addresses if one.address == vip] or [one for one in addresses if one.address is None]


def may_stand_by(nodes: Mapping[str, CrmStatus | Unknown], host: str) -> str | None:
    """Why `host` must not go into standby, or None: all others are online, and nothing is failed."""
    view = view_of(nodes)
    if view is None:
        return NO_QUORUM
    if view.maintenance_mode:
        return "the cluster is in maintenance mode: nothing would move away"
    for member in members(view):
        if member.name != host and (reason := can_not_run(view, member.name)):
            return f"{host} does not go: {reason}"
    if view.stop_all:
        return f"{host} does not go: {STOP_ALL}"
    if amiss := [str(one) for one in troubles(view) if one.broken and one.kind is not Kind.NOWHERE]:
        return f"{host} does not go: {', '.join(amiss)}"
    stuck = [one.id for one in view.resources if host in one.nodes and one.active and not one.managed]
    return f"{host} does not go: {', '.join(stuck)} would stay, not managed by Pacemaker" if stuck else None


def may_move(nodes: Mapping[str, CrmStatus | Unknown], resource: str, host: str) -> str | None:
    """Why Pacemaker can't be asked to run `resource` on `host`, or None if it may."""
    view = view_of(nodes)
    if view is None:
        return NO_QUORUM
    known = {one.id: one for one in view.resources}
    if resource not in known:
        return f"there is no resource {resource} (there are {', '.join(sorted(known)) or 'none'})"
    if view.stop_all:
        return STOP_ALL
    one = known[resource]
    if one.common:
        return f"{resource} has an instance on more than one node: there is no one place to move it from"
    if view.maintenance_mode or not one.managed:
        return f"{resource} is not managed: Pacemaker would not move it"
    if one.failed or one.blocked:
        return f"{resource} failed: look at it first (`crm_mon`), then `crm_resource --cleanup -r {resource}`"
    if one.target_role == "stopped":
        return f"{resource} is disabled by hand: `crm resource start {resource}` enables it"
    if not one.active:
        return f"{resource} runs nowhere"
    if one.agent.startswith("stonith:") and resource == f"fence-{host}":
        return f"{host} can't run the device that fences it"
    return can_not_run(view, host)


def can_not_run(view: CrmStatus, host: str) -> str | None:
    """Why `host` can run no resources, or None if it can."""
    member = next((one for one in members(view) if one.name == host), None)
    if member is None:
        return f"{host} is no member of the cluster"
    for word, so in (
        ("unclean", member.unclean),
        ("offline", not member.online),
        ("still joining", member.pending),
        ("shutting down", member.shutdown),
        ("in standby since something failed there (on-fail=standby)", member.standby_onfail),
        (f"in standby (`hatui undrain {host}`)", member.standby),
        ("in maintenance", member.maintenance),
        ("in red health", member.health == "red"),
    ):
        if so:
            return f"{host} is {word}"
    return None


def not_left(nodes: Mapping[str, CrmStatus | Unknown], host: str) -> str | None:
    """Why `host` is not in standby with nothing running on it, or None if so."""
    view = view_of(nodes)
    if view is None:
        return NO_QUORUM
    if not in_standby(view, host):
        return f"{host} is not in standby"
    here = dict.fromkeys(one.id for one in view.resources if host in one.nodes)
    return f"{host} still runs {', '.join(here)}" if here else is_settled(view)


def in_standby(view: CrmStatus, host: str) -> bool:
    """Whether `host` takes no resources, because it was told so or is not there."""
    member = next((one for one in members(view) if one.name == host), None)
    return member is not None and (member.standby or not member.online)


def not_online(nodes: Mapping[str, CrmStatus | Unknown], host: str) -> str | None:
    """Why `host` can't run resources yet, or why what runs is not as it should be; None if all is well."""
    view = view_of(nodes)
    if view is None:
        return NO_QUORUM
    return can_not_run(view, host) or is_settled(view)
