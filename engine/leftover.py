"""What a rollout that was killed may have left: a host out of service, which is brought back before anything else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from cluster.gates.haproxy import kept_away
from cluster.gates.pacemaker import view_of
from cluster.gates.rest import not_at_rest
from cluster.spec import Cluster, Role
from cluster.state import BrokerNode, VipNode
from cluster.wiring import GALERA_BACKEND, RABBITMQ_BACKEND
from engine.rollouts import ROLLOUT, host_of
from engine.runbook import View
from engine.session import seen
from operations.brokers import revived
from operations.procedure import taken
from operations.servers import undrain
from operations.steps import Step

RETURN = 180
"""Seconds in which a host comes back whose service was being restarted when the engine died."""


def gate(cluster: Cluster, besides: Collection[str] = ()) -> Callable[[], str | None]:
    """Why the cluster is not at rest, the hosts `besides` left out, asked anew each time."""
    return lambda: not_at_rest(cluster, seen(cluster), besides)


def at_fault(view: View) -> str:
    """The one host without whose own troubles the cluster is at rest; empty where there is none, or not just one.

    One that somebody took out of service has none: it is left to whom it is known why.
    """
    alone = [name for name in view.cluster.hosts if not_at_rest(view.cluster, view.state, {name}) is None]
    return alone[0] if len(alone) == 1 and alone[0] not in _taken_out(view) else ""


def _taken_out(view: View) -> set[str]:
    """The hosts that somebody took out of service, as a whole or in part."""
    state = view.state
    kept = kept_away(state.haproxy, GALERA_BACKEND) | kept_away(state.haproxy, RABBITMQ_BACKEND)
    away = {name for name, node in state.vrrp.items() if isinstance(node, VipNode) and node.away}
    drained = {name for name, node in state.rabbitmq.items() if isinstance(node, BrokerNode) and node.draining}
    seen = view_of(state.pacemaker)
    return kept | away | drained | {one.name for one in (seen.nodes if seen else ()) if one.standby}


def mending(view: View) -> tuple[list[Step], str]:
    """The steps that bring the cluster to rest, and why nothing may be done; both empty where it is at rest.

    What rollouts that died had begun with may be out of service; anything else is somebody's on purpose, or broken.
    """
    reason = not_at_rest(view.cluster, view.state)
    if reason is None:
        return [], ""
    hosts = [
        name
        for name in dict.fromkeys(host_of(one) for one in view.broken if one.runbook == ROLLOUT)
        if name in view.cluster.hosts
    ]
    if not hosts or not_at_rest(view.cluster, view.state, hosts):
        return [], reason
    name = next(
        (name for name in hosts if not_at_rest(view.cluster, view.state, {*hosts} - {name})),
        hosts[0],
    )
    step = Step(
        f"{name}: back into service, where a rollout that died left it",
        lambda: _give_back(view, hosts),
        verify=gate(view.cluster),
        within=RETURN,
        lasting="it may take sessions again",
        on=name,
    )
    return [step], ""


def _give_back(view: View, hosts: Sequence[str]) -> None:
    balancers = view.cluster.names(Role.HAPROXY)
    addresses = {name: view.cluster.address(name) for name in view.cluster.names(Role.CONTROLLER)}
    for name in hosts:
        broker = view.state.rabbitmq.get(name)
        if isinstance(broker, BrokerNode) and broker.draining:
            taken(revived(addresses, balancers, name))
        for backend in (GALERA_BACKEND, RABBITMQ_BACKEND):
            if name in kept_away(view.state.haproxy, backend):
                undrain(balancers, backend, name)
