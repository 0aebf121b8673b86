"""What of the brokers can be told in few words."""

from __future__ import annotations

from cluster.layer import UNKNOWN, Thing, Things
from cluster.rabbitmq.record import RABBIT_CLUSTER, BrokerNode
from cluster.spec import Cluster
from cluster.state import ClusterState, Unknown


def things(_: Cluster, state: ClusterState) -> Things:
    """How each is."""
    for name, node in state[RABBIT_CLUSTER].items():
        yield Thing(RABBIT_CLUSTER.name, name, f"the broker on {name}"), _how(node)


def _how(node: BrokerNode | Unknown) -> str:
    if isinstance(node, Unknown):
        return UNKNOWN
    if node.draining:
        return "drained"
    if not node.running:
        return "down"
    parted = f", parted from {', '.join(node.partitions)}" if node.partitions else ""
    alarms = f", alarms: {', '.join(node.alarms)}" if node.alarms else ""
    return f"running{parted}{alarms}"
