"""A service of OpenStack on the controllers: one is restarted while the balancers send its clients to the others.

That it is taken out of service and given back is HAProxy's work, as for every service (engine/layers/services.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster.haproxy.record import HAPROXY_STAT
from cluster.openstack.record import ApiNode
from cluster.openstack.service import OpenstackService
from cluster.openstack.table import BY_NAME
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, runs
from engine.handling import Handling, Planned, Restart
from engine.runbook import View
from operations import openstack

_CLIENTS = "calls go to the other controllers; those that take longer than 10 s are cut and asked again"


def _handling(service: OpenstackService) -> Handling:
    def there(state: ClusterState) -> bool:
        return any(isinstance(node, ApiNode) and runs(node.service) for node in state[service.fact].values())

    def restarted(view: View, _: bool) -> Planned:
        hosts, proxies = view.cluster.names(Role.CONTROLLER), view.state[HAPROXY_STAT]
        return Planned([step for name in hosts for step in openstack.restarted(service, proxies, name)])

    def taken_back(cluster: Cluster, hosts: Sequence[str]) -> None:
        for name in hosts:
            openstack.brought_back(service, cluster.names(Role.HAPROXY), name)

    return Handling(there=there, restart=Restart(restarted, _CLIENTS), rolled_out=_CLIENTS, taken_back=taken_back)


HANDLINGS = {service.name: _handling(service) for service in BY_NAME.values()}
