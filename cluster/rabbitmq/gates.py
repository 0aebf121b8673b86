"""RabbitMQ: when a cluster may be created, who must join which, and when a broker may be restarted.

`nodes` maps every controller of the cluster to its broker's record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from cluster.rabbitmq.evidence import Nodes, is_up, table
from cluster.rabbitmq.record import QUEUES_UNTOLD, BrokerNode
from cluster.reason import Advised
from cluster.state import Unknown


def may_create(nodes: Nodes) -> str | None:
    """Why no new cluster must be created, or None if there is evidence that none exists."""
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            return f"no cluster is created: {name} may be a member of one, and can't be read. {name} {node.reason}"
        if node.members:
            return f"no cluster is created: there is one.\n{table(nodes)}"
        if is_up(node):
            return f"no cluster is created: a broker starts on {name}. Run this deploy again in a minute."
    return None


def may_start_together(nodes: Nodes) -> str | None:
    """Why the brokers that have data, none of which runs, must not be started, or None if they are of one cluster.

    Each waits for those that stopped after it; which has the newest data they find out by themselves. One that has
    another's name in its file and is not in that one's file was parted from it.
    """
    known = {name: node for name, node in nodes.items() if isinstance(node, BrokerNode) and node.members}
    for one in known.values():
        for other in known.values():
            if other.name not in one.members:
                return (
                    f"the brokers' data is of different clusters. Nothing is started.\n{table(nodes)}\n"
                    "Find out which is yours; on a host whose data is not needed move /var/lib/rabbitmq/mnesia away."
                )
    return None


def main_cluster(nodes: Nodes) -> frozenset[str] | None:
    """The members (Erlang names) of the cluster that runs; None if it can't be told which of several is it."""
    running = [node for node in nodes.values() if isinstance(node, BrokerNode) and node.running]
    groups = Counter(frozenset(node.members) for node in running)
    largest = [members for members, size in groups.items() if size == max(groups.values())]
    return next(iter(largest)) if len(largest) == 1 else None


def apart(nodes: Nodes) -> list[str]:
    """The hosts whose broker runs by itself: a majority of its cluster see one another, and neither side the other.

    Such a one came up alone: by what it remembered it was the last to go down.
    """
    known = {name: node for name, node in nodes.items() if isinstance(node, BrokerNode) and node.running}
    groups = Counter(frozenset(node.running_members) for node in known.values())
    for group, count in groups.items():
        if count == len(group) and 2 * count > len(nodes):
            return [name for name, node in known.items() if group.isdisjoint({node.name, *node.running_members})]
    return []


def may_start(name: str, node: BrokerNode, members: frozenset[str]) -> str | None:
    """Why the broker on `name`, which is down, can't join the cluster of `members`, or None if it can."""
    if node.members and node.name not in members:
        return (
            f"{name} was taken out of the cluster and has its former data, with which it does not start. "
            f"Move /var/lib/rabbitmq/mnesia on {name} away, and run this deploy again."
        )
    return None


def incomplete(nodes: Nodes, besides: Collection[str] = frozenset()) -> str | None:
    """Why the cluster is not whole and at rest, or None if every broker runs, sees all others, and has no alarm.

    The brokers on the hosts `besides` may be down, but are members as all others are.
    """
    counted = {name: node for name, node in nodes.items() if name not in besides}
    for name, node in counted.items():
        if isinstance(node, Unknown):
            return f"{name} can't be read: {node.reason}"
    known = {name: node for name, node in counted.items() if isinstance(node, BrokerNode)}
    wanted = {node.name for node in known.values()}
    for name, node in known.items():
        if node.draining:
            return Advised(f"the broker on {name} is drained (`hatui undrain {name}` puts it back into service)")
        if not node.running:
            return f"the broker on {name} {'does not answer' if is_up(node) else 'is down'}"
        if {member for member in node.members if _host_of(member, besides) not in besides} != wanted:
            return f"{name} is in a cluster of {', '.join(node.members)}, not of {', '.join(sorted(wanted))}"
        if missing := wanted - set(node.running_members):
            return f"{name} does not see {', '.join(sorted(missing))} running"
        if node.partitions:
            return f"{name} is partitioned from {', '.join(node.partitions)}"
        for member, others in node.parted.items():
            if _host_of(member, besides) not in besides:
                return f"{member} is partitioned from {', '.join(others)}, as {name} tells"
        if untold := [what for what in node.untold if what != QUEUES_UNTOLD]:
            return f"{name} does not tell {', '.join(untold)}"
        if node.alarms:
            return f"{name} has an alarm: {', '.join(node.alarms)}"
    return None


def _host_of(member: str, hosts: Collection[str]) -> str:
    """The host of an Erlang node, which is called NAME@HOST, or NAME@HOST.DOMAIN."""
    host = member.partition("@")[2]
    return host if host in hosts else host.partition(".")[0]


def may_restart_rabbitmq(nodes: Nodes, host: str) -> str | None:
    """Why the broker on `host` must not be restarted now, or None if all are there to carry on without it."""
    reason = incomplete(nodes)
    return f"{host} is not restarted: {reason}." if reason else None


def may_drain_broker(nodes: Nodes, host: str) -> str | None:
    """Why the broker on `host` must not be taken out of service now, or None: all others are there to carry on."""
    own = nodes.get(host)
    if own is None:
        return f"{host} carries no broker"
    others = {name: node for name, node in nodes.items() if name != host}
    for name, node in others.items():
        if isinstance(node, Unknown):
            return f"{host} is not drained: {name} can't be read: {node.reason}"
        if node.draining:
            return f"{host} is not drained: {name} is (`hatui undrain {name}` first)"
        if not node.running:
            return f"{host} is not drained: the broker on {name} does not run"
        if node.partitions or node.alarms:
            return f"{host} is not drained: {incomplete(nodes, {host})}"
    return None
