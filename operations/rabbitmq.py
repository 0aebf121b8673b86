"""The RabbitMQ cluster: created on evidence, and joined, each broker behind its gate."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Generator, Mapping, Sequence

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.rabbitmq.evidence import Nodes, is_running, is_up, table
from cluster.rabbitmq.gates import incomplete, main_cluster, may_create, may_start, may_start_together
from cluster.rabbitmq.names import BROKER_DRAINED_FILE, DATA, UNIT, WATCH_LOGIN
from cluster.rabbitmq.record import BrokerNode
from cluster.state import Unknown
from cluster.text import clean, sentence
from facts.rabbitmq import API, RabbitCluster
from operations.hosts import look_all, shell, taking_part
from operations.service import last_words, now, or_last_words
from operations.starting import all_starting, starting
from operations.steps import Refused, Step, refused, wait_for

LOG = "/var/log/rabbitmq/rabbitmq-server.log"
"""Where the unit writes what the broker says, on Debian."""
START = 120
"""Seconds in which a broker must answer and be seen by all."""
TOGETHER = 360
"""Seconds for brokers that wait for one another after all were down: one that misses another tries for 300 s."""
RETURN = 60
"""Seconds in which a broker that runs and does not answer may come back by itself."""


def nodes_of(hosts: Sequence[str]) -> Nodes:
    """Every controller's record, read now."""
    return look_all(hosts, RabbitCluster)


@operation()
def created(hosts: Sequence[str], *, together: bool) -> Generator[PyinfraCommand, None, None]:
    """See to it that a broker runs: those with data are started together.

    If none has any, a new cluster begins with the first of `hosts`, or, with `together`, with all of them, which then
    find one another; without the others the first would wait (cluster.releases.BROKERS_FORM_TOGETHER).

    Looks at all `hosts`, those outside of this run too. Refused, with the evidence, in any case of doubt.
    """
    nodes = nodes_of(hosts)
    if any(is_running(node) for node in nodes.values()):
        return
    with_data = [name for name, node in nodes.items() if isinstance(node, BrokerNode) and node.members]
    if with_data:
        if reason := may_start_together(nodes):
            yield refused("Start the brokers", reason)
        else:
            yield Step(f"Start the brokers on {', '.join(with_data)} together", lambda: start(with_data, TOGETHER))
    elif reason := may_create(nodes):
        yield refused("Create the RabbitMQ cluster", reason)
    elif together and (outside := [name for name in hosts if name not in taking_part(hosts)]):
        yield refused(
            "Create the RabbitMQ cluster",
            f"the brokers of this release form a new cluster only together, and {', '.join(outside)} "
            f"{'is' if len(outside) == 1 else 'are'} not part of this run. Run it without --limit.",
        )
    else:
        first = list(hosts) if together else list(hosts[:1])
        yield Step(f"Create the RabbitMQ cluster on {', '.join(first)}", lambda: _create(hosts, first))


def _create(hosts: Sequence[str], first: Sequence[str]) -> None:
    if reason := may_create(nodes_of(hosts)):
        raise Refused(reason)
    start(first, START if len(first) == 1 else TOGETHER)


def start(names: Sequence[str], within: float) -> None:
    """Start the brokers side by side, and wait until each answers. Refused with the last words of one that does not."""
    with all_starting(names, UNIT):
        _start(names, within)


def _start(names: Sequence[str], within: float) -> None:
    since = {name: shell(name, now(LOG)).strip() for name in names}
    for name in names:
        shell(
            name,
            f"systemctl daemon-reload; systemctl enable -q {UNIT}; systemctl reset-failed {UNIT} 2>/dev/null;"
            f" systemctl start --no-block {UNIT}",
        )
    try:
        wait_for(lambda: _why_not_running(names), within=within)
    except Refused as refusal:
        silent = next((name for name, node in nodes_of(names).items() if not is_running(node)), names[0])
        said = clean(shell(silent, f"{last_words(UNIT, since[silent], LOG, data=DATA)}; true"), 400)
        raise Refused(f"{sentence(str(refusal))} {said}" if said else str(refusal)) from refusal


def _why_not_running(names: Sequence[str]) -> str | None:
    for name, node in nodes_of(names).items():
        if isinstance(node, Unknown):
            return f"{name} can't be read: {node.reason}"
        if not node.running:
            return f"the broker on {name} does not answer (see /var/log/rabbitmq on {name})"
    return None


