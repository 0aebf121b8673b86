"""What moving a service by hand costs its clients, and how soon a second operator is told, or takes over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.main_job import ROOT
from bench.report import Figure
from cluster.wire.journal import StepResult
from engine.known_runs import Run, read, runs
from engine.paths import runs_path
from inventory import CLUSTER
from tests.e2e.waiting import Waiting

BALANCERS = ("haproxy1", "haproxy2")
NODES = ("mysql1", "mysql2")


def hatui(*arguments: str) -> subprocess.Popen[bytes]:
    """A verb, agreed to beforehand."""
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "hatui"), *arguments, "--yes", "--reason", "a benchmark"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def moved(service: str, target: str) -> Run | None:
    """The run that moved it; None if it was there already, or was not DONE."""
    before = {run.id for run in runs(CLUSTER.name)}
    code = hatui("switchover", service, "--to", target).wait(timeout=120)
    # What is there already is no run.
    new = next((run for run in runs(CLUSTER.name) if run.id not in before and not run.theirs), None)
    return new if code == 0 and new and new.measured else None


def switchovers(times: int = 10) -> list[Figure]:
    """Each there and back; the failed are counted over all moves and services."""
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = state
        vips: list[Run] = []
        told: list[float] = []
        for turn in range(times):
            with Waiting() as waiting:
                run = moved("vip", BALANCERS[turn % 2])
            if run:
                vips.append(run)
                given_up = next(
                    event.at for event in run.after if isinstance(event, StepResult) and "gives" in event.name
                )
                told += [ended - given_up for ended, _ in waiting.ended]
        writers = [run for turn in range(times) if (run := moved("writer", NODES[turn % 2]))]
        refused = tuple(second() for _ in range(3))
        freed = tuple(killed() for _ in range(3))
    return [
        *_felt("the VIP by hand", vips, 0.05),
        Figure("the VIP by hand: who waits for an answer is told after", tuple(told), "s", 2),
        *_felt("the writer by hand", writers, 0.5),
        Figure("the second operator is refused", refused, "s", 1),
        Figure("the lock is free after a kill -9", freed, "s", 5),
    ]


def _felt(what: str, found: list[Run], bound: float) -> list[Figure]:
    services = [felt for run in found for felt in run.measured.values()]
    return [
        Figure(f"{what}: longest gap of new connections", tuple(felt.gap_ms / 1000 for felt in services), "s", bound),
        # One that failed is one too many: half a connection is the bound that a ratio can be taken of.
        Figure(f"{what}: new connections that failed", tuple(float(felt.failed) for felt in services), "", 0.5),
        Figure(f"{what}: delay of the prober itself", tuple(felt.late_ms / 1000 for felt in services), "s", bound),
    ]


def second() -> float:
    """Seconds until a second operator is refused while a run goes on."""
    known = {run.id for run in runs(CLUSTER.name)}
    target = NODES[0] if _last("switchover_writer") == NODES[1] else NODES[1]
    first = hatui("switchover", "writer", "--to", target)
    _begun(known)
    begin = time.monotonic()
    code = hatui("drain", "cc03").wait(timeout=60)
    took = time.monotonic() - begin
    if code != 21:
        raise SystemExit(f"the second operator was not refused: exit code {code}")
    first.wait(timeout=120)
    return took


def killed() -> float:
    """Seconds from the kill of an engine until another one has the lock: until its run begins."""
    known = {run.id for run in runs(CLUSTER.name)}
    target = NODES[0] if _last("switchover_writer") == NODES[1] else NODES[1]
    first = hatui("switchover", "writer", "--to", target)
    run = _begun(known)
    os.kill(run.begin.pid, signal.SIGKILL)
    begin = time.monotonic()
    first.wait(timeout=60)
    while hatui("switchover", "writer", "--to", target).wait(timeout=120) == 21:
        pass
    began = next(runs(CLUSTER.name)).begin.at
    return began - time.time() + (time.monotonic() - begin)


def _begun(known: set[str]) -> Run:
    """The new run, as soon as its first step has begun."""
    while True:
        for path in runs_path(CLUSTER.name).glob("*.jsonl"):
            run = read(path) if path.stem not in known else None
            if run and run.last_step:
                return run
        time.sleep(0.01)


def _last(runbook: str) -> str:
    done = (run for run in runs(CLUSTER.name) if run.begin.runbook == runbook and run.outcome == "DONE")
    return next((run.begin.target for run in done), "")
