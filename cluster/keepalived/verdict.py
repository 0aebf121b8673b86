"""Who holds a VIP: exactly one host, none, or more than one (split)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.health.hosts import judged, stopped
from cluster.health.services import FROZEN, down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.keepalived.gates import no_carrier
from cluster.spec import Cluster
from cluster.state import Unknown, runs
from cluster.vip import VipNode, owners

Nodes = Mapping[str, VipNode | Unknown]


def vip_findings(nodes: Nodes, vip: str, way_out: str) -> list[Finding]:
    """What is wrong with the VIP's owners; `way_out` is what a person does about more than one."""
    holders = owners(nodes, vip)
    if len(holders) > 1:
        return [Finding(Verdict.FAIL, f"{len(holders)} owners of {vip}: {', '.join(holders)} (split). {way_out}")]
    unknown = [name for name, node in nodes.items() if isinstance(node, Unknown)]
    if holders:
        (owner,) = holders
        found = []
        if reason := no_carrier(nodes, owner, vip):
            found.append(Finding(Verdict.FAIL, f"{reason}: no client reaches it. Look at the cable, or at the switch"))
        if unknown:
            also = f"{vip} is on {owner}; whether on {', '.join(unknown)} too is not known"
            found.append(Finding(Verdict.UNKNOWN, also))
        return found
    if unknown:
        return [Finding(Verdict.UNKNOWN, f"no owner of {vip} is seen, and {', '.join(unknown)} can't be asked")]
    return [Finding(Verdict.FAIL, f"no owner of {vip}: none of {', '.join(nodes)} holds it")]


def keepalived_health(spec: Cluster, nodes: Nodes) -> LayerHealth:
    """The VIP of the load balancers."""
    vip = spec.keepalived.vip
    holders = owners(nodes, vip)

    def judge(name: str, node: VipNode) -> tuple[HostHealth, list[Finding]]:
        role = f"owner of {vip} on {node.held[vip]}" if name in holders else "drained" if node.away else "backup"
        if not runs(node.keepalived):
            return _not_running(name, node, role if name in holders else "")
        if node.keepalived is not None and node.keepalived.frozen:
            frozen = f"keepalived is frozen ({FROZEN}): `systemctl restart keepalived` there"
            return stopped(name, f"{frozen}; {role}" if name in holders else frozen)
        mine = service_findings(name, node.keepalived)
        if node.away:
            why = f"{name} was told to give {vip} up (`hatui undrain {name}` lets it take it again)"
            mine.append(Finding(Verdict.WARN, why, drained=(name,)))
        dark = no_carrier(nodes, name, vip) is not None
        bad = Verdict.FAIL if name in holders and (len(holders) > 1 or dark) else Verdict.OK
        shows = f"{role}, a link without carrier" if dark else role
        return HostHealth(name, worst([bad, *(finding.verdict for finding in mine)]), shows), mine

    hosts, findings = judged(nodes, judge)
    findings += vip_findings(nodes, vip, _way_out(spec, nodes, holders))
    return layer_health("keepalived", hosts, findings, healthy=f"{vip} is on {', '.join(holders)}")


def _not_running(name: str, node: VipNode, role: str) -> tuple[HostHealth, list[Finding]]:
    """A host whose unit does not run; where there is no such unit, that is no proof that no keepalived runs."""
    beside = f"; {role}" if role else ""
    unit = node.keepalived
    loose = node.process is True and (unit is None or unit.active in ("inactive", "failed"))
    if loose or (node.process is None and (unit is None or not unit.known)):
        what = "a keepalived runs that is not its unit" if loose else "it has no unit keepalived"
        said = f"{what} (in a container?): its state is not known{beside}"
        return HostHealth(name, Verdict.UNKNOWN, said), [Finding(Verdict.UNKNOWN, f"{name}: {said}")]
    return stopped(name, f"{down(unit)}{beside}")


def _way_out(spec: Cluster, nodes: Nodes, owners: Sequence[str]) -> str:
    """Of a split VIP of the balancers: what ends it on the host at fault, or on those that would give way anyway."""
    known = {name: node for name in owners if isinstance(node := nodes[name], VipNode)}
    frozen = [name for name, node in known.items() if node.keepalived is not None and node.keepalived.frozen]
    if frozen:
        return (
            f"keepalived on {', '.join(frozen)} is frozen ({FROZEN}), so it keeps what it had. To end it: "
            f"`systemctl restart keepalived` on {', '.join(frozen)}"
        )
    vip = spec.keepalived.vip
    left = {name: node for name, node in known.items() if node.keepalived is not None and not runs(node.keepalived)}
    if left and len(left) < len(owners):
        commands = ", ".join(f"`ip addr flush dev {node.held[vip]} to {vip}` on {name}" for name, node in left.items())
        return f"keepalived does not run on {', '.join(left)}, which has kept the address. To end it: {commands}"
    if any(not runs(node.keepalived) for node in known.values()):
        return "Look on each at what put it there, and at the network between them: it must go from all but one of them"
    # As it would be if they heard of each other.
    ordered = sorted(owners, key=lambda name: spec.keepalived.priorities.get(name, 0), reverse=True)
    return (
        f"They do not hear each other. To end it: `systemctl stop keepalived` on {', '.join(ordered[1:])}; mend the "
        "network between them, then start it again"
    )
