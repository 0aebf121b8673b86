"""Keystone: OpenStack's identity service, on all controllers at once, behind the balancers."""

from __future__ import annotations

from cluster.haproxy.loads import sessions
from cluster.layer import Layer, Unit
from cluster.openstack.keystone import NAME, STAMPED, UNIT, Keystone, checks, services, wanted
from cluster.openstack.record import ApiNode
from cluster.openstack.steady import condition
from cluster.openstack.verdict import api_health
from cluster.spec import Role
from cluster.state import Fact
from cluster.things import of_each

KEYSTONE_API = Fact("keystone", ApiNode, 30)


def _how(node: ApiNode) -> str:
    if not node.healthy:
        return node.service.active if node.service.active != "active" else "not answering"
    return "giving tokens" if node.works else "giving no token"


KEYSTONE = Layer(
    name=NAME,
    roles=(Role.CONTROLLER,),
    wanted=wanted,
    settings=Keystone,
    checks=checks,
    facts=(KEYSTONE_API,),
    verdict=lambda _, state: api_health(NAME, "a token", state[KEYSTONE_API]),
    steady=(condition(NAME, KEYSTONE_API, "a token"),),
    things=of_each(KEYSTONE_API, "keystone", _how),
    loads=lambda _, state: sessions(state, (NAME,), "a keystone with {} requests"),
    units=(Unit(UNIT, STAMPED, "keystone is restarted"),),
    services=services,
    packages=lambda _: ("keystone", "python3-pymysql", "curl"),
)
