"""One layer in depth: a file a layer, each a pure function of the snapshot's records."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cluster.state import ClusterState
from tui.console.depth.corosync import corosync
from tui.console.depth.galera import galera
from tui.console.depth.haproxy import haproxy
from tui.console.depth.hosts import hosts
from tui.console.depth.keepalived import keepalived
from tui.console.depth.pacemaker import pacemaker
from tui.console.depth.rabbitmq import rabbitmq
from tui.console.lines import Line

DEPTHS: Mapping[str, Callable[[ClusterState], list[Line]]] = {
    "hosts": hosts,
    "haproxy": haproxy,
    "keepalived": keepalived,
    "galera": galera,
    "rabbitmq": rabbitmq,
    "corosync": corosync,
    "pacemaker": pacemaker,
}
"""What is shown of each layer, by its name in the verdicts."""
