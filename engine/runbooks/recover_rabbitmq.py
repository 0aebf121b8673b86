"""Bring the brokers back after all were down: together, or beginning with one that a person chooses."""

from collections.abc import Sequence

from cluster.rabbitmq.evidence import Nodes, is_running, table
from cluster.rabbitmq.gates import apart, incomplete, main_cluster, may_start
from cluster.rabbitmq.record import BrokerNode
from cluster.rabbitmq.recovery import joining, lost, may_force, may_recover, waiting, with_data
from cluster.spec import Role
from engine.losses import told
from engine.runbook import Plan, View
from operations.rabbitmq import nodes_of
from operations.rabbitmq_recovery import anew, awaited, forced, joined, started, stopped, whole

PARAMETERS = {"force_from": "the broker to begin with, without waiting for the others (force_boot)"}

TITLE = "Bring the brokers back"
RESTS_ON = ("rabbitmq",)
EXPECTED = "no broker takes clients now; they do as soon as a majority runs"


def plan(view: View, force_from: str = "") -> Plan:
    hosts = view.cluster.names(Role.CONTROLLER)
    if force_from and force_from not in hosts:
        return Plan(TITLE, refused=f"{force_from} is no controller: there are {', '.join(hosts)}.")
    nodes = nodes_of(hosts)
    broken = [one for one in view.broken if one.runbook == "recover_rabbitmq"]
    if any(is_running(node) for node in nodes.values()):
        return _rest(nodes, force_from, [one.run for one in broken])
    members = with_data(nodes)
    if force_from:
        return _forced(nodes, force_from, [one.run for one in broken])
    if reason := may_recover(nodes):
        return Plan(TITLE, refused=f"Nothing is started: {reason}{_way(nodes)}", evidence=table(nodes))
    empty = [name for name in hosts if name not in members]
    lines = [f"{name} has no data: `pyinfra inventory.py deploy/rabbitmq.py` takes it in afterwards." for name in empty]
    return Plan(
        TITLE,
        [started(hosts, members), whole(members, len(hosts))],
        evidence="\n".join([table(nodes), "Each waits for those that ended after it.", *lines]),
        expected=EXPECTED,
        rests_on=RESTS_ON,
        broken=[one.run for one in broken],
    )


def _way(nodes: Nodes) -> str:
    known = with_data(nodes)
    if len(known) == len(nodes) or not known:
        return ""
    return f" If it does not come back: `--force-from HOST` ({', '.join(known)}), and read what is lost by it."


def _rest(nodes: Nodes, force_from: str, broken: list[str]) -> Plan:
    """A broker runs: nothing is forced, and the others start beside it."""
    known = {name: node for name, node in nodes.items() if isinstance(node, BrokerNode)}
    silent = [name for name, node in known.items() if not node.running and node.members and not node.draining]
    if not silent and len(known) == len(nodes) and incomplete(nodes) is None:
        said = f"The message queue is whole: {len(nodes)} of {len(nodes)} brokers run, and see each other."
        return Plan(TITLE, already=said, broken=broken)
    running = next(name for name, node in known.items() if node.running)
    if reason := _why_not_join(nodes, silent, force_from):
        return Plan(TITLE, refused=f"Nothing is started: {reason}", evidence=table(nodes))
    waits = [name for name in waiting(nodes) if name in silent]
    down = [name for name in silent if name not in waits]
    steps = [joined(down, running)] if down else []
    # One that was started before another was forced to boot may wait in vain.
    steps += [awaited(waits)] if waits else []
    lines = [table(nodes)]
    if alone := apart(nodes):
        steps.append(anew(list(nodes), alone))
        lines.append(f"What clients declared on {', '.join(alone)} since it came up by itself is lost.")
    members = [name for name, node in known.items() if node.running or name in silent]
    steps.append(whole(members, len(nodes)))
    return Plan(TITLE, steps, evidence="\n".join(lines), rests_on=RESTS_ON, broken=broken)


def _why_not_join(nodes: Nodes, silent: Sequence[str], force_from: str) -> str | None:
    """Why the brokers `silent` must not be started beside those that run, or None if there are some and they may."""
    if force_from and not is_running(nodes[force_from]):
        return may_force(nodes, force_from)
    if not silent:
        return None if apart(nodes) or joining(nodes) else incomplete(nodes)
    members = main_cluster(nodes)
    if members is None:
        return f"the brokers that run are of different clusters.\n{table(nodes)}"
    known = {name: node for name in silent if isinstance(node := nodes[name], BrokerNode)}
    return next((reason for name, node in known.items() if (reason := may_start(name, node, members))), None)


def _forced(nodes: Nodes, chosen: str, broken: list[str]) -> Plan:
    if reason := may_force(nodes, chosen):
        return Plan(TITLE, refused=f"Nothing is forced: {reason}", evidence=table(nodes))
    hosts, others = list(nodes), [name for name in with_data(nodes) if name != chosen]
    steps = [stopped(hosts, waits)] if (waits := waiting(nodes)) else []
    steps.append(forced(hosts, chosen, nodes))
    steps += [joined(others, chosen)] if others else []
    unread = [name for name, node in nodes.items() if not isinstance(node, BrokerNode)]
    return Plan(
        f"{TITLE}, beginning with {chosen}",
        [*steps, whole([chosen, *others], len(hosts))],
        evidence=f"{table(nodes)}\n{told(lost(nodes, chosen), unread, 'its broker')}",
        expected=EXPECTED,
        typed=chosen,
        rests_on=RESTS_ON,
        broken=broken,
    )
