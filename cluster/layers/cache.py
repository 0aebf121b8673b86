"""memcached on the controllers, for OpenStack's services: what is lost with one is asked of keystone again."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, layer_health, worst
from cluster.layer import Layer, Port, Unit
from cluster.openstack.cache import CACHE, CONFIG, PORT, UNIT, CacheNode, wanted
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, Unknown, runs
from cluster.things import of_each


def _health(nodes: Mapping[str, CacheNode | Unknown]) -> LayerHealth:
    def judge(host: str, node: CacheNode) -> tuple[HostHealth, list[Finding]]:
        if not runs(node.service):
            return stopped(host, down(node.service))
        if not node.answers:
            return stopped(host, "memcached runs, and does not answer")
        mine = service_findings(host, node.service)
        return HostHealth(host, worst(one.verdict for one in mine), "answers"), mine

    hosts, findings = judged(nodes, judge)
    answering = sum(isinstance(node, CacheNode) and node.answers for node in nodes.values())
    return layer_health("cache", hosts, findings, healthy=f"{answering} of {len(nodes)} caches answer")


def _how(node: CacheNode) -> str:
    return "answering" if node.answers else "not answering" if runs(node.service) else node.service.active


def _ports(spec: Cluster) -> tuple[Port, ...]:
    return (Port("tcp", str(PORT), spec.addresses(Role.CONTROLLER), "memcached, which asks nobody who he is"),)


def _verdict(_: Cluster, state: ClusterState) -> LayerHealth:
    return _health(state[CACHE])


CACHES = Layer(
    name="cache",
    roles=(Role.CONTROLLER,),
    wanted=wanted,
    facts=(CACHE,),
    verdict=_verdict,
    things=of_each(CACHE, "memcached", _how),
    loads=lambda *_: {},
    units=(Unit(UNIT, (CONFIG,), "memcached is restarted"),),
    ports=_ports,
    packages=lambda _: ("memcached", "python3-memcache"),
)
