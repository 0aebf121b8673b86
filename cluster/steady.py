"""The steady state: whether the whole cluster is complete and at rest, so that something may be taken out of it.

`excluding` names hosts whose own troubles are left out, such as the one that is being brought back. What the others say
of them is left out too. A unit that is "restart due" is steady: putting that right is what a rollout is for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from cluster.layer import Condition
from cluster.layers import wanted
from cluster.spec import Cluster
from cluster.state import ClusterState, HostAnswer, Unknown


@dataclass(frozen=True, slots=True)
class Gate:
    """One part of that: what it needs, and what is so, in numbers; and, where it is not open, each reason why."""

    name: str
    need: str
    now: str
    open: bool


def gates(spec: Cluster, state: ClusterState) -> tuple[Gate, ...]:
    """Every part, in the order in which they are asked."""
    return tuple(_gate(one, spec, state) for one in _conditions(spec))


def _gate(one: Condition, spec: Cluster, state: ClusterState) -> Gate:
    need, now = one.count(spec, state)
    reasons = list(one.against(spec, state, ()))
    return Gate(one.name, need, ": ".join([now, *([" ".join(reasons)] if reasons else [])]), not reasons)


def not_steady(spec: Cluster, state: ClusterState, excluding: Collection[str] = frozenset()) -> str | None:
    """Why the cluster is not whole and at rest, and what would put it right: one sentence. None if it is."""
    return next((reason for one in _conditions(spec) for reason in one.against(spec, state, excluding)), None)


def _conditions(spec: Cluster) -> Iterator[Condition]:
    yield Condition("hosts", _count, _against)
    for layer in wanted(spec):
        yield from layer.steady


def _count(spec: Cluster, state: ClusterState) -> tuple[str, str]:
    """Hosts that answer."""
    answering = sum(isinstance(state.hosts.get(name), HostAnswer) for name in spec.hosts)
    return f"{len(spec.hosts)} answer", f"{answering} answer"


def _against(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
    for name in spec.hosts:
        answer = state.hosts.get(name, Unknown("was not asked"))
        if name not in excluding and isinstance(answer, Unknown):
            yield f"{name} {answer.reason.rstrip('.')}: bring it back, or mend the inventory."
