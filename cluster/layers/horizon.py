"""Horizon on the controllers: pages for a browser, judged by a login."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from cluster.condition import asked, known_of
from cluster.haproxy.loads import sessions
from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.layer import Condition, Layer, Load, Unit
from cluster.openstack import horizon
from cluster.openstack.horizon import FILES, HORIZON, NAME, SECRET, UNIT, Horizon, HorizonNode
from cluster.openstack.record import LIMIT
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, Unknown, runs
from cluster.things import of_each


def _wrong(node: HorizonNode) -> str:
    """What is wrong with one that runs, as a clause; empty if nothing is."""
    if node.slow:
        return f"has not let anybody in for {node.waits:.0f} s"
    if not node.page:
        return f"does not answer within {LIMIT} s"
    if not node.shown:
        return f"answers with HTTP {node.page}" if node.page != 200 else "has no form for a login on its page"
    return "" if node.works else "shows its login page, and lets nobody in"


def _health(nodes: Mapping[str, HorizonNode | Unknown]) -> LayerHealth:
    def judge(host: str, node: HorizonNode) -> tuple[HostHealth, list[Finding]]:
        if not runs(node.service):
            return stopped(host, down(node.service))
        mine = service_findings(host, node.service)
        if said := _wrong(node):
            late = node.slow
            why = "is the host busy?" if late else "is keystone there? See `journalctl -u hatui-horizon`"
            mine.append(Finding(Verdict.WARN, f"{host}: horizon {said} ({why})"))
            return HostHealth(host, Verdict.WARN if late else Verdict.FAIL, f"horizon {said}"), mine
        return HostHealth(host, worst(one.verdict for one in mine), f"lets in within {node.took:.2f} s"), mine

    hosts, findings = judged(nodes, judge)
    known = [node for node in nodes.values() if isinstance(node, HorizonNode)]
    working = sum(node.works for node in known)
    if nodes and len(known) == len(nodes) and not working and not any(node.slow for node in known):
        findings.append(Finding(Verdict.FAIL, f"none of {len(nodes)} hosts lets anybody in"))
    return layer_health(NAME, hosts, findings, healthy=f"{working} of {len(nodes)} hosts let users in")


def _how(node: HorizonNode) -> str:
    if not runs(node.service):
        return node.service.active
    return "letting users in" if node.works else "letting nobody in" if node.shown else "not answering"


def _count(spec: Cluster, state: ClusterState) -> tuple[str, str]:
    names = spec.names(Role.CONTROLLER)
    working = sum(node.works for node in known_of(state[HORIZON], names, HorizonNode).values())
    return f"{len(names)} let users in", f"{working} let users in"


def _against(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
    for host, node in asked(state[HORIZON], spec.names(Role.CONTROLLER)).items():
        if host in excluding:
            continue
        if isinstance(node, Unknown):
            yield f"{host} can't be asked for its horizon: {node.reason}."
        elif not runs(node.service):
            yield f"{down(node.service)} on {host}: see `journalctl -u {UNIT}` there."
        elif said := _wrong(node):
            yield f"horizon on {host} {said}: see `journalctl -u {UNIT}` there."


def _loads(_: Cluster, state: ClusterState) -> Mapping[str, Load]:
    return sessions(state, (NAME,), "a horizon with {} requests")


HORIZON_LAYER = Layer(
    name=NAME,
    roles=(Role.CONTROLLER,),
    wanted=horizon.wanted,
    settings=Horizon,
    checks=horizon.checks,
    facts=(HORIZON,),
    verdict=lambda _, state: _health(state[HORIZON]),
    steady=(Condition(NAME, _count, _against),),
    things=of_each(HORIZON, NAME, _how),
    loads=_loads,
    units=(Unit(UNIT, FILES, "horizon is restarted, one controller after another"),),
    services=horizon.balanced,
    secrets=(SECRET,),
    packages=lambda _: ("openstack-dashboard-apache", "python3-pymemcache"),
)
