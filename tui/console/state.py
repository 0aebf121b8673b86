"""The records of a snapshot, from the plain data they travel as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cluster.layers import FACTS
from cluster.state import HOSTS, ClusterState, HostAnswer, Unknown


def records(state: Mapping[str, Any]) -> ClusterState:
    """The state of a snapshot as records. What is not as the records have it is Unknown, with the reason.

    A recording may be older than this program, and need not come from a friend.
    """
    return ClusterState(
        {
            fact: {str(host): _record(kind, plain) for host, plain in hosts.items()}
            for fact, kind in _KINDS.items()
            if isinstance(hosts := state.get(fact), Mapping)
        }
    )


def _record(kind: type, plain: object) -> Any:
    if isinstance(plain, Mapping) and "reason" in plain and plain.keys() <= {"reason", "alive", "alike"}:
        return Unknown(str(plain["reason"]), plain.get("alive") is True)
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        return Unknown(f"is told in a form that this program does not know ({error})")


_KINDS: Mapping[str, type] = {HOSTS: HostAnswer, **{name: fact.kind for name, fact in FACTS.items()}}
"""The record of each fact."""
