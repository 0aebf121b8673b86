"""memcached, described: what is seen of it, how it is judged, and when it is steady."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from cluster.checking import between
from cluster.condition import asked, known_of
from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.layer import Condition, Layer, Unit, settings_of
from cluster.reading import Mistake
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, Fact, Record, ServiceState, Unknown, runs
from cluster.things import of_each

UNIT = "memcached.service"
CONFIG = "/etc/memcached.conf"
AWAY = "/var/lib/hatui/memcached.away"
"""There while the host was taken out of service by hand."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The inventory's section `memcached`."""

    memory_mb: int = 64


@dataclass(frozen=True, slots=True)
class CacheNode(Record):
    """memcached on one host (protocol.txt, "General-purpose statistics")."""

    service: ServiceState
    answers: bool
    clients: int = 0
    away: bool = False


def _checks(spec: Cluster) -> Iterator[Mistake]:
    yield from between("memcached.memory_mb", settings_of(spec, "memcached", Settings).memory_mb, 1, 65536, " MB")


CACHE = Fact("memcached", CacheNode, 10)


def _verdict(_: Cluster, state: ClusterState) -> LayerHealth:
    nodes = state[CACHE]

    def judge(name: str, node: CacheNode) -> tuple[HostHealth, list[Finding]]:
        if node.away:
            why = f"{name} is drained (`hatui undrain {name}`)"
            return HostHealth(name, Verdict.WARN, "drained"), [Finding(Verdict.WARN, why)]
        if not runs(node.service):
            return stopped(name, down(node.service))
        mine = service_findings(name, node.service)
        if not node.answers:
            mine.append(Finding(Verdict.FAIL, f"{name}: memcached runs and does not answer"))
        return HostHealth(name, worst(one.verdict for one in mine), f"{node.clients} clients"), mine

    hosts, findings = judged(nodes, judge)
    known = [node for node in nodes.values() if isinstance(node, CacheNode)]
    answering = sum(node.answers for node in known)
    if known and not answering and len(known) == len(nodes):
        findings.append(Finding(Verdict.FAIL, f"none of {len(nodes)} caches answers"))
    return layer_health("memcached", hosts, findings, healthy=f"{answering} of {len(nodes)} caches answer")


def _count(spec: Cluster, state: ClusterState) -> tuple[str, str]:
    names = spec.names(Role.NETWORK)
    answering = sum(node.answers for node in known_of(state[CACHE], names, CacheNode).values())
    return f"{len(names)} answer", f"{answering} answer"


def _against(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
    for name, node in asked(state[CACHE], spec.names(Role.NETWORK)).items():
        if name in excluding:
            continue
        if isinstance(node, Unknown):
            yield f"{name} can't be asked for its cache: {node.reason}."
        elif node.away:
            yield f"the cache on {name} is drained: `hatui undrain {name}` gives it back."
        elif not node.answers:
            yield f"the cache on {name} does not answer: see `journalctl -u memcached` there."


MEMCACHED = Layer(
    name="memcached",
    home="hatui_memcached",
    roles=(Role.NETWORK,),
    settings=Settings,
    checks=_checks,
    facts=(CACHE,),
    verdict=_verdict,
    steady=(Condition("caches", _count, _against),),
    things=of_each(CACHE, "memcached", lambda node: "drained" if node.away else node.service.active),
    units=(Unit(UNIT, (CONFIG,), "memcached is restarted"),),
    packages=lambda _: ("memcached",),
)
