"""RabbitMQ after all brokers were down, as steps: all together, or one that is made to start without the others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from cluster.rabbitmq.evidence import Nodes, is_running
from cluster.rabbitmq.gates import apart, incomplete
from cluster.rabbitmq.names import UNIT
from cluster.rabbitmq.record import BrokerNode
from cluster.rabbitmq.recovery import may_force, may_recover
from operations.hosts import shell, shell_all
from operations.rabbitmq import START, TOGETHER, nodes_of, start
from operations.steps import Refused, Step, wait_for

STOP = 15
"""Seconds that a broker which waits for others gets to end."""
PATIENCE = 30
"""Seconds in which a broker that is being started beside one that runs should answer."""

_STOP = f"""
systemctl --no-block stop {UNIT}
state() {{ systemctl show --property=ActiveState --value {UNIT}; }}
for try in $(seq {2 * STOP}); do
    case "$(state)" in inactive|failed) break;; esac
    sleep 0.5
done
case "$(state)" in inactive|failed) ;; *) systemctl kill -s KILL {UNIT};; esac
systemctl stop {UNIT}; systemctl reset-failed {UNIT} 2>/dev/null
case "$(state)" in inactive|failed) ;; *) exit 1;; esac
"""


def started(hosts: Sequence[str], names: Sequence[str]) -> Step:
    """The brokers on `names` are started side by side; which of them has the newest data they find out themselves."""
    return Step(
        f"Start the brokers on {', '.join(names)} together",
        lambda: start(names, TOGETHER),
        precheck=lambda: may_recover(nodes_of(hosts)),
        lasting="they go on starting by themselves",
    )


def awaited(names: Sequence[str]) -> Step:
    """The brokers on `names`, which are being started beside one that runs, answer; who waits too long starts anew.

    One that waited when another was forced to boot does not find its tables there until it is started again (RabbitMQ
    3.10: "Waiting for Mnesia tables").
    """

    def silent() -> list[str]:
        return [name for name, node in nodes_of(names).items() if not is_running(node)]

    def why_not() -> str | None:
        late = silent()
        return f"the broker on {late[0]} does not answer" if late else None

    def act() -> None:
        with contextlib.suppress(Refused):
            wait_for(why_not, within=PATIENCE)
        if late := silent():
            shell_all(late, _STOP, timeout=STOP + 60)
            start(late, START)

    return Step(
        f"The brokers on {', '.join(names)} answer; who still waits after {PATIENCE} s is started anew",
        act,
        verify=why_not,
        lasting="they go on starting by themselves",
    )


def anew(hosts: Sequence[str], names: Sequence[str]) -> Step:
    """The brokers on `names`, which came up alone, are started again, and find the others then."""

    def act() -> None:
        shell_all(names, _STOP, timeout=STOP + 60)
        start(names, START)

    def why_not() -> str | None:
        seen = sorted(set(names) - set(apart(nodes_of(hosts))))
        return f"the broker on {seen[0]} sees others by now: look again" if seen else None

    return Step(
        f"Start the broker on {', '.join(names)} anew: it runs by itself, and the others go on without it",
        act,
        precheck=why_not,
        lasting="it goes on starting by itself",
    )


def stopped(hosts: Sequence[str], names: Sequence[str]) -> Step:
    """The brokers on `names`, which wait for others, are stopped."""

    def act() -> None:
        shell_all(names, _STOP, timeout=STOP + 60)

    def undo() -> None:
        if not any(is_running(node) for node in nodes_of(hosts).values()):
            shell_all(names, f"systemctl --no-block start {UNIT}")

    return Step(
        f"Stop the brokers on {', '.join(names)}: they wait for others in vain",
        act,
        precheck=lambda: _runs(nodes_of(hosts)),
        undo=undo,
    )


def _runs(nodes: Nodes) -> str | None:
    runs = next((name for name, node in nodes.items() if is_running(node)), None)
    return f"a broker runs on {runs} by now: look again." if runs else None


def forced(hosts: Sequence[str], chosen: str, before: Nodes) -> Step:
    """The broker on `chosen` starts without waiting for the others (`force_boot`), if all is as it was."""

    def why_not() -> str | None:
        now = nodes_of(hosts)
        return may_force(now, chosen) or _moved(before, now)

    def act() -> None:
        shell(chosen, "rabbitmqctl -q force_boot >/dev/null", timeout=60)
        start([chosen], START)

    return Step(
        f"Start the broker on {chosen} without waiting for the others (force_boot)",
        act,
        precheck=why_not,
        lasting=f"the broker on {chosen} is the cluster now; run this again for the others to join it",
    )


def _moved(before: Nodes, now: Nodes) -> str | None:
    for name, then in before.items():
        found = now[name]
        if isinstance(then, BrokerNode) != isinstance(found, BrokerNode):
            return f"{name} {'can no longer' if isinstance(then, BrokerNode) else 'can now'} be read: look again"
    return None


def joined(names: Sequence[str], chosen: str) -> Step:
    """The brokers on `names` start beside the one that runs on `chosen`."""

    def why_not() -> str | None:
        return None if is_running(nodes_of([chosen])[chosen]) else f"the broker on {chosen} does not run"

    return Step(
        f"Start the brokers on {', '.join(names)} beside it",
        lambda: start(names, START),
        precheck=why_not,
        lasting="they go on starting by themselves",
    )


def whole(names: Sequence[str], size: int) -> Step:
    """The brokers on `names` run and see one another, in a cluster of `size` members."""
    why_not: Callable[[], str | None] = (
        (lambda: incomplete(nodes_of(names))) if len(names) == size else (lambda: _see_one_another(nodes_of(names)))
    )
    return Step(f"{', '.join(names)} see one another", _nothing, verify=why_not, within=START, undo=_nothing)


def _see_one_another(nodes: Nodes) -> str | None:
    known = [node for node in nodes.values() if isinstance(node, BrokerNode) and node.running]
    if len(known) < len(nodes):
        return "not all of them can be read and run"
    there = {node.name for node in known}
    parted = [node.name for node in known if not there <= set(node.running_members) or node.partitions]
    return f"{parted[0]} does not see the others" if parted else None


def _nothing() -> None:
    """Only looked at."""
