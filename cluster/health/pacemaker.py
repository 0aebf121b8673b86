"""The controllers: Corosync's membership and quorum, Pacemaker's resources and fencing, and their VIP."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.gates.pacemaker import view_of
from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.health.vip import Nodes as VipNodes
from cluster.health.vip import holders, vip_findings
from cluster.spec import Cluster
from cluster.state import CrmStatus, QuorumNode, ServiceState, Unknown, VipNode, runs

QuorumNodes = Mapping[str, QuorumNode | Unknown]
CrmNodes = Mapping[str, CrmStatus | Unknown]


def corosync_health(_: Cluster, nodes: QuorumNodes) -> LayerHealth:
    """Membership and quorum."""

    def judge(name: str, node: QuorumNode) -> tuple[HostHealth, list[Finding]]:
        if not node.running:
            return stopped(name, _silent(node.service, "corosync"))
        if not node.quorate:
            return stopped(name, f"no quorum: {node.votes} of {node.expected} votes")
        mine = service_findings(name, node.service)
        if len(node.members) != len(nodes):
            mine.append(Finding(Verdict.WARN, f"{name} sees {len(node.members)} of {len(nodes)} members"))
        shows = f"quorate, {node.votes} of {node.expected} votes"
        return HostHealth(name, worst(finding.verdict for finding in mine), shows), mine

    hosts, findings = judged(nodes, judge)
    quorate = sum(isinstance(node, QuorumNode) and node.quorate for node in nodes.values())
    if nodes and not quorate:
        unknown = any(isinstance(node, Unknown) for node in nodes.values())
        verdict = Verdict.UNKNOWN if unknown else Verdict.FAIL
        findings.append(Finding(verdict, f"0 of {len(nodes)} controllers are seen to be quorate"))
    return layer_health("corosync", hosts, findings, healthy=f"{quorate} of {len(nodes)} controllers are quorate")


def _silent(service: ServiceState | None, program: str) -> str:
    return f"{program} runs and does not answer" if runs(service) else down(service)


def pacemaker_health(spec: Cluster, nodes: CrmNodes, vips: VipNodes) -> LayerHealth:
    """Resources, fencing and the controllers' VIP, as the members of the quorate partition see them."""

    def judge(name: str, node: CrmStatus) -> tuple[HostHealth, list[Finding]]:
        if not node.running:
            return stopped(name, _silent(node.service, "pacemaker"))
        mine = service_findings(name, node.service)
        return _of_member(spec, name, node, vips, degraded=bool(mine)), mine

    hosts, findings = judged(nodes, judge)
    view = view_of(nodes)
    findings += vip_findings(vips, spec.pacemaker.vip, _way_out(vips, spec.pacemaker.vip, view))
    if view is None:
        if not any(isinstance(node, Unknown) for node in nodes.values()):
            findings.append(Finding(Verdict.FAIL, f"none of {len(nodes)} controllers is in a cluster with quorum"))
    else:
        findings += [*_members(view), *_resources(view), *_fencing(spec, view)]
    owner = ", ".join(holders(vips, spec.pacemaker.vip))
    resources = len(view.resources) if view else 0
    healthy = f"{resources} resources run, every controller is fenced, {spec.pacemaker.vip} is on {owner}"
    return layer_health("pacemaker", hosts, findings, healthy=healthy)


def _way_out(vips: VipNodes, vip: str, view: CrmStatus | None) -> str:
    """Of a split VIP of the controllers: it is taken from where Pacemaker does not have it."""
    owners = {name: node.held[vip] for name, node in vips.items() if isinstance(node, VipNode) and vip in node.held}
    run_on = {name for one in view.resources if one.agent.endswith(":IPaddr2") for name in one.nodes} if view else set()
    others = {name: interface for name, interface in owners.items() if name not in run_on}
    if view is None or len(owners) != len(others) + 1:
        return "Look at `crm_mon -1` on each, and at the network between them: it must go from all but one of them"
    commands = ", ".join(f"`ip addr flush dev {interface} to {vip}` on {name}" for name, interface in others.items())
    return f"Pacemaker has it on {next(name for name in owners if name in run_on)}. To end it: {commands}"


