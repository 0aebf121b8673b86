"""Where clients find a service of OpenStack: behind the balancers, or at the controllers' VIP."""

from __future__ import annotations

from cluster.layer import Endpoint
from cluster.openstack.availability import Availability
from cluster.openstack.service import OpenstackService
from cluster.spec import Cluster, Service


def balanced(service: OpenstackService, spec: Cluster) -> dict[str, Service]:
    """What of it the balancers spread over the controllers.

    One request less than it works on at once: a server that works on all that it can is not dead, and its health
    path has to be answered meanwhile.
    """
    match service.availability(spec):
        case Availability.PASSIVE:
            return {}
        case Availability.WARM:
            return dict(service.beside)
    apis = {
        api.name: Service(
            port=service.port_of(spec, api),
            role="controller",
            mode="http",
            check=api.health,
            algorithm="leastconn",
            timeout=120,
            max_connections=max(1, service.processes(spec, api) * service.threads(spec) - 1),
        )
        for api in service.apis
    }
    return {**apis, **service.beside}


def at_vip(service: OpenstackService, spec: Cluster) -> dict[str, Endpoint]:
    """What of it clients find at the controllers' VIP."""
    if service.availability(spec) is Availability.ACTIVE:
        return {}
    vip = spec.pacemaker.vip
    apis = {api.name: Endpoint(vip, service.port_of(spec, api), "http", api.health) for api in service.apis}
    if service.availability(spec) is Availability.WARM:
        return apis
    return apis | {name: Endpoint(vip, one.port, one.mode, one.check) for name, one in service.beside.items()}
