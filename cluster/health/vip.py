"""Who holds a VIP: exactly one host, none, or more than one (split)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.spec import Cluster
from cluster.state import Unknown, VipNode, runs

Nodes = Mapping[str, VipNode | Unknown]


def holders(nodes: Nodes, vip: str) -> list[str]:
    """The hosts on which the VIP is configured."""
    return [name for name, node in nodes.items() if isinstance(node, VipNode) and vip in node.held]


def vip_findings(nodes: Nodes, vip: str, way_out: str) -> list[Finding]:
    """What is wrong with the VIP's owners; `way_out` is what a person does about more than one."""
    owners = holders(nodes, vip)
    if len(owners) > 1:
        return [Finding(Verdict.FAIL, f"{len(owners)} owners of {vip}: {', '.join(owners)} (split). {way_out}")]
    unknown = [name for name, node in nodes.items() if isinstance(node, Unknown)]
    if owners and unknown:
        return [Finding(Verdict.UNKNOWN, f"{vip} is on {owners[0]}; whether on {', '.join(unknown)} too is not known")]
    if owners:
        return []
    if unknown:
        return [Finding(Verdict.UNKNOWN, f"no owner of {vip} is seen, and {', '.join(unknown)} can't be asked")]
    return [Finding(Verdict.FAIL, f"no owner of {vip}: none of {', '.join(nodes)} holds it")]


def keepalived_health(spec: Cluster, nodes: Nodes) -> LayerHealth:
    """The VIP of the load balancers."""
    vip = spec.keepalived.vip
    owners = holders(nodes, vip)

    def judge(name: str, node: VipNode) -> tuple[HostHealth, list[Finding]]:
        role = f"owner of {vip} on {node.held[vip]}" if name in owners else "drained" if node.away else "backup"
        if not runs(node.keepalived):
            return stopped(name, f"{down(node.keepalived)}; {role}" if name in owners else down(node.keepalived))
        mine = service_findings(name, node.keepalived)
        if node.away:
            why = f"{name} was told to give {vip} up (`hatui undrain {name}` lets it take it again)"
            mine.append(Finding(Verdict.WARN, why))
        split = Verdict.FAIL if name in owners and len(owners) > 1 else Verdict.OK
        return HostHealth(name, worst([split, *(finding.verdict for finding in mine)]), role), mine

    hosts, findings = judged(nodes, judge)
    findings += vip_findings(nodes, vip, _way_out(spec, owners))
    return layer_health("keepalived", hosts, findings, healthy=f"{vip} is on {', '.join(owners)}")


def _way_out(spec: Cluster, owners: Sequence[str]) -> str:
    """Of a split VIP of the balancers: the owner of the highest priority keeps it, as it would if they heard of it."""
    ordered = sorted(owners, key=lambda name: spec.keepalived.priorities.get(name, 0), reverse=True)
    return (
        f"They do not hear each other. To end it: `systemctl stop keepalived` on {', '.join(ordered[1:])}; mend the "
        "network between them, then start it again"
    )
