"""A broker taken out of service and put back, or restarted: its clients and its queues' leaders go elsewhere first.

By hand, and by a deploy alike.

Source: RabbitMQ's "Upgrading", maintenance mode; rabbitmq-upgrade(8), `drain` and `revive`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.names import LASTING
from cluster.rabbitmq.evidence import is_up
from cluster.rabbitmq.gates import incomplete, may_drain_broker, may_restart_rabbitmq
from cluster.rabbitmq.names import BROKER_DRAINED_FILE, RABBITMQ_BACKEND, UNIT
from cluster.rabbitmq.record import BrokerNode
from cluster.state import Unknown
from facts.rabbitmq import RabbitCluster
from operations import servers, services
from operations.hosts import look, shell, taking_part
from operations.procedure import Procedure, taken
from operations.rabbitmq import START, connections, nodes_of, restart_service, start, why_critical, why_not_serving
from operations.steps import Refused, Step, refused
from operations.traffic import carrying

DRAIN = 120
"""Seconds in which a broker must have closed its clients' connections and handed its leaders over."""


def drained(hosts: Sequence[str], balancers: Sequence[str], name: str, *, whole: bool = False) -> list[Step]:
    """The steps that take the broker on `name` out of service; it stays a member with its vote.

    With `whole` only where the cluster is whole, `name` too, unless it is drained already.
    """

    def why_not() -> str | None:
        nodes = nodes_of(hosts)
        against = may_restart_rabbitmq if whole and not _draining(name) else may_drain_broker
        return against(nodes, name) or _critical(name)

    return [
        Step(
            f"New AMQP connections go to others than {name}",
            lambda: servers.keep_away(balancers, RABBITMQ_BACKEND, name),
            precheck=why_not,
            verify=lambda: _still_sent_to(balancers, name),
            undo=lambda: servers.undrain(balancers, RABBITMQ_BACKEND, name),
            on=name,
        ),
        Step(
            f"The broker on {name} hands its clients and leaders over",
            lambda: _drain(balancers, name),
            precheck=lambda: may_drain_broker(nodes_of(hosts), name),
            verify=lambda: None if _draining(name) else f"the broker on {name} is not in maintenance",
            undo=lambda: _revive(name),
            on=name,
        ),
    ]


def revived(hosts: Mapping[str, str], balancers: Sequence[str], name: str) -> list[Step]:
    """The steps that put the broker on `name` back into service; `hosts` maps each broker's host to its address."""
    return [
        Step(
            f"The broker on {name} takes clients again",
            lambda: _revive(name),
            verify=lambda: _not_back(hosts, name),
            within=START,
            lasting=f"the broker on {name} takes clients",
            on=name,
        ),
        given_back(balancers, name),
    ]


def given_back(balancers: Sequence[str], name: str) -> Step:
    """The step after which the balancers send clients to the broker on `name` again."""
    return Step(
        f"The balancers send AMQP clients to {name} again",
        lambda: servers.undrain(balancers, RABBITMQ_BACKEND, name),
        verify=lambda: services.not_up(balancers, RABBITMQ_BACKEND, name),
        within=servers.RISE,
        lasting=f"{name} takes clients",
        on=name,
    )


def restarted(hosts: Mapping[str, str], balancers: Sequence[str], name: str) -> list[Step]:
    """The steps that restart the broker on `name` while the others carry on."""
    names = list(hosts)

    return [
        *drained(names, balancers, name, whole=True),
        Step(
            f"RabbitMQ on {name} restarts",
            lambda: restart_service(name),
            precheck=lambda: may_drain_broker(nodes_of(names), name),
            verify=lambda: incomplete(nodes_of(names)) or why_not_serving(name, hosts[name]),
            within=START,
            lasting="it was restarted",
            on=name,
        ),
        given_back(balancers, name),
    ]


def brought_back(hosts: Mapping[str, str], balancers: Sequence[str], name: str) -> None:
    """Let the broker on `name` run with the settings that lie on its disk: started, or restarted where that is due."""
    node = nodes_of([name])[name]
    if not isinstance(node, BrokerNode):
        raise Refused(f"{name} can't be read: {node.reason}")
    if not node.running and not is_up(node):
        start([name], START)
    elif node.service is not None and node.service.restart_due:
        taken(_restarted_now(hosts, balancers, name))


@operation()
def rolled(hosts: Mapping[str, str], balancers: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Restart what runs with former settings, one broker at a time, the one with most connections last.

    Only those of this run; the gates look at all. `hosts` maps each to its address.
    """
    nodes = nodes_of(list(hosts))
    known = {name: node for name, node in nodes.items() if isinstance(node, BrokerNode)}
    here = taking_part(list(hosts))
    due = [name for name, node in known.items() if name in here and node.service and node.service.restart_due]
    if not due:
        return
    unknown = [f"{name} ({node.reason})" for name, node in nodes.items() if isinstance(node, Unknown)]
    if unknown:
        yield refused("Restart RabbitMQ", f"{', '.join(due)} must be restarted, but {unknown[0]} can't be read.")
        return
    for name in sorted(due, key=connections):
        yield Procedure(f"{name}: restart RabbitMQ", partial(_restarted_now, hosts, balancers, name), on=name)


def _restarted_now(hosts: Mapping[str, str], balancers: Sequence[str], name: str) -> list[Step]:
    """The balancers may not run yet."""
    return restarted(hosts, list(carrying(balancers)), name)


def _critical(name: str) -> str | None:
    """One that is drained already says nothing, and is missed by no queue any more."""
    return None if _draining(name) else why_critical(name)


def _still_sent_to(balancers: Sequence[str], name: str) -> str | None:
    for balancer in balancers:
        reason = services.not_up([balancer], RABBITMQ_BACKEND, name)
        if reason is None:
            return f"{balancer} may still send clients to {name}"
    return None


def _draining(name: str) -> bool:
    node = look(name, RabbitCluster)
    return isinstance(node, BrokerNode) and node.draining


def _drain(balancers: Sequence[str], name: str) -> None:
    # The mark first: what is half drained is then seen as drained, and can be given back.
    shell(
        name,
        f"mkdir -p {LASTING} && touch {BROKER_DRAINED_FILE} && sync {BROKER_DRAINED_FILE} "
        "&& rabbitmq-upgrade -q drain >/dev/null",
        timeout=DRAIN,
    )
    # A server that is DOWN shows no more that it is kept away; one in maintenance does.
    servers.end_sessions(balancers, RABBITMQ_BACKEND, name, 0)


def _revive(name: str) -> None:
    # A broker that does not run has nothing to be revived from.
    revive = f"{{ ! systemctl -q is-active {UNIT} || rabbitmq-upgrade -q revive >/dev/null; }}"
    shell(name, f"{revive} && rm -f {BROKER_DRAINED_FILE}", timeout=60)


def _not_back(hosts: Mapping[str, str], name: str) -> str | None:
    node = look(name, RabbitCluster)
    if not isinstance(node, BrokerNode) or not node.running:
        return f"the broker on {name} does not answer"
    return why_not_serving(name, hosts[name])
