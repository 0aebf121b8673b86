"""The words between the prober's process and who started it: what is to be measured, and what was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.probes.felt import Felt, Heard


@dataclass(frozen=True, slots=True)
class Target:
    """A service, where its clients meet it."""

    host: str
    port: int
    password: str = field(repr=False)
    """Of the probe's account."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured: the first line that the prober reads."""

    services: Mapping[str, Target]
    """By "sql" and "amqp"."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The first line that the prober writes."""

    ready: bool
    reason: str = ""
    """What did not succeed even once so far."""


@dataclass(frozen=True, slots=True)
class StreamReport:
    """The stream that stayed open. Times are milliseconds."""

    beats: int
    """How often the service did what it was asked for on it."""
    resets: int
    """How often it was cut, or given up, after it had been open."""
    gap_ms: float | None
    """The longest time without a beat, from the first one to the end; None if there was none."""
    kinds: Mapping[str, int]
    """Why it was cut or could not be opened, and how often."""


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """The new connections to one service. Times are milliseconds."""

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


@dataclass(frozen=True, slots=True)
class Report:
    """All that was felt: the last line that the prober writes."""

    services: Mapping[str, ServiceReport] = field(default_factory=dict)
    note: str = ""
    """Why not everything that was asked for was measured; empty if it was."""


def service_report(seconds: float, felt: Felt, heard: Heard) -> ServiceReport:
    """The figures of a service whose measuring is over."""
    return ServiceReport(
        seconds=round(seconds, 3),
        probes=felt.probes,
        failed=felt.failed,
        kinds=felt.kinds,
        gap_ms=_ms(felt.gap),
        p99_ms=None if (p99 := felt.latency(0.99)) is None else _ms(p99),
        longest_ms=_ms(felt.longest) if felt.succeeded_once else None,
        late_ms=_ms(felt.late),
        answers=felt.answers,
        stream=StreamReport(
            beats=heard.beats,
            resets=heard.resets,
            gap_ms=None if heard.gap is None else _ms(heard.gap),
            kinds=heard.kinds,
        ),
    )


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
