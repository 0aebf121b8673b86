"""The membership of a cluster: who sees whom, and whether there is a quorum."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.corosync.record import QuorumNode
from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.spec import Cluster
from cluster.stacks import CONTROLLERS, Stack
from cluster.state import Unknown

QuorumNodes = Mapping[str, QuorumNode | Unknown]


def corosync_health(_: Cluster, nodes: QuorumNodes, stack: Stack = CONTROLLERS) -> LayerHealth:
    """Membership and quorum."""

    def judge(name: str, node: QuorumNode) -> tuple[HostHealth, list[Finding]]:
        if not node.running:
            return stopped(name, down(node.service))
        if not node.quorate:
            return stopped(name, f"no quorum: {node.votes} of {node.expected} votes")
        mine = service_findings(name, node.service)
        if len(node.members) != len(nodes):
            mine.append(Finding(Verdict.WARN, f"{name} sees {len(node.members)} of {len(nodes)} members"))
        elif node.votes < node.expected:
            mine.append(Finding(Verdict.WARN, f"{name} counts {node.votes} of {node.expected} votes with all members"))
        mine += _rings(name, node)
        shows = f"quorate, {node.votes} of {node.expected} votes"
        return HostHealth(name, worst(finding.verdict for finding in mine), shows), mine

    hosts, findings = judged(nodes, judge)
    quorate = sum(isinstance(node, QuorumNode) and node.quorate for node in nodes.values())
    if nodes and not quorate:
        unknown = any(isinstance(node, Unknown) for node in nodes.values())
        verdict = Verdict.UNKNOWN if unknown else Verdict.FAIL
        findings.append(Finding(verdict, f"0 of {len(nodes)} {stack.title} are seen to be quorate"))
    healthy = f"{quorate} of {len(nodes)} {stack.title} are quorate"
    return layer_health(stack.quorum.name, hosts, findings, healthy=healthy)


def _rings(name: str, node: QuorumNode) -> list[Finding]:
    """The networks that are lost, of which the membership needs one."""
    found = [f"ring {ring.number} ({ring.address}) is faulty on {name}" for ring in node.rings if ring.faulty]
    found += [f"ring {ring.number} is lost from {name} to {', '.join(ring.lost)}" for ring in node.rings if ring.lost]
    return [Finding(Verdict.WARN, reason) for reason in found]
