"""OpenStack's services on the controllers: a layer each, made of its row in cluster/openstack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from cluster.haproxy.loads import sessions
from cluster.layer import MOST, Layer, Load, Unit
from cluster.openstack.availability import Availability
from cluster.openstack.keystone import KEYSTONE
from cluster.openstack.offers import at_vip, balanced
from cluster.openstack.record import ApiNode
from cluster.openstack.resources import changes_hands
from cluster.openstack.retired import retired_of
from cluster.openstack.service import OpenstackService
from cluster.openstack.steady import condition
from cluster.openstack.table import SERVICES
from cluster.openstack.verdict import api_health, how
from cluster.pacemaker.record import CONTROLLERS_VIP
from cluster.reading import Mistake
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, runs
from cluster.things import of_each
from cluster.vip import owners


def _loads(service: OpenstackService, spec: Cluster, state: ClusterState) -> Mapping[str, Load]:
    match service.availability(spec):
        case Availability.ACTIVE:
            return sessions(state, (service.name,), f"a {service.name} with {{}} requests")
        case Availability.WARM:
            return dict.fromkeys(owners(state[CONTROLLERS_VIP], spec.pacemaker.vip), Load(MOST, "the owner of its VIP"))
    nodes = state[service.fact].items()
    on = [name for name, node in nodes if isinstance(node, ApiNode) and runs(node.service)]
    return dict.fromkeys(on, Load(MOST, f"the one that runs {service.name}"))


def _layer(service: OpenstackService) -> Layer:
    def checks(spec: Cluster) -> Iterator[Mistake]:
        yield from service.mistakes(spec)
        if service.wanted(spec) and not KEYSTONE.wanted(spec):
            yield Mistake(service.name, "needs keystone: give the inventory a section of that name, too.")

    return Layer(
        name=service.name,
        shared="openstack",
        roles=(Role.CONTROLLER,),
        wanted=service.wanted,
        settings=service.settings,
        checks=checks,
        facts=(service.fact,),
        verdict=lambda spec, state: api_health(service, spec, state[service.fact]),
        steady=(condition(service),),
        at_once=partial(changes_hands, service),
        things=of_each(service.fact, service.name, lambda node: how(service, node)),
        loads=partial(_loads, service),
        units=tuple(
            Unit(unit, service.files(unit), f"{unit.removesuffix('.service')} is restarted")
            for unit in (*service.units, *([service.lone.unit] if service.lone else []))
        ),
        services=partial(balanced, service),
        retired=retired_of(service.name),
        endpoints=partial(at_vip, service),
        secrets=service.secrets,
        given=service.given,
        packages=lambda spec: (*service.packages_in(spec), "python3-pymysql", "curl"),
    )


KEYSTONE_LAYER = _layer(KEYSTONE)
OPENSTACK: tuple[Layer, ...] = (KEYSTONE_LAYER, *map(_layer, SERVICES))
