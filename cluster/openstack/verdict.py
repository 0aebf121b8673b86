"""How an API of OpenStack is judged: by a call that it can't answer without what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.openstack.record import PATIENCE, ApiNode
from cluster.state import Unknown, runs


def api_health(name: str, what: str, nodes: Mapping[str, ApiNode | Unknown]) -> LayerHealth:
    """`what` it gives who calls it, as in "a token"."""

    def judge(host: str, node: ApiNode) -> tuple[HostHealth, list[Finding]]:
        if not runs(node.service):
            return stopped(host, down(node.service))
        if not node.healthy:
            return stopped(host, f"{name} runs, and {answer(node.health)}")
        mine = service_findings(host, node.service)
        if not node.works:
            said = f"{name} answers, and does not give {what}: it {answer(node.call)}"
            mine.append(Finding(Verdict.WARN, f"{host}: {said} (is its database there?)"))
            return HostHealth(host, Verdict.FAIL, said), mine
        return HostHealth(host, worst(one.verdict for one in mine), f"{what} in {node.took:.2f} s"), mine

    hosts, findings = judged(nodes, judge)
    working = sum(isinstance(node, ApiNode) and node.works for node in nodes.values())
    known = sum(isinstance(node, ApiNode) for node in nodes.values())
    if not working and known == len(nodes):
        findings.append(Finding(Verdict.FAIL, f"none of {len(nodes)} hosts gives {what}"))
    return layer_health(name, hosts, findings, healthy=f"{working} of {len(nodes)} hosts give {what}")


def answer(status: int) -> str:
    """In words what an HTTP status says."""
    return f"answers with HTTP {status}" if status else f"does not answer within {PATIENCE} s"
