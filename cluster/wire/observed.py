"""What a look and the observer tell: a snapshot of all that is so, and each change as it is seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cluster.health.verdict import LayerHealth, Verdict
from cluster.locked import Held
from cluster.picture import Where
from cluster.steady import Gate
from cluster.wire.lines import Message

Ages = Mapping[str, Mapping[str, float | None]]
"""Layer to host to the seconds since that record was read; None if it never was."""


class Snapshot(Message, frozen=True, tag="snapshot"):
    """What was so at `at`, in seconds since the epoch by the clock of this machine, and what is to be said of it."""

    cluster: str
    at: float
    verdict: Verdict
    layers: tuple[LayerHealth, ...]
    state: Mapping[str, Mapping[str, Any]]
    """Layer to host to its record (cluster/state.py): plain data for who reads it."""
    took: float | None = None
    """Seconds that a single look took; None in the observer's stream."""
    ages: Ages = msgspec.field(default_factory=dict)
    """Of the observer's alone."""
    where: tuple[Where, ...] = ()
    gates: tuple[Gate, ...] = ()
    lock: Held = Held(None)
    complete: bool = True
    """False while the observer begins: some host has not answered yet, and no event tells when it does."""


class Event(Message, frozen=True, tag="event"):
    """A change that was seen at `at` (seconds since the epoch). `layer` is one of the verdicts'."""

    at: float
    layer: str
    host: str
    """Empty where it is about a whole layer."""
    verdict: Verdict
    """The host's in that layer, or the layer's."""
    text: str


Told = Snapshot | Event
"""A line of the observer's stream, after its first one."""


def snapshot(text: bytes) -> Snapshot:
    """A line as a snapshot. msgspec.DecodeError if it is none."""
    return _SNAPSHOT.decode(text)


def told(text: bytes) -> Told:
    """A line of the observer's stream. msgspec.DecodeError if it is none."""
    return _TOLD.decode(text)


_SNAPSHOT = msgspec.json.Decoder(Snapshot)
_TOLD: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)
