"""HAProxy: restarted behind the VIP's back, and taken back to former settings. What a host carries is the VIP."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.haproxy.record import HAPROXY_STAT, ProxyNode
from cluster.spec import Cluster, Role
from cluster.state import ClusterState
from engine.handling import Handling
from engine.layers.keepalived import restarting
from operations import haproxy


def _there(state: ClusterState) -> bool:
    return any(isinstance(node, ProxyNode) and node.servers for node in state[HAPROXY_STAT].values())


def _taken_back(cluster: Cluster, hosts: Sequence[str]) -> None:
    for name in hosts:
        haproxy.brought_back(cluster.names(Role.HAPROXY), name)


HANDLING = Handling(
    there=_there,
    restart=restarting("haproxy"),
    rolled_out="nothing: open connections stay with HAProxy's former worker",
    taken_back=_taken_back,
)
