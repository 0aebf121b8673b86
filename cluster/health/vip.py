"""Who holds a VIP: exactly one host, none, or more than one (split)."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.health.services import down, runs, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health
from cluster.spec import Cluster
from cluster.state import Unknown, VipNode

Nodes = Mapping[str, VipNode | Unknown]


def holders(nodes: Nodes, vip: str) -> list[str]:
    """The hosts on which the VIP is configured."""
    return [name for name, node in nodes.items() if isinstance(node, VipNode) and vip in node.held]


def vip_findings(nodes: Nodes, vip: str) -> list[Finding]:
    """What is wrong with the VIP's owners."""
    owners = holders(nodes, vip)
    if len(owners) > 1:
        reason = f"{len(owners)} owners of {vip}: {', '.join(owners)} (split: look at the network between them)"
        return [Finding(Verdict.FAIL, reason)]
    if owners:
        return []
    unknown = [name for name, node in nodes.items() if isinstance(node, Unknown)]
    if unknown:
        return [Finding(Verdict.UNKNOWN, f"no owner of {vip} is seen, and {', '.join(unknown)} can't be asked")]
    return [Finding(Verdict.FAIL, f"no owner of {vip}: none of {', '.join(nodes)} holds it")]


def keepalived_health(spec: Cluster, nodes: Nodes) -> LayerHealth:
    """The VIP of the load balancers."""
    vip = spec.keepalived.vip
    findings = vip_findings(nodes, vip)
    hosts = []
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            findings.append(Finding(Verdict.UNKNOWN, f"{name} {node.reason}"))
            hosts.append(HostHealth(name, Verdict.UNKNOWN, node.reason))
            continue
        mine = service_findings(name, node.keepalived)
        owns = vip in node.held
        shows = f"owner of {vip} on {node.held[vip]}" if owns else "backup"
        verdict = Verdict.WARN if mine else Verdict.OK
        if not runs(node.keepalived):
            held = " and it holds the VIP" if owns else ""
            mine.append(Finding(Verdict.WARN, f"{name}: {down(node.keepalived)}{held}, so it can't take the VIP over"))
            verdict = Verdict.FAIL
            shows = f"{shows}; {down(node.keepalived)}" if owns else down(node.keepalived)
        findings += mine
        hosts.append(HostHealth(name, verdict, shows))
    owners = holders(nodes, vip)
    if len(owners) > 1:
        hosts = [HostHealth(host.host, Verdict.FAIL, host.shows) if host.host in owners else host for host in hosts]
    return layer_health("keepalived", hosts, findings, healthy=f"{vip} is on {', '.join(owners)}")
