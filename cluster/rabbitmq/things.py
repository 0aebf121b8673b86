"""What of the brokers can be told in few words."""

from __future__ import annotations

from cluster.rabbitmq.record import RABBIT_CLUSTER, BrokerNode
from cluster.things import of_each


def _how(node: BrokerNode) -> str:
    if node.draining:
        return "drained"
    if not node.running:
        return "down"
    parted = f", parted from {', '.join(node.partitions)}" if node.partitions else ""
    alarms = f", alarms: {', '.join(node.alarms)}" if node.alarms else ""
    return f"running{parted}{alarms}"


things = of_each(RABBIT_CLUSTER, "the broker", _how)
