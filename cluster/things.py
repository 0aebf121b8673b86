"""A thing a host, of a fact of which that is all there is to tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster.layer import UNKNOWN, Thing, Things
from cluster.spec import Cluster
from cluster.state import ClusterState, Fact, Record, Unknown


def of_each(fact: Fact[Record], what: str, how: Callable[[Any], str]) -> Callable[[Cluster, ClusterState], Things]:
    """`what` on each host, and how it is there: by its record, where there is one."""

    def things(_: Cluster, state: ClusterState) -> Things:
        for name, node in state[fact].items():
            yield Thing(fact.name, name, f"{what} on {name}"), UNKNOWN if isinstance(node, Unknown) else how(node)

    return things
