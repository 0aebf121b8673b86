"""What a rollout that was killed may have left: a host out of service, which is brought back before anything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cluster.gates.haproxy import kept_away
from cluster.gates.rest import not_at_rest
from cluster.spec import Cluster, Role
from cluster.wiring import GALERA_BACKEND
from engine.rollouts import ROLLOUT, host_of
from engine.runbook import View
from engine.session import seen
from operations.servers import undrain
from operations.steps import Step

RETURN = 180
"""Seconds in which a host comes back whose service was being restarted when the engine died."""


def gate(cluster: Cluster) -> Callable[[], str | None]:
    """Why the cluster is not at rest, asked anew each time."""
    return lambda: not_at_rest(cluster, seen(cluster))


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
    drained = kept_away(view.state.haproxy, GALERA_BACKEND).intersection(hosts)
    step = Step(
        f"{name}: back into service, where a rollout that died left it",
        lambda: _give_back(view.cluster, sorted(drained)),
        verify=gate(view.cluster),
        within=RETURN,
        lasting="it may take sessions again",
        on=name,
    )
    return [step], ""


def _give_back(cluster: Cluster, drained: Sequence[str]) -> None:
    for name in drained:
        undrain(cluster.names(Role.HAPROXY), GALERA_BACKEND, name)
