"""Journals of runs as an engine leaves them, at times that are set."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.paths import journal_path

CLUSTER = "lab-192.168.47.0"
AT = 1795572000.0
"""2026-11-25 02:00:00 UTC."""
STEPS = ["galera/mysql3: apply", "galera/mysql2: apply", "galera/mysql1: apply"]
FELT = {
    "probes": 412, "failed": 0, "kinds": {}, "gap_ms": 41.0, "p99_ms": 12.0, "late_ms": 1.0, "note": "",
    "stream": {"resets": 1, "kinds": {}, "gap_ms": 55.0},
}  # fmt: skip


def journal(run: str, *events: dict[str, Any], at: float = AT, **begin: object) -> Path:
    """A journal with these events, ten seconds from one to the next."""
    path = journal_path(CLUSTER, run)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    first = {
        "event": "begin", "run": run, "runbook": "rollout", "parameters": {"layer": "galera"},
        "title": "Roll out galera", "steps": STEPS, "who": "alice@ops", "why": "gcache 2G", "origin": "", "target": "",
        "pid": os.getpid(), **begin,
    }  # fmt: skip
    lines = [{"at": at + 10 * number, **event} for number, event in enumerate([first, *events])]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def begun(step: int) -> dict[str, Any]:
    """A step's begin."""
    return {"event": "intent", "step": step, "name": STEPS[step]}


def done(step: int) -> dict[str, Any]:
    """A step's success."""
    return {"event": "result", "step": step, "name": STEPS[step], "ok": True, "reason": ""}


def end(outcome: str, reason: str) -> dict[str, Any]:
    """How it ended."""
    return {"event": "end", "outcome": outcome, "reason": reason}


def stopped(run: str = "20261125-020000-0001") -> Path:
    """A rollout that was paused after its first step."""
    reason = "Paused after galera/mysql3, as asked."
    return journal(run, begun(0), done(0), {"event": "measured", "services": {"sql": FELT}}, end("STOPPED", reason))


@contextmanager
def going_on(run: str = "20261125-021000-0002") -> Iterator[Path]:
    """A rollout that is in its second step; over at the end of the block."""
    path = journal(
        run, begun(0), done(0), begun(1), {"event": "note", "text": "waits until mysql2 is Synced"}, at=AT + 800
    )
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield path
