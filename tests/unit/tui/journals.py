"""Journals of runs as an engine leaves them, at times that are set."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from cluster.outcome import Outcome
from cluster.wire.journal import Begin, End, Entry, Intent, Measured, Note, StepResult
from cluster.wire.lines import VERSION, line
from cluster.wire.probes import ServiceReport, StreamReport
from engine.paths import journal_path

CLUSTER = "lab-192.168.47.0"
AT = 1795572000.0
"""2026-11-25 02:00:00 UTC."""
STEPS = ("galera/mysql3: apply", "galera/mysql2: apply", "galera/mysql1: apply")
STREAM = StreamReport(beats=40, resets=1, gap_ms=55.0, kinds={})
FELT = ServiceReport(4.12, 412, 0, {}, 41.0, 12.0, 30.0, 1.0, {"mysql1": 412}, STREAM)


def journal(run: str, *events: Entry, at: float = AT, pid: int | None = None) -> Path:
    """A journal with these events, ten seconds from one to the next."""
    path = journal_path(CLUSTER, run)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    first = Begin(
        run=run, runbook="rollout", parameters={"layer": "galera"}, title="Roll out galera", steps=STEPS,
        who="alice@ops", why="gcache 2G", origin="", target="", pid=pid or os.getpid(), version=VERSION,
    )  # fmt: skip
    lines = [line(replace(event, at=at + 10 * number)) for number, event in enumerate([first, *events])]
    path.write_bytes(b"".join(lines))
    return path


def begun(step: int) -> Intent:
    """A step's begin."""
    return Intent(step, STEPS[step], f"mysql{3 - step}", "galera", f"galera/mysql{3 - step}")


def done(step: int) -> StepResult:
    """A step's success."""
    return StepResult(step, STEPS[step], ok=True)


def stopped(run: str = "20261125-020000-0001") -> Path:
    """A rollout that was paused after its first step."""
    reason = "Paused after galera/mysql3, as asked."
    return journal(run, begun(0), done(0), Measured({"sql": FELT}), End(Outcome.STOPPED, reason))


@contextmanager
def going_on(run: str = "20261125-021000-0002") -> Iterator[Path]:
    """A rollout that is in its second step; over at the end of the block."""
    path = journal(run, begun(0), done(0), begun(1), Note("waits until mysql2 is Synced"), at=AT + 800)
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield path