@operation()
def joined(hosts: Mapping[str, str]) -> Generator[PyinfraCommand, None, None]:
    """Bring every broker into the cluster; `hosts` maps each to its address.

    A broker that is down is started, and finds the others by its settings. One whose data is gone while the cluster
    still counts it is forgotten first, and gets its replicas anew. One that made a cluster of its own joins the main
    one, if it has no queues. A host that can't be reached is left to the gates of what follows.
    """
    names = list(hosts)
    nodes = nodes_of(names)
    members = main_cluster(nodes)
    known = {name: node for name, node in nodes.items() if isinstance(node, BrokerNode)}
    if members is None:
        yield refused("Join the brokers", f"it can't be told which cluster is the one to join.\n{table(nodes)}")
        return
    live = next(name for name, node in known.items() if node.running and set(node.members) == members)
    alone = [name for name, node in known.items() if node.running and {node.name} == set(node.members) != members]
    for name, node in known.items():
        service = node.service
        if service is not None and (service.reload_due or not service.enabled):
            yield Step(f"{name}: the broker starts at boot", lambda name=name: _enable(name))  # type: ignore[misc]
        if name in alone:
            yield Step(f"{name} joins the RabbitMQ cluster", lambda node=node, name=name: _rejoin(name, node, live))  # type: ignore[misc]
    down = {name: node for name, node in known.items() if not node.running}
    for name, node in down.items():
        if reason := may_start(name, node, members):
            yield refused(f"{name} joins the RabbitMQ cluster", reason)
            return
        if node.name in members and not node.members:
            yield Step(f"{name} has lost its data: forget it", lambda node=node: _forget(live, node.name))  # type: ignore[misc]
    returning = [name for name, node in down.items() if is_up(node)]
    if returning:
        yield Step(
            f"{', '.join(returning)} answers", lambda: wait_for(lambda: _why_not_running(returning), within=RETURN)
        )
    starting = [name for name in down if name not in returning]
    if starting:
        yield Step(
            f"{', '.join(starting)} joins the RabbitMQ cluster",
            lambda: start(starting, START),
            on=starting[0] if len(starting) == 1 else "",
        )
    if len(known) == len(nodes) and incomplete(nodes):
        yield Step(
            "All brokers are in one cluster", lambda: wait_for(lambda: incomplete(nodes_of(names)), within=START)
        )
    for name, node in known.items():
        if name in alone or not (node.running or node.members):
            yield Step(f"{name} gets its replicas", lambda node=node: _grow(live, node.name))  # type: ignore[misc]


def _enable(name: str) -> None:
    shell(name, f"systemctl daemon-reload; systemctl enable -q {UNIT}")


def _forget(live: str, node: str) -> None:
    """The cluster gives the member up, and takes its replicas out of all quorum queues (rabbitmqctl(8))."""
    shell(live, f"rabbitmqctl -q forget_cluster_node {shlex.quote(node)} >/dev/null", timeout=60)


def _grow(live: str, node: str) -> None:
    """Quorum queues take no new member by themselves (rabbitmq-queues(8), `grow`)."""
    if not _queues(live):
        return
    shell(live, f"rabbitmq-queues -q grow {shlex.quote(node)} all >/dev/null", timeout=300)


def _rejoin(name: str, node: BrokerNode, live: str) -> None:
    if queues := _queues(name):
        raise Refused(
            f"{name} runs as a cluster of its own ({', '.join(node.members)}) and has {queues} queues, which joining "
            "would delete. Move what is needed, delete the queues, and run this deploy again."
        )
    others = look_all([live], RabbitCluster)[live]
    if not isinstance(others, BrokerNode) or not others.running:
        raise Refused(f"{name} can't join: the broker on {live} does not answer.")
    if node.name in others.members:
        _forget(live, node.name)
    shell(
        name,
        "set -e; rabbitmqctl -q stop_app; rabbitmqctl -q reset; "
        f"rabbitmqctl -q join_cluster {shlex.quote(others.name)}; rabbitmqctl -q start_app",
        timeout=120,
    )


def _ask(name: str, path: str) -> str:
    """What the management API of `name` answers to the watch account."""
    return shell(name, f"curl -qsS -K {WATCH_LOGIN} -m 10 {shlex.quote(f'{API}/{path}')}", timeout=15).strip()


def _queues(name: str) -> int:
    """How many queues there are in all virtual hosts."""
    said = _ask(name, "overview?columns=object_totals.queues")
    try:
        return int(json.loads(said)["object_totals"]["queues"])
    except (ValueError, LookupError, TypeError) as error:
        raise Refused(f"{name}: its management API does not say how many queues there are: {clean(said)}") from error


def connections(name: str) -> int:
    """How many clients the broker on `name` has now; 0 where that can't be told."""
    try:
        return int(shell(name, "ss -Htn state established '( sport = :5672 )' | wc -l", timeout=10))
    except (Refused, ValueError):
        return 0


def why_critical(name: str) -> str | None:
    """Why the quorum queues can't do without the broker on `name`, or None (the API's node-is-quorum-critical)."""
    said = _ask(name, "health/checks/node-is-quorum-critical")
    if re.fullmatch(r'\{"status":"ok"[^}]*\}', said):
        return None
    return f"quorum queues would lose their majority without {name}. {clean(said)}"


def restart_service(name: str) -> None:
    """Restart the broker's unit on `name`, with new files of its own taken in. Refused with its last words.

    A broker that has the mark goes into maintenance again when it starts.
    """
    with starting(name, UNIT):
        shell(
            name,
            f"rm -f {BROKER_DRAINED_FILE}; systemctl daemon-reload; "
            + or_last_words(f"systemctl restart {UNIT}", UNIT, LOG, data=DATA),
            timeout=300,
        )


def why_not_serving(name: str, address: str) -> str | None:
    """Why the broker on `name` takes no clients, or None when it begins the AMQP handshake (0-9-1, 4.2.2)."""
    script = f"exec 3<>/dev/tcp/{address}/5672 && printf 'AMQP\\0\\0\\011\\001' >&3 && head -c 1 <&3 | od -An -tx1"
    said = shell(name, f"timeout 3 bash -c {shlex.quote(script)} 2>&1; true", timeout=10).strip()
    return None if said == "01" else f"the broker on {name} takes no clients: {clean(said) or 'no answer'}"