def _of_member(spec: Cluster, name: str, node: CrmStatus, vips: VipNodes, *, degraded: bool) -> HostHealth:
    parts = ["DC"] if node.dc == name else []
    mine = next((member for member in node.nodes if member.name == name), None)
    verdict = Verdict.WARN if degraded else Verdict.OK
    if not node.quorate:
        parts.append("no quorum")
        verdict = Verdict.FAIL
    if mine is None or not mine.online:
        parts.append("not online")
        verdict = Verdict.FAIL
    elif mine.standby or mine.maintenance:
        parts.append("standby" if mine.standby else "maintenance")
        verdict = Verdict.WARN
    else:
        parts.append("online")
    held = vips.get(name)
    if not isinstance(held, Unknown) and held is not None and spec.pacemaker.vip in held.held:
        parts.append(f"owner of {spec.pacemaker.vip}")
    runs_here = sorted(resource.id for resource in node.resources if name in resource.nodes)
    return HostHealth(name, verdict, ", ".join(parts + runs_here))


def _members(view: CrmStatus) -> list[Finding]:
    found = []
    if view.maintenance_mode:
        found.append(Finding(Verdict.WARN, "the cluster is in maintenance mode: nothing is failed over"))
    for node in view.nodes:
        said = [
            word
            for word, so in (
                ("unclean, to be fenced", node.unclean),
                ("offline", not node.online and not node.unclean),
                ("joining", node.pending),
                (f"in standby (`hatui undrain {node.name}` ends it)", node.standby),
                ("in maintenance", node.maintenance),
            )
            if so
        ]
        if said:
            found.append(Finding(Verdict.WARN, f"{node.name} is {', '.join(said)}"))
    return found


def _resources(view: CrmStatus) -> list[Finding]:
    found = []
    for resource in view.resources:
        where = ", ".join(resource.nodes)
        if resource.blocked:
            found.append(Finding(Verdict.FAIL, f"{resource.id} is blocked"))
        elif resource.failed:
            found.append(Finding(Verdict.FAIL, f"{resource.id} failed{' on ' + where if where else ''}"))
        elif not resource.active:
            # A fencing device that runs nowhere is told of by _fencing, for its controller.
            if not resource.agent.startswith("stonith:"):
                found.append(Finding(Verdict.FAIL, f"{resource.id} runs nowhere"))
        elif not resource.managed:
            found.append(Finding(Verdict.WARN, f"{resource.id} on {where} is not managed"))
        elif len(resource.nodes) > 1:
            found.append(Finding(Verdict.FAIL, f"{resource.id} runs on {len(resource.nodes)} nodes: {where}"))
        if resource.orphaned:
            found.append(Finding(Verdict.WARN, f"{resource.id} runs and is not configured any more"))
    for failure in view.failures:
        found.append(Finding(Verdict.WARN, f"{failure.operation} failed on {failure.node}: {failure.reason}"))
    if view.bans:
        found.append(Finding(Verdict.WARN, f"{len(view.bans)} constraints are left of a move: {', '.join(view.bans)}"))
    return found


def _fencing(spec: Cluster, view: CrmStatus) -> list[Finding]:
    if not view.stonith_enabled:
        return [Finding(Verdict.WARN, "unfenced: stonith-enabled is false, so a frozen controller can own the VIP too")]
    devices = [resource for resource in view.resources if resource.agent.startswith("stonith:")]
    if not devices:
        return [Finding(Verdict.WARN, "unfenced: there is no fencing device")]
    found = [
        Finding(Verdict.WARN, f"unfenced: the fencing device {device.id} runs nowhere")
        for device in devices
        if not device.active
    ]
    missing = [node.name for node in view.nodes if node.name not in spec.pacemaker.fencing]
    if missing:
        found.append(Finding(Verdict.WARN, f"unfenced: the inventory has no fencing device for {', '.join(missing)}"))
    found += [
        Finding(Verdict.WARN, f"fencing of {event.target} failed ({event.action}, {event.completed})")
        for event in view.fencing[:1]
        if event.status == "failed"
    ]
    return found
