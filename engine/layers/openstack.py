"""A service of OpenStack on the controllers: one is restarted while the balancers send its clients to the others.

That it is taken out of service and given back is HAProxy's work, as for every service (engine/layers/services.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster.haproxy.record import HAPROXY_STAT
from cluster.openstack.availability import Availability
from cluster.openstack.record import ApiNode
from cluster.openstack.running import gives_it
from cluster.openstack.service import OpenstackService
from cluster.openstack.table import BY_NAME
from cluster.pacemaker.record import CONTROLLERS_VIP
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, runs
from cluster.vip import owners
from engine.handling import Handling, Planned, Restart
from engine.runbook import View
from operations import openstack
from operations.steps import Step

_WAIT = "its clients wait until it has started anew, 15 s and more"
_MOVES = "its VIP moves once, and calls that are not answered then are cut"
_CLIENTS = "calls go to the other controllers; those that take longer than 10 s are cut and asked again"


def _handling(service: OpenstackService) -> Handling:
    def there(state: ClusterState) -> bool:
        return any(isinstance(node, ApiNode) and runs(node.service) for node in state[service.fact].values())

    def restarted(view: View, _: bool) -> Planned:
        cluster, proxies = view.cluster, view.state[HAPROXY_STAT]
        seen = {name: node for name, node in view.state[service.fact].items() if isinstance(node, ApiNode)}
        hosts, expected = cluster.names(Role.CONTROLLER), ""
        last: tuple[str, ...] = ()
        match service.availability(cluster):
            case Availability.PASSIVE:
                hosts, expected = tuple(name for name, node in seen.items() if runs(node.service)), _WAIT
                if not hosts:
                    return Planned(refused=f"{service.name} runs on no controller: `crm_mon -1` tells why.")
            case Availability.WARM:
                expected, last = _MOVES, owners(view.state[CONTROLLERS_VIP], cluster.pacemaker.vip)
        well = [name for name, node in seen.items() if gives_it(node)]
        steps: list[Step] = []
        # Who is asked through the VIP goes last: the others have been restarted then.
        for name in sorted(hosts, key=lambda name: name in last):
            if name in last:
                steps += openstack.vip_leaves(service, cluster, name, well)
            steps += openstack.restarted(service, cluster, proxies, name)
        return Planned(steps, expected=expected)

    def taken_back(cluster: Cluster, hosts: Sequence[str]) -> None:
        for name in hosts:
            openstack.brought_back(service, cluster, name)

    return Handling(there=there, restart=Restart(restarted, _CLIENTS), rolled_out=_CLIENTS, taken_back=taken_back)


HANDLINGS = {service.name: _handling(service) for service in BY_NAME.values()}
