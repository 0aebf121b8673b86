"""How the network nodes are judged: by their agents, and by whether each router has one primary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from cluster.agents.names import TELLS, VSWITCHD_UNIT
from cluster.agents.record import AgentsNode
from cluster.condition import counted
from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.state import Unknown

NAMED = 3
"""As many routers are named; the others are counted."""


def agents_health(nodes: Mapping[str, AgentsNode | Unknown], *, clustered: bool = False) -> LayerHealth:
    """All network nodes; whose agents are `clustered`, Pacemaker alone starts them."""
    hosts, findings = judged(nodes, partial(_judge, clustered=clustered))
    findings += [Finding(Verdict.WARN, said) for said in of_routers(nodes)]
    working = sum(isinstance(node, AgentsNode) and not node.away for node in nodes.values())
    if not working and nodes and all(isinstance(node, AgentsNode) for node in nodes.values()):
        findings.append(Finding(Verdict.FAIL, f"none of {len(nodes)} hosts runs all agents"))
    served = counted(sum(len(node.primary) for node in nodes.values() if isinstance(node, AgentsNode)), "router")
    return layer_health(
        "agents", hosts, findings, healthy=f"{working} of {len(nodes)} hosts run all agents, {served} with a primary"
    )


def _judge(host: str, node: AgentsNode, *, clustered: bool) -> tuple[HostHealth, list[Finding]]:
    if node.away:
        return stopped(host, ", ".join(map(down, node.away)))
    mine = service_findings(host, node.switch)
    # That which forwards is started by the switch's unit, and never enabled itself.
    for unit in node.units:
        if unit.unit != VSWITCHD_UNIT:
            mine += service_findings(host, unit, clustered=clustered)
    mine += [Finding(Verdict.WARN, f"{host}: {what}") for what in missing(node)]
    return HostHealth(host, worst(one.verdict for one in mine), carries(node)), mine


def missing(node: AgentsNode) -> Iterator[str]:
    """What is to be served from a network node and is not, in numbers."""
    if node.dead:
        yield f"{counted(len(node.dead), 'router')} without a keepalived"
    if node.mute:
        yield (
            f"{counted(len(node.mute), 'router')} of which {TELLS} has not told whether this node is the primary "
            "(`hatui restart agents` starts it anew)"
        )
    if node.unserved:
        yield f"{counted(node.unserved, 'network')} without a dnsmasq"


def carries(node: AgentsNode) -> str:
    """What a network node carries, in numbers."""
    routers = sum(map(len, (node.primary, node.backup, node.dead, node.mute)))
    return f"primary of {len(node.primary)} of {counted(routers, 'router')}, {counted(node.networks, 'network')}"


def of_routers(nodes: Mapping[str, AgentsNode | Unknown]) -> Iterator[str]:
    """What is wrong with routers as such: told only where every network node could be asked."""
    if not all(isinstance(node, AgentsNode) for node in nodes.values()):
        return
    owners: dict[str, list[str]] = {}
    for host, node in nodes.items():
        if isinstance(node, AgentsNode):
            for router in node.primary:
                owners.setdefault(router, []).append(host)
            for router in (*node.backup, *node.dead):
                owners.setdefault(router, [])
    # A node that has told nothing of one may be its primary.
    mute = {router for node in nodes.values() if isinstance(node, AgentsNode) for router in node.mute}
    if orphans := [router for router, where in owners.items() if not where and router not in mute]:
        yield f"{_named(orphans)} without a primary"
    if torn := [router for router, where in owners.items() if len(where) > 1]:
        yield f"{_named(torn)} with more than one primary: do the network nodes hear each other?"


def without_heir(nodes: Mapping[str, AgentsNode | Unknown], host: str) -> str | None:
    """Why the routers that `host` is the primary of must not go from there, or None: each has a backup elsewhere."""
    node = nodes[host]
    if not isinstance(node, AgentsNode):
        return f"{host}: {node.reason}"
    heirs = {router for one in nodes.values() if isinstance(one, AgentsNode) for router in one.backup}
    lost = [router for router in node.primary if router not in heirs]
    return f"{_named(lost)} of {host} without a backup on another network node" if lost else None


def _named(routers: Sequence[str]) -> str:
    more = f" and {len(routers) - NAMED} more" if len(routers) > NAMED else ""
    return f"{counted(len(routers), 'router')} ({', '.join(routers[:NAMED])}{more})"


def how(node: AgentsNode) -> str:
    """In few words how it is on a host, for events. Numbers are left out: networks and routers come and go."""
    if node.away:
        return down(node.away[0])
    return "running, primary of routers" if node.primary else "running"
