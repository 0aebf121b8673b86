"""RabbitMQ: the message queue, a cluster of brokers on the controllers."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.haproxy.loads import sessions
from cluster.haproxy.record import HAPROXY_STAT
from cluster.layer import Layer, Load, Port, Unit
from cluster.rabbitmq.checks import checks
from cluster.rabbitmq.names import RABBITMQ_BACKEND, STAMPED, UNIT
from cluster.rabbitmq.record import RABBIT_CLUSTER
from cluster.rabbitmq.steady import STEADY
from cluster.rabbitmq.things import things
from cluster.rabbitmq.verdict import rabbitmq_health
from cluster.spec import Cluster, Role
from cluster.state import ClusterState


def _loads(_: Cluster, state: ClusterState) -> Mapping[str, Load]:
    return sessions(state, (RABBITMQ_BACKEND,), "a broker with {} clients")


def _ports(spec: Cluster) -> tuple[Port, ...]:
    brokers = spec.addresses(Role.CONTROLLER)
    # RabbitMQ's "Networking", "Port Access".
    return (
        Port("tcp", "4369", brokers, "where each node's port is (epmd)"),
        Port("tcp", "25672", brokers, "Erlang's distribution"),
        Port("tcp", "35672-35682", brokers, "Erlang's distribution, for its tools"),
    )


def _packages(_: Cluster) -> tuple[str, ...]:
    return "rabbitmq-server", "curl"


RABBITMQ = Layer(
    name="rabbitmq",
    roles=(Role.CONTROLLER,),
    checks=checks,
    facts=(RABBIT_CLUSTER,),
    verdict=lambda spec, state: rabbitmq_health(spec, state[RABBIT_CLUSTER], state[HAPROXY_STAT]),
    steady=STEADY,
    things=things,
    loads=_loads,
    units=(Unit(UNIT, STAMPED, "the broker is restarted"),),
    ports=_ports,
    recovery="the brokers, all together",
    packages=_packages,
)
