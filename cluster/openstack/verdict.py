"""How a service of OpenStack is judged: by a call that it can't answer without what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.openstack.availability import Availability
from cluster.openstack.keystone import WATCH
from cluster.openstack.lone_health import has_lone, lone_findings, on
from cluster.openstack.parts import leftovers, listed, silent_findings
from cluster.openstack.record import LIMIT, PATIENCE, Answer, ApiNode
from cluster.openstack.running import gives_it, is_known, not_alone, stands_by
from cluster.openstack.service import OpenstackService
from cluster.spec import Cluster
from cluster.state import Unknown, runs

NO_TOKEN = "there is no token to ask it with, keystone gives none"  # noqa: S105 (a sentence)


def api_health(service: OpenstackService, spec: Cluster, nodes: Mapping[str, ApiNode | Unknown]) -> LayerHealth:
    """All of it: of each controller, and how many are left."""
    gives = service.gives
    units = service.units_in(spec.release)
    clustered = service.clustered(spec)

    def judge(host: str, node: ApiNode) -> tuple[HostHealth, list[Finding]]:
        if stands_by(service, spec, node):
            mine = [found for unit in node.units for found in service_findings(host, unit, clustered=True)]
            return HostHealth(host, worst(one.verdict for one in mine), "stands by"), mine
        if not runs(node.service):
            return stopped(host, down(node.service))
        if not node.healthy:
            return stopped(host, mute(Answer(node.service.unit, node.health)))
        mine = [
            found for unit in node.units for found in service_findings(host, unit, clustered=unit.unit in clustered)
        ]
        seen = {unit.unit for unit in node.units}
        missing = (f"there is no {unit}" for unit in units if unit not in seen)
        if away := [*map(down, node.away), *missing, *map(mute, node.mute)]:
            said = ", ".join(away)
            mine += [Finding(Verdict.WARN, f"{host}: {said}")]
            return HostHealth(host, Verdict.FAIL, said), mine
        if node.slow and node.waits is not None:
            said = f"{service.name} answers, and has not given {gives} for {node.waits:.0f} s"
            mine.append(Finding(Verdict.WARN, f"{host}: {said} (is the host busy?)"))
            return HostHealth(host, Verdict.WARN, said), mine
        if node.call is None:
            said = f"{service.name} answers, and whether it gives {gives} is not known: {NO_TOKEN}"
            mine.append(Finding(Verdict.UNKNOWN, f"{host}: {said}"))
            return HostHealth(host, Verdict.UNKNOWN, said), mine
        if not node.works:
            said = f"{service.name} answers, and does not give {gives}: it {answer(node.call, LIMIT)}"
            mine.append(Finding(Verdict.WARN, f"{host}: {said} ({_why(service, node.call)})"))
            return HostHealth(host, Verdict.FAIL, said), mine
        also = f", with {service.lone.program}" if service.lone and has_lone(node) else ""
        return HostHealth(host, worst(one.verdict for one in mine), f"{gives} in {node.took:.2f} s{also}"), mine

    hosts, findings = judged(nodes, judge)
    findings += [*silent_findings(spec, service, nodes), *lone_findings(spec, service, nodes)]
    working = [name for name, node in nodes.items() if isinstance(node, ApiNode) and gives_it(node)]
    if working and service.telling(spec) and not listed(nodes):
        findings.append(Finding(Verdict.WARN, unlisted(service)))
    healthy = [f"{len(working)} of {len(nodes)} hosts give {gives}"]
    if service.availability(spec) is Availability.PASSIVE:
        healthy = [f"{', '.join(working)} gives {gives}", *filter(None, [service.alone(spec)])]
        if said := not_alone(service, nodes):
            findings.append(Finding(Verdict.FAIL, said))
    if service.lone and (names := service.lone_names(spec)):
        healthy.append(f"{service.lone.program} on {', '.join(on(nodes))} serves {', '.join(names)}")
    known = [name for name, node in nodes.items() if isinstance(node, ApiNode) and is_known(service, spec, node)]
    if not working and len(known) == len(nodes):
        findings.append(Finding(Verdict.FAIL, f"none of {len(nodes)} hosts gives {gives}"))
    left = list(leftovers(spec, service, nodes))
    if findings or any(one.verdict is not Verdict.OK for one in left):
        findings += left
    # What is merely left over is nobody's trouble: it is said after what is.
    return layer_health(service.name, hosts, findings, healthy="; ".join([*healthy, *(one.reason for one in left)]))


def unlisted(service: OpenstackService) -> str:
    """That it tells of no part of its own."""
    if service.lone:
        return f"the records of {service.name} can't be read from its database, so it is not known who of it is up"
    said = f"{service.name} gives {service.gives}, and nothing is in it, so it is not known who of them is up"
    return f"{said}: may the user {WATCH} see them (deploy {service.name})?"


def _why(service: OpenstackService, status: int) -> str:
    """What to look at."""
    if status in (401, 403):
        return f"the user {WATCH} may not: deploy {service.name}"
    return "is its database there?"


def answer(status: int, within: int = PATIENCE) -> str:
    """In words what an HTTP status says; 0: there was no answer in that many seconds."""
    return f"answers with HTTP {status}" if status else f"does not answer within {within} s"


def mute(api: Answer) -> str:
    """In words that an API runs, and does not answer as it should."""
    return f"{api.unit.removesuffix('.service')} runs, and {answer(api.health)}"


def how(service: OpenstackService, node: ApiNode) -> str:
    """In few words how it is on a host, for events."""
    if not runs(node.service):
        return node.service.active
    if not node.healthy:
        return "not answering"
    if away := [unit for unit in node.workers if not runs(unit)]:
        return down(away[0])
    if node.mute:
        return f"{node.mute[0].unit.removesuffix('.service')} is not answering"
    if node.slow:
        return f"giving {service.gives} slowly"
    if node.call is None:
        return "answering, there is no token to ask more with"
    given = f"giving {service.gives}" if node.works else f"not giving {service.gives}"
    return f"{given}, with {service.lone.program}" if service.lone and has_lone(node) else given
