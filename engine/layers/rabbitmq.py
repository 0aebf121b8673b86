"""The brokers: their clients and their queues' leaders go elsewhere before one is drained or restarted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.haproxy.gates import kept_away, kept_away_by_all
from cluster.haproxy.record import HAPROXY_STAT
from cluster.rabbitmq.names import RABBITMQ_BACKEND
from cluster.rabbitmq.record import RABBIT_CLUSTER, BrokerNode
from cluster.spec import Cluster, Role
from cluster.state import ClusterState
from engine.handling import Handling, Planned, Restart
from engine.runbook import View
from operations import brokers, servers
from operations.procedure import taken
from operations.rabbitmq import connections

_CLIENTS = "AMQP clients of each broker are closed once and come back elsewhere"


def _addresses(cluster: Cluster) -> Mapping[str, str]:
    return {name: cluster.address(name) for name in cluster.names(Role.CONTROLLER)}


def _there(state: ClusterState) -> bool:
    return any(isinstance(node, BrokerNode) and node.running for node in state[RABBIT_CLUSTER].values())


def _draining(state: ClusterState, host: str) -> bool:
    broker = state[RABBIT_CLUSTER].get(host)
    return isinstance(broker, BrokerNode) and broker.draining


def _drained(view: View, host: str) -> Planned:
    if _draining(view.state, host) and kept_away_by_all(view.state[HAPROXY_STAT], RABBITMQ_BACKEND, host):
        return Planned()
    steps = brokers.drained(view.cluster.names(Role.CONTROLLER), view.cluster.names(Role.HAPROXY), host)
    return Planned(steps, expected=f"AMQP clients of {host} are closed and come back elsewhere")


def _given_back(view: View, host: str) -> Planned:
    balancers = view.cluster.names(Role.HAPROXY)
    if _draining(view.state, host):
        return Planned(brokers.revived(_addresses(view.cluster), balancers, host))
    if host in kept_away(view.state[HAPROXY_STAT], RABBITMQ_BACKEND):
        return Planned([brokers.given_back(balancers, host)])
    return Planned()


def _taken_out(state: ClusterState) -> set[str]:
    drained = {name for name in state[RABBIT_CLUSTER] if _draining(state, name)}
    return drained | kept_away(state[HAPROXY_STAT], RABBITMQ_BACKEND)


def _returned(view: View, host: str) -> None:
    balancers = view.cluster.names(Role.HAPROXY)
    if _draining(view.state, host):
        taken(brokers.revived(_addresses(view.cluster), balancers, host))
    if host in kept_away(view.state[HAPROXY_STAT], RABBITMQ_BACKEND):
        servers.undrain(balancers, RABBITMQ_BACKEND, host)


def _restarted(view: View, _: bool) -> Planned:
    hosts, balancers = _addresses(view.cluster), view.cluster.names(Role.HAPROXY)
    order = sorted(hosts, key=connections)
    return Planned([step for name in order for step in brokers.restarted(hosts, balancers, name)])


def _taken_back(cluster: Cluster, hosts: Sequence[str]) -> None:
    for name in hosts:
        brokers.brought_back(_addresses(cluster), cluster.names(Role.HAPROXY), name)


HANDLING = Handling(
    there=_there,
    drained=_drained,
    given_back=_given_back,
    taken_out=_taken_out,
    returned=_returned,
    restart=Restart(_restarted, _CLIENTS),
    rolled_out=_CLIENTS,
    taken_back=_taken_back,
)
