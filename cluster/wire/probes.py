"""The words between the prober's process and who started it: what is to be measured, and what was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from cluster.wire.lines import Message


@dataclass(frozen=True, slots=True)
class Target:
    """A service, where its clients meet it."""

    host: str
    port: int
    password: str = field(default="", repr=False)
    """Of the probe's account; empty where none is needed."""
    kind: str = ""
    """How it is used: sql, amqp, http or tcp; empty: as its name says."""
    path: str = "/"
    """Of http: what is asked for."""


class Wanted(Message, frozen=True, tag="wanted"):
    """What is to be measured: the first line that the prober reads."""

    services: Mapping[str, Target]
    """By name: "sql", "amqp", or one of the inventory's services."""


class Ready(Message, frozen=True, tag="ready"):
    """Each service did its work once, or had the time to."""

    ready: bool
    reason: str = ""
    """What did not succeed even once so far."""


class StreamReport(msgspec.Struct, frozen=True):
    """The stream that stayed open. Times are milliseconds. In a journal it may be of another version."""

    beats: int
    """How often the service did what it was asked for on it."""
    resets: int
    """How often it was cut, or given up, after it had been open."""
    gap_ms: float | None
    """The longest time without a beat, from the first one to the end; None if there was none."""
    kinds: Mapping[str, int]
    """Why it was cut or could not be opened, and how often."""


class ServiceReport(msgspec.Struct, frozen=True):
    """The new connections to one service. Times are milliseconds. In a journal it may be of another version."""

    seconds: float
    """How long it was measured."""
    probes: int
    failed: int
    kinds: Mapping[str, int]
    """Why probes failed, and how many."""
    gap_ms: float
    """The longest time without a success."""
    p99_ms: float | None
    """Of the successful probes, from when each was due; None if there was none."""
    longest_ms: float | None
    late_ms: float
    """How far the prober itself was behind its schedule at worst."""
    answers: Mapping[str, int]
    """Which node answered, and how many probes."""
    stream: StreamReport
    note: str = ""
    """Why the figures don't cover the whole time; empty if they do."""


class Report(Message, frozen=True, tag="report"):
    """All that was felt: the last line that the prober writes."""

    services: Mapping[str, ServiceReport] = msgspec.field(default_factory=dict)
    note: str = ""
    """Why not everything that was asked for was measured; empty if it was."""
