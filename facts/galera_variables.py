"""What a Galera server says of itself: a variable that it leaves out, or writes otherwise, costs that one alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from cluster.galera.record import GaleraNode
from cluster.number import real, whole
from cluster.state import Unknown
from cluster.text import clean

NO_UUID = "00000000-0000-0000-0000-000000000000"
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

STATUS = (
    "wsrep_ready", "wsrep_connected", "wsrep_cluster_status", "wsrep_local_state_comment", "wsrep_local_state",
    "wsrep_cluster_size", "wsrep_cluster_conf_id", "wsrep_local_state_uuid", "wsrep_last_committed",
    "wsrep_local_recv_queue", "wsrep_flow_control_paused", "wsrep_local_cached_downto",
)  # fmt: skip
VARIABLES = ("wsrep_on", "wsrep_desync", "read_only")

_PROVIDERS = ("wsrep_local_state_uuid", "wsrep_local_state_comment", "wsrep_last_committed", "wsrep_local_recv_queue")
"""Variables that a server has from its provider (the Galera library), and lacks where it has loaded none."""
_NONE = str(2**64 - 1)
"""How the server writes Galera's -1: nothing committed yet (wsrep_last_committed), in no group (wsrep_cluster_conf_id),
nothing cached (wsrep_local_cached_downto)."""
_COMPONENTS = {"primary": "Primary", "non-primary": "non-Primary", "disconnected": "Disconnected"}
_STATES = {"0": "Undefined", "1": "Joining", "2": "Donor/Desynced", "3": "Joined", "4": "Synced"}
"""wsrep_local_state, as wsrep_local_state_comment has it in words."""

Value = TypeVar("Value")


def answering(said: str, filed: GaleraNode) -> GaleraNode | Unknown:
    """The record of a server that answered; `filed` has what else is known of its host."""
    seen = dict(line.split("\t", 1) for line in said.splitlines() if "\t" in line)
    untold: list[str] = []

    def figure(name: str, read: Callable[[str], int], otherwise: int) -> int:
        """A number that no server would write makes its whole answer one that can't be read."""
        if not seen.get(name, "").strip():
            untold.append(name)
            return otherwise
        return read(seen[name])

    def take(name: str, read: Callable[[str], Value], otherwise: Value) -> Value:
        try:
            return read(seen[name])
        except (ValueError, LookupError):
            untold.append(name)
            return otherwise

    on = take("wsrep_on", _switch, None)
    if on is None:
        return Unknown("its server does not say whether it runs with Galera (wsrep_on)", alive=True)
    if not on:
        # Without a provider most of the status variables do not exist.
        return replace(filed, running=True, standalone=True)
    if seen.get("wsrep_cluster_status") == "Disconnected" and not any(name in seen for name in _PROVIDERS):
        return replace(filed, running=True, standalone=True, provider=False)
    seen.setdefault("wsrep_local_state_comment", "")
    node = GaleraNode(
        running=True,
        uuid=take("wsrep_local_state_uuid", _uuid, ""),
        seqno=figure("wsrep_last_committed", _or_none, -1),
        ready=take("wsrep_ready", _switch, False),
        connected=take("wsrep_connected", _switch, False),
        cluster_status=take("wsrep_cluster_status", lambda text: _COMPONENTS[text.strip().lower()], ""),
        state=take("wsrep_local_state_comment", lambda text: _state(text, seen.get("wsrep_local_state", "")), ""),
        size=figure("wsrep_cluster_size", whole, 0),
        conf_id=take("wsrep_cluster_conf_id", _or_none, -1),
        recv_queue=figure("wsrep_local_recv_queue", whole, 0),
        flow_control_paused=take("wsrep_flow_control_paused", real, 0.0),
        desynced=take("wsrep_desync", _switch, False),
        read_only=take("read_only", _restricted, False),
        cached_downto=_cached(seen.get("wsrep_local_cached_downto", "")),
        untold=tuple(name for name in untold if name not in ("wsrep_connected", "wsrep_last_committed")),
        service=filed.service,
        check=filed.check,
        refuses=filed.refuses,
    )
    if not any((node.cluster_status, node.state, node.ready)):
        return Unknown("its server does not say what becomes of it (wsrep_cluster_status and others)", alive=True)
    return node


def _switch(said: str) -> bool:
    return {"ON": True, "1": True, "OFF": False, "0": False}[said.strip()]


def _restricted(said: str) -> bool:
    """read_only: ON, or one of the degrees of newer versions."""
    if not said.strip():
        raise ValueError("empty")
    return said.strip() not in ("OFF", "0")


def _uuid(said: str) -> str:
    if not re.fullmatch(UUID, said.strip()):
        raise ValueError("no uuid")
    return "" if said.strip() == NO_UUID else said.strip()


def _state(comment: str, number: str) -> str:
    """The state in a word; Galera 2 and 3 add a number or a sign: "Synced (6)", "Donor/Desynced (+)"."""
    word = clean(comment, 20).partition(" (")[0].strip()
    known = _STATES.get(number.strip(), "")
    if word == "Synced" and known not in ("", "Synced"):
        # The two contradict each other.
        return known
    if not word and not known:
        raise ValueError("no state")
    return word or known


def _or_none(said: str) -> int:
    """A number of Galera's, -1 where there is none."""
    return -1 if said.strip() == _NONE else whole(said, -1)


def _cached(said: str) -> int | None:
    try:
        found = _or_none(said)
    except ValueError:
        return None
    return found if found > 0 else None
