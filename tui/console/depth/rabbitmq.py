"""RabbitMQ in depth: the brokers, what parts or alarms them, the queues and their leaders."""

from __future__ import annotations

from cluster.rabbitmq.names import BROKER_QUEUES
from cluster.rabbitmq.queues import STOPPED
from cluster.rabbitmq.record import RABBIT_CLUSTER, BrokerNode, BrokerQueue
from cluster.state import ClusterState
from tui.console.depth.parts import Numbers, rows, service
from tui.console.lines import Line, Row, Span, heading, span, table


def numbers(state: ClusterState) -> Numbers:
    """The messages in all queues: each broker knows all of them."""
    waiting = [
        sum(queue.messages for queue in node.queues)
        for node in state[RABBIT_CLUSTER].values()
        if isinstance(node, BrokerNode) and node.queues
    ]
    yield "messages", max(waiting, default=None)


def lines(state: ClusterState) -> list[Line]:
    """Each broker's own view."""
    names = ("HOST", "BROKER", "SEES", "VERSION", "UNIT", "TROUBLE")
    return [heading("Brokers"), *table(names, rows("rabbitmq", names, state[RABBIT_CLUSTER], _row)), *_queues(state)]


def _queues(state: ClusterState) -> list[Line]:
    """As the first broker tells that has any; each knows all of them."""
    teller = next(
        (node for node in state[RABBIT_CLUSTER].values() if isinstance(node, BrokerNode) and node.queues), None
    )
    if teller is None:
        return [heading("Queues", _untold(state))]
    hint = f"{len(teller.queues)} of {teller.queues_total}, those with most messages; as {teller.name} tells"
    names = ("QUEUE", "VHOST", "TYPE", "MESSAGES", "CONSUMERS", "LEADER", "ONLINE", "MISSING")
    return [heading("Queues", hint), *table(names, map(_queue, teller.queues), widest=30)]


def _untold(state: ClusterState) -> str:
    """What is known of queues that no broker lists: how many there are, and why that is all."""
    running = [node for node in state[RABBIT_CLUSTER].values() if isinstance(node, BrokerNode) and node.running]
    if not running:
        return "not known: no broker that runs is known"
    total = max(node.queues_total for node in running)
    if not total:
        return "none is told of"
    if total > BROKER_QUEUES:
        return f"{total:,} in all; with more than {BROKER_QUEUES} they are counted, not listed"
    return f"{total} in all; no broker could list them in time"


def _queue(queue: BrokerQueue) -> Row:
    cells = (
        span(queue.name, "strong"),
        span(queue.vhost),
        span(queue.kind),
        (str(queue.messages), ""),
        (str(queue.consumers), ""),
        span(queue.leader.removeprefix("rabbit@") or "-", "accent" if queue.leader else "fail"),
        span(", ".join(name.removeprefix("rabbit@") for name in queue.online) or "-"),
        span(_missing(queue) or "-", "warn" if _missing(queue) else "dim"),
    )
    return Row(f"queue/{queue.vhost}/{queue.name}", cells, "rabbitmq")


def _missing(queue: BrokerQueue) -> str:
    """Members that are not there, and a state in which it takes nothing."""
    away = [name.removeprefix("rabbit@") for name in queue.members if name not in queue.online]
    return ", ".join([*away, *([queue.state] if queue.state in STOPPED else [])])


def _row(_host: str, node: BrokerNode) -> tuple[Span, ...]:
    doing: Span = ("drained", "warn") if node.draining else ("runs", "ok") if node.running else ("down", "fail")
    parted = [f"parted from {', '.join(node.partitions)}"] if node.partitions else []
    trouble = "; ".join([*parted, *(f"alarm {alarm}" for alarm in node.alarms)])
    sees = f"{len(node.running_members)} of {len(node.members)}"
    return (
        doing,
        (sees, ""),
        span(node.version),
        service(node.service),
        span(trouble or "-", "fail" if trouble else "dim"),
    )
