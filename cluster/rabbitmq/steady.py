"""When the message queue is steady: every broker runs and sees all others run, without an alarm."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cluster.condition import asked, counted, known_of, with_hint
from cluster.layer import Condition
from cluster.rabbitmq.gates import incomplete
from cluster.rabbitmq.record import RABBIT_CLUSTER, BrokerNode
from cluster.spec import Cluster, Role
from cluster.state import ClusterState


def _count(spec: Cluster, state: ClusterState) -> tuple[str, str]:
    """Brokers that run and see all others run, and alarms."""
    names = spec.names(Role.CONTROLLER)
    known = known_of(state[RABBIT_CLUSTER], names, BrokerNode)
    seeing = sum(
        node.running
        and not node.parted
        and not node.partitions
        and len(node.members) == len(node.running_members) == len(names)
        for node in known.values()
    )
    alarms = sum(len(node.alarms) for node in known.values())
    return f"{len(names)} see all, 0 alarms", f"{seeing} see all, {counted(alarms, 'alarm')}"


def _against(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
    nodes = asked(state[RABBIT_CLUSTER], spec.names(Role.CONTROLLER))
    if reason := incomplete(nodes, excluding):
        hint = " (`hatui recover rabbitmq` if it does not come back by itself)"
        yield f"the message queue is not complete: {with_hint(reason, hint)}"


STEADY = (Condition("queue", _count, _against),)
