"""What a rollout that was killed may have left: a host out of service, which is brought back before anything else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from cluster.layers import LAYERS
from cluster.spec import Cluster
from cluster.steady import not_steady
from engine.handling import handling, on
from engine.rollouts import ROLLOUT, host_of
from engine.runbook import View
from engine.session import seen
from operations.steps import Step

RETURN = 180
"""Seconds in which a host comes back whose service was being restarted when the engine died."""


def gate(cluster: Cluster, excluding: Collection[str] = ()) -> Callable[[], str | None]:
    """Why the cluster is not at rest, the hosts `excluding` left out, asked anew each time."""
    return lambda: not_steady(cluster, seen(cluster), excluding)


def at_fault(view: View) -> str:
    """The one host without whose own troubles the cluster is at rest; empty where there is none, or not just one.

    One that somebody took out of service has none: it is left to whom it is known why.
    """
    alone = [name for name in view.cluster.hosts if not_steady(view.cluster, view.state, {name}) is None]
    return alone[0] if len(alone) == 1 and alone[0] not in _taken_out(view) else ""


def _taken_out(view: View) -> set[str]:
    """The hosts that somebody took out of service, as a whole or in part."""
    return set().union(*(handling(layer).taken_out(view.state) for layer in LAYERS))


def mending(view: View) -> tuple[list[Step], str]:
    """The steps that bring the cluster to rest, and why nothing may be done; both empty where it is at rest.

    What rollouts that died had begun with may be out of service; anything else is somebody's on purpose, or broken.
    """
    reason = not_steady(view.cluster, view.state)
    if reason is None:
        return [], ""
    hosts = [
        name
        for name in dict.fromkeys(host_of(one) for one in view.broken if one.runbook == ROLLOUT)
        if name in view.cluster.hosts
    ]
    if not hosts or not_steady(view.cluster, view.state, hosts):
        return [], reason
    name = next(
        (name for name in hosts if not_steady(view.cluster, view.state, {*hosts} - {name})),
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
    for name in hosts:
        for one in on(view.cluster, name):
            one.returned(view, name)
