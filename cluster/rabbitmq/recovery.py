"""RabbitMQ after all brokers were down: whether they may be started together, and what forcing one would lose.

Source: lesson 11 of those that others paid for: a cold start is one of all brokers together; force_boot is for a person
to choose.
"""

from __future__ import annotations

from collections.abc import Iterator

from cluster.rabbitmq.evidence import Nodes, is_running, is_up
from cluster.rabbitmq.gates import may_start_together
from cluster.rabbitmq.record import BrokerNode
from cluster.state import Unknown, runs

DEPLOY = "`pyinfra inventory.py deploy/rabbitmq.py`"


def waiting(nodes: Nodes) -> list[str]:
    """The brokers that are being started: they wait for those that they last saw running."""
    return [name for name, node in nodes.items() if isinstance(node, BrokerNode) and not node.running and is_up(node)]


def with_data(nodes: Nodes) -> list[str]:
    """The hosts that can be read and have a broker's data."""
    return [name for name, node in nodes.items() if isinstance(node, BrokerNode) and node.members]


def joining(nodes: Nodes) -> bool:
    """Whether every broker runs in one cluster, none is parted, and one is not seen by all others yet.

    They are asked one after another: one that has just started may be seen by those that are asked later alone.
    """
    known = [node for node in nodes.values() if isinstance(node, BrokerNode) and node.running]
    if len(known) < len(nodes) or len({frozenset(node.members) for node in known}) != 1:
        return False
    names = {node.name for node in known}
    parted = any(node.partitions or node.parted for node in known)
    return not parted and any(names - set(node.running_members) for node in known)


def may_recover(nodes: Nodes) -> str | None:
    """Why the brokers that have data must not be started together, or None if they may. None of them runs."""
    if found := next((name for name, node in nodes.items() if is_running(node)), None):
        return f"a broker runs on {found} by now: run this again, it lets the others join."
    for name, node in nodes.items():
        if isinstance(node, BrokerNode) and node.draining:
            return f"the broker on {name} runs and is drained: `hatui undrain {name}`."
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            return f"{name} can't be read ({node.reason.rstrip('.')}), and the others wait for it: bring it back."
    return _of_one_cluster(nodes)


def may_force(nodes: Nodes, chosen: str) -> str | None:
    """Why the broker on `chosen` must not be made to start without the others, or None if a person may choose that."""
    if found := next((name for name, node in nodes.items() if is_running(node)), None):
        return f"a broker runs on {found}: nothing is forced beside it. Without --force-from the others join it."
    for name, other in nodes.items():
        if isinstance(other, Unknown) and other.alive:
            return f"{name} is not down: {other.reason.rstrip('.')}. Nothing is forced beside it."
        if isinstance(other, BrokerNode) and other.draining:
            return f"the broker on {name} runs and is drained: `hatui undrain {name}`."
        if isinstance(other, BrokerNode) and name != chosen and runs(other.service):
            return (
                f"the broker on {name} does not answer, and its unit is active: it may serve. Find out, or "
                f"`systemctl stop rabbitmq-server` on {name}; nothing is forced beside it."
            )
    node = nodes[chosen]
    if isinstance(node, Unknown):
        return f"{chosen} can't be read: {node.reason}"
    if not node.members:
        return f"{chosen} has no data of a broker: it can't be the one to begin with."
    return _of_one_cluster(nodes)


def _of_one_cluster(nodes: Nodes) -> str | None:
    if not with_data(nodes):
        return f"no broker has data: there is nothing to recover. {DEPLOY} creates a cluster."
    return may_start_together(nodes)


def lost(nodes: Nodes, chosen: str) -> Iterator[str]:
    """What would be lost if `chosen` were started without waiting for the others, a sentence each."""
    mine = nodes[chosen]
    assert isinstance(mine, BrokerNode)
    for name, node in nodes.items():
        if name == chosen:
            continue
        if isinstance(node, Unknown):
            yield (
                f"queues, users and bindings that were declared while {name} ran and {chosen} did not: {name} can't "
                "be read"
            )
        elif node.members and mine.name not in node.running_members:
            yield f"what was declared after {chosen} had ended: {name} last saw it down"
    unread = [node for node in nodes.values() if isinstance(node, Unknown)]
    if unread:
        yield (
            "messages in classic queues of a host that does not come back; those of quorum queues are safe while a "
            "majority of the brokers has its disk"
        )
