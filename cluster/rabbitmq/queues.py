"""The queues of RabbitMQ: one without a leader, without a majority or stopped takes nothing; one may lack members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cluster.health.verdict import Finding, Verdict
from cluster.rabbitmq.record import QUEUES_UNTOLD, BrokerNode, BrokerQueue
from cluster.state import Unknown

STOPPED = ("down", "stopped", "crashed", "terminated", "noproc")
"""States of a queue that takes nothing (`state` of the management API)."""
REPLICATED = ("quorum", "stream")
COPIES = 3
"""Members that a replicated queue has by default where there are as many brokers (x-quorum-initial-group-size)."""
NAMED = 3
"""Queues that a sentence names; the others are counted."""


def queue_findings(nodes: Mapping[str, BrokerNode | Unknown]) -> list[Finding]:
    """What is wrong with the queues, as the broker tells that lists any and sees most of the others."""
    known = {name: node for name, node in nodes.items() if isinstance(node, BrokerNode) and node.running}
    tellers = [node for node in known.values() if node.queues]
    if not tellers:
        unread = [name for name, node in known.items() if QUEUES_UNTOLD in node.untold]
        reason = f"the queues are not known: the list that {', '.join(unread)} gave can't be read"
        return [Finding(Verdict.UNKNOWN, reason)] if unread else []
    teller = max(tellers, key=lambda node: len(node.running_members))
    return list(_findings(teller))


def _findings(teller: BrokerNode) -> Iterable[Finding]:
    leaderless = [queue for queue in teller.queues if _replicated(queue) and not queue.leader]
    minority = [queue for queue in teller.queues if queue not in leaderless and _without_majority(queue)]
    stopped = [
        queue for queue in teller.queues if queue.state in STOPPED and queue not in leaderless and queue not in minority
    ]
    lacking = [
        queue
        for queue in teller.queues
        if queue not in leaderless and queue not in minority and queue not in stopped and _lost(teller, queue)
    ]
    for found, said in (
        (leaderless, "no leader"),
        (minority, "no majority of their members" if len(minority) > 1 else "no majority of its members"),
    ):
        if found:
            yield Finding(Verdict.FAIL, f"{_counted(found, 'have', 'has')} {said}: {_named(found)}")
    if stopped:
        shown = ", ".join(sorted({queue.state for queue in stopped}))
        yield Finding(Verdict.FAIL, f"{_counted(stopped, 'take', 'takes')} nothing ({shown}): {_named(stopped)}")
    if lacking:
        first = lacking[0]
        members = len(first.members) or _expected(teller)
        yield Finding(
            Verdict.WARN,
            f"{_counted(lacking, 'have', 'has')} lost members: {_named(lacking)} ({len(first.online)} of {members} "
            f"members of {first.name} are online)",
        )


def _replicated(queue: BrokerQueue) -> bool:
    return queue.kind in REPLICATED


def _without_majority(queue: BrokerQueue) -> bool:
    if queue.state == "minority":
        return True
    return _replicated(queue) and 0 < 2 * len(queue.online) <= len(queue.members)


def _expected(teller: BrokerNode) -> int:
    return min(COPIES, len(teller.members))


def _lost(teller: BrokerNode, queue: BrokerQueue) -> bool:
    """Whether the queue lacks members that don't lie on a broker which is itself away, and told of for that."""
    if not _replicated(queue) or not queue.online:
        # What is new has not told them yet.
        return False
    running = set(teller.running_members)
    if queue.members:
        return bool((set(queue.members) - set(queue.online)) & running)
    return len(queue.online) < min(COPIES, len(running))


def _counted(queues: Sequence[BrokerQueue], many: str, one: str) -> str:
    return f"{len(queues)} queue{'s' if len(queues) > 1 else ''} {many if len(queues) > 1 else one}"


def _named(queues: Sequence[BrokerQueue]) -> str:
    shown = ", ".join(f"{queue.name} in {queue.vhost}" for queue in queues[:NAMED])
    return f"{shown} and {len(queues) - NAMED} more" if len(queues) > NAMED else shown
