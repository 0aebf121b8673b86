"""The services of the inventory, which the balancers spread over hosts that carry nothing else of ours for them.

What is to be said of them stands with HAProxy, which knows their servers.
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster.haproxy.record import HAPROXY_STAT, ProxyNode
from cluster.layer import Layer, Load
from cluster.spec import Cluster, Role
from cluster.state import ClusterState


def _loads(spec: Cluster, state: ClusterState) -> Mapping[str, Load]:
    sessions: dict[str, int] = {}
    for node in state[HAPROXY_STAT].values():
        for server in node.servers if isinstance(node, ProxyNode) else ():
            if server.backend in spec.services:
                sessions[server.name] = sessions.get(server.name, 0) + server.sessions
    return {name: Load(count, f"a server with {count} sessions") for name, count in sessions.items() if count}


SERVICES = Layer(name="services", roles=tuple(Role), loads=_loads, deployed=False)
