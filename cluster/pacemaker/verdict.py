"""A cluster of Pacemaker: its resources and fencing, and the VIP that it keeps."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.keepalived.verdict import Nodes as VipNodes
from cluster.keepalived.verdict import vip_findings
from cluster.pacemaker.gates import STOP_ALL, members, view_of, vip_resources
from cluster.pacemaker.record import CrmNode, CrmStatus
from cluster.pacemaker.resources import Kind, groups, moving, troubles
from cluster.spec import Cluster
from cluster.stacks import CONTROLLERS, Stack
from cluster.state import Unknown
from cluster.vip import VipNode, owners

CrmNodes = Mapping[str, CrmStatus | Unknown]


def pacemaker_health(spec: Cluster, nodes: CrmNodes, vips: VipNodes, stack: Stack = CONTROLLERS) -> LayerHealth:
    """Resources, fencing and the VIP, as the members of the quorate partition see them."""
    vip = stack.vip(spec)

    def judge(name: str, node: CrmStatus) -> tuple[HostHealth, list[Finding]]:
        if not node.running:
            return stopped(name, down(node.service))
        mine = service_findings(name, node.service)
        held = vips.get(name)
        owns = vip if isinstance(held, VipNode) and vip in held.held else ""
        return _of_member(name, (node, view or node), owns, degraded=bool(mine)), mine

    view = view_of(nodes)
    hosts, findings = judged(nodes, judge)
    unread = dict.fromkeys(what for node in nodes.values() if isinstance(node, CrmStatus) for what in node.unread)
    if vip:
        findings += vip_findings(vips, vip, _way_out(vips, vip, view))
    if view is None:
        if not unread and not any(isinstance(node, Unknown) for node in nodes.values()):
            findings.append(Finding(Verdict.FAIL, f"none of {len(nodes)} {stack.title} is in a cluster with quorum"))
    else:
        findings += [*_members(view), *_resources(view), *_fencing(spec, view)]
        findings += _elsewhere(vips, vip, view) if vip else []
    findings += [Finding(Verdict.UNKNOWN, f"{what} could not be read in Pacemaker's answer") for what in unread]
    resources = sum(bool(group.active) for group in groups(view.resources)) if view else 0
    healthy = f"{resources} resources run, all {stack.title} are fenced"
    if vip:
        healthy += f", {vip} is on {', '.join(owners(vips, vip))}"
    return layer_health(stack.crm.name, hosts, findings, healthy=healthy)


def _way_out(vips: VipNodes, vip: str, view: CrmStatus | None) -> str:
    """Of a split VIP: it is taken from where Pacemaker does not have it."""
    held = {name: node.held[vip] for name, node in vips.items() if isinstance(node, VipNode) and vip in node.held}
    mine = vip_resources(view, vip) if view else []
    run_on = [name for one in mine for name in one.nodes] if len({one.id for one in mine}) == 1 else []
    others = {name: interface for name, interface in held.items() if name not in run_on}
    if len(held) == len(others) + 1:
        commands = ", ".join(
            f"`ip addr flush dev {interface} to {vip}` on {name}" for name, interface in others.items()
        )
        return f"Pacemaker has it on {next(name for name in held if name not in others)}. To end it: {commands}"
    if run_on:
        return f"Pacemaker has it on {', '.join(run_on)}: it must go from the others"
    return "Look at `crm_mon -1` on each, and at the network between them: it must go from all but one of them"


def _elsewhere(vips: VipNodes, vip: str, view: CrmStatus) -> list[Finding]:
    """A VIP that is on one host, where Pacemaker does not run it: nothing watches it there, and nothing moves it."""
    holders, mine = owners(vips, vip), vip_resources(view, vip)
    run_on = dict.fromkeys(name for one in mine for name in one.nodes)
    if len(holders) != 1 or holders[0] in run_on or any(map(moving, mine)):
        return []
    where = f"has it on {' or '.join(run_on)}" if run_on else "runs it nowhere"
    return [Finding(Verdict.WARN, f"{vip} is on {holders[0]}, and Pacemaker {where}")]


def _of_member(name: str, views: tuple[CrmStatus, CrmStatus], owns: str, *, degraded: bool) -> HostHealth:
    """A host as it sees itself and as the cluster does: what is worse counts. `owns`: the VIP, where it has it."""
    node = views[0]
    parts = ["DC"] if node.dc == name else []
    verdict = Verdict.WARN if degraded else Verdict.OK
    if not node.quorate:
        parts.append("no quorum" if not node.unread else "its quorum is not known")
        verdict = Verdict.FAIL if not node.unread else Verdict.UNKNOWN
    seen = [_doing(next((one for one in members(view) if one.name == name), None)) for view in views]
    how, said = max(seen, key=lambda one: _HOW_BAD.index(one[0]))
    parts.append(said)
    verdict = worst([verdict, how])
    if owns:
        parts.append(f"owner of {owns}")
    runs_here = sorted({resource.id for resource in node.resources if name in resource.nodes})
    return HostHealth(name, verdict, ", ".join(parts + runs_here))


_HOW_BAD = (Verdict.OK, Verdict.WARN, Verdict.FAIL)
"""What `_doing` says, the worst last."""


def _doing(node: CrmNode | None) -> tuple[Verdict, str]:
    """What a host does as a node of the cluster, and how that is judged for itself."""
    if node is None:
        return Verdict.FAIL, "not online"
    for verdict, word, so in (
        (Verdict.FAIL, "unclean, to be fenced", node.unclean),
        (Verdict.FAIL, "not online", not node.online),
        (Verdict.WARN, "shutting down", node.shutdown),
        (Verdict.WARN, "joining", node.pending),
        (Verdict.WARN, "standby", node.standby),
        (Verdict.WARN, "maintenance", node.maintenance),
        (Verdict.WARN, f"{node.health} health", node.health != "green"),
    ):
        if so:
            return verdict, word
    return Verdict.OK, "online"


def _members(view: CrmStatus) -> list[Finding]:
    found = []
    if view.maintenance_mode:
        found.append(Finding(Verdict.WARN, "the cluster is in maintenance mode: nothing is failed over"))
    if view.stop_all:
        found.append(Finding(Verdict.FAIL, STOP_ALL))
    # A remote node that was disabled by hand is told of as its resource.
    disabled = {one.id for one in view.resources if one.target_role == "stopped"}
    for node in view.nodes:
        # That a guest is away is told of as its resource.
        offline = not node.online and not node.unclean and not node.guest_of and node.name not in disabled
        said = [
            word
            for word, so in (
                ("unclean, to be fenced", node.unclean),
                ("offline", offline),
                ("joining", node.pending),
                ("shutting down", node.shutdown and node.online),
                (f"in standby ({_back(node)} ends it)", node.standby and not node.standby_onfail),
                ("in standby since something failed there (on-fail=standby)", node.standby_onfail),
                ("in maintenance", node.maintenance),
                (f"in {node.health} health", node.health != "green"),
            )
            if so
        ]
        if said:
            name = node.name if node.kind == "member" else f"the remote node {node.name}"
            drained = (node.name,) if node.kind == "member" and node.standby and not node.standby_onfail else ()
            found.append(Finding(Verdict.WARN, f"{name} is {', '.join(said)}", node.name, drained))
    return found


def _back(node: CrmNode) -> str:
    return f"`hatui undrain {node.name}`" if node.kind == "member" else f"`crm node online {node.name}`"


def _resources(view: CrmStatus) -> list[Finding]:
    # A fencing device that does not run is told of by _fencing, for its host.
    found = [
        Finding(Verdict.FAIL if trouble.broken else Verdict.WARN, str(trouble))
        for trouble in troubles(view)
        if not (trouble.fencing and trouble.kind in (Kind.NOWHERE, Kind.DISABLED))
    ]
    for failure in view.failures:
        found.append(Finding(Verdict.WARN, f"{failure.operation} failed on {failure.node}: {failure.reason}"))
    if view.bans:
        found.append(Finding(Verdict.WARN, f"{len(view.bans)} constraints are left of a move: {', '.join(view.bans)}"))
    return found


def _fencing(spec: Cluster, view: CrmStatus) -> list[Finding]:
    if not view.stonith_enabled:
        return [Finding(Verdict.WARN, "unfenced: stonith-enabled is false, so a frozen host goes on with what it has")]
    devices = [resource for resource in view.resources if resource.agent.startswith("stonith:")]
    if not devices:
        return [Finding(Verdict.WARN, "unfenced: there is no fencing device")]
    found = [
        Finding(Verdict.WARN, f"unfenced: the fencing device {trouble}")
        for trouble in troubles(view)
        if trouble.fencing and trouble.kind in (Kind.NOWHERE, Kind.DISABLED)
    ]
    # A remote node is fenced by its connection or its host, not by a device of its own.
    missing = [node.name for node in members(view) if node.name not in spec.pacemaker.fencing]
    if missing:
        found.append(Finding(Verdict.WARN, f"unfenced: the inventory has no fencing device for {', '.join(missing)}"))
    latest = {event.target: event for event in reversed(view.fencing)}
    for event in latest.values():
        if event.status == "failed":
            why = f": {event.reason}" if event.reason else ""
            forget = f"; `stonith_admin --cleanup --history={event.target}` forgets it"
            said = f"fencing of {event.target} failed ({event.action}, {event.completed}){why}{forget}"
            found.append(Finding(Verdict.WARN, said))
        elif event.status == "pending":
            found.append(Finding(Verdict.WARN, f"fencing of {event.target} ({event.action}) is under way"))
    return found
