"""The records of a snapshot, from the plain data they travel as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_type_hints

import msgspec

from cluster.state import ClusterState, Unknown


def records(state: Mapping[str, Any]) -> ClusterState:
    """The state of a snapshot as records. What is not as the records have it is Unknown, with the reason.

    A recording may be older than this program, and need not come from a friend.
    """
    return ClusterState(
        **{
            layer: {str(host): _record(kind, plain) for host, plain in hosts.items()}
            for layer, kind in _KINDS.items()
            if isinstance(hosts := state.get(layer), Mapping)
        }
    )


def _record(kind: type, plain: object) -> Any:
    if isinstance(plain, Mapping) and "reason" in plain and plain.keys() <= {"reason", "alive"}:
        return Unknown(str(plain["reason"]), plain.get("alive") is True)
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        return Unknown(f"is told in a form that this program does not know ({error})")


def _kinds() -> dict[str, type]:
    """The record of each field: the first of the types that its Mapping[str, RECORD | Unknown] names."""
    return {layer: hint.__args__[1].__args__[0] for layer, hint in get_type_hints(ClusterState).items()}


_KINDS = _kinds()
