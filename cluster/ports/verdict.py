"""Whether each host lets nobody but the cluster speak to what is the cluster's own."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.health.hosts import judged
from cluster.health.services import service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.ports.record import FilterNode
from cluster.state import Unknown


def ports_health(nodes: Mapping[str, FilterNode | Unknown], guarded: Mapping[str, int]) -> LayerHealth:
    """`guarded`: how many ports a host has that are not for everybody; the hosts that have none are left out."""

    def judge(name: str, node: FilterNode) -> tuple[HostHealth, list[Finding]]:
        mine, count = service_findings(name, node.service), guarded[name]
        if node.rules:
            return HostHealth(name, worst(one.verdict for one in mine), f"{count} ports guarded"), mine
        said = f"{name}: nothing of hatui's guards its {count} ports of the cluster's own (deploy/ports.py does)"
        return HostHealth(name, Verdict.WARN, f"{count} ports not guarded"), [Finding(Verdict.WARN, said)]

    hosts, findings = judged({name: nodes[name] for name in guarded if name in nodes}, judge)
    healthy = f"{len(guarded)} hosts guard their ports" if guarded else "hatui keeps no packet filter here"
    return layer_health("ports", hosts, findings, healthy=healthy)
