"""How that part of a service is judged which runs on one controller alone: where it runs, and what it tells of itself.

Pure. Its service's own records have it under names that are no hosts', whichever controller runs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cluster.health.services import service_findings
from cluster.health.verdict import Finding, Verdict
from cluster.openstack.parts import listed
from cluster.openstack.record import ApiNode
from cluster.openstack.service import OpenstackService
from cluster.spec import Cluster
from cluster.state import Unknown, runs

Nodes = Mapping[str, ApiNode | Unknown]


def has_lone(node: ApiNode) -> bool:
    """Whether it runs there."""
    return any(map(runs, node.lone))


def on(nodes: Nodes) -> tuple[str, ...]:
    """The hosts that run it."""
    return tuple(name for name, node in nodes.items() if isinstance(node, ApiNode) and has_lone(node))


def lone_findings(spec: Cluster, service: OpenstackService, nodes: Nodes) -> Iterator[Finding]:
    """What is wrong with it; nothing where the inventory does not have it."""
    if not service.lone_units(spec):
        return
    if said := misplaced(spec, service, nodes):
        yield Finding(Verdict.FAIL, said)
    yield from (Finding(Verdict.WARN, said) for said in unheard(spec, service, nodes))
    for host, node in nodes.items():
        if isinstance(node, ApiNode):
            for unit in node.lone:
                yield from service_findings(host, unit, clustered=True)


def misplaced(spec: Cluster, service: OpenstackService, nodes: Nodes) -> str:
    """Why it does not run on one host alone, as a sentence without full stop; empty if it does, or may."""
    hosts = on(nodes)
    for unit in service.lone_units(spec):
        name = unit.removesuffix(".service")
        if len(hosts) > 1:
            return f"{name} runs on {' and '.join(hosts)}: it is to run on one alone (`crm_mon -1`)"
        if not hosts and nodes and all(isinstance(node, ApiNode) for node in nodes.values()):
            return f"{name} runs nowhere: Pacemaker is to start it (`crm_mon -1`)"
    return ""


def unheard(spec: Cluster, service: OpenstackService, nodes: Nodes) -> Iterator[str]:
    """Of which of its names its service has not heard lately, each as a sentence without full stop.

    Nothing where its records could not be read: that is told once, of all of them.
    """
    parts = listed(nodes)
    lone = service.lone
    if lone is None or not parts:
        return
    where = ", ".join(on(nodes)) or "no host"
    for name in service.lone_names(spec):
        mine = [part for part in parts if (part.name, part.host) == (lone.program, name)]
        if not mine:
            yield f"{lone.program}, which runs on {where}, has never told {service.name} of {name}"
        elif all(part.enabled and not part.up for part in mine):
            yield f"{lone.program}, which runs on {where}, has not told {service.name} of {name} lately"
