"""The verbs as an operator uses them, and what they leave behind: journals, outcomes, nothing half-done."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cluster.wire.probes import ServiceReport
from engine.known_runs import Run, read, runs
from engine.paths import runs_path
from engine.probes.sql import query
from inventory import CLUSTER
from tests.e2e import lab
from tests.pace import Limit, wait_until

REASON = "a test"


def hatui(*arguments: str, stdin: str = "", timeout: float = 400) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end, whatever its exit code."""
    return lab.run(sys.executable, "-m", "tui.main", *arguments, check=False, stdin=stdin, timeout=timeout)


def carried_out(*arguments: str, code: int = 0) -> Run:
    """Run a verb that is agreed to beforehand, and return what its journal says. AssertionError for another code."""
    before = {run.id for run in runs(CLUSTER.name)}
    done = hatui(*arguments, "--reason", REASON, "--yes")
    assert done.returncode == code, f"{arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return newest(before)


def newest(before: set[str]) -> Run:
    """The one run that was not there `before`."""
    (run,) = [run for run in runs(CLUSTER.name) if run.id not in before and not run.theirs]
    return run


def felt(run: Run, service: str) -> ServiceReport:
    """What clients of a service felt of the run. AssertionError if it was not measured."""
    assert service in run.measured, run.felt
    return run.measured[service]


LATE = 200
"""Milliseconds: where the prober itself was later than that, this machine had no time for what it measured either."""
TOO_SLOW = frozenset({"no answer within 2 s", "answered after more than 2 s"})


def lost(run: Run, service: str) -> set[str]:
    """How clients of a service lost what they asked for in a run; what was merely slow on a busy machine left out."""
    report = felt(run, service)
    return {*report.kinds} - (TOO_SLOW if report.late_ms > LATE else frozenset())


def owner() -> str:
    """The balancer that holds the VIP, by the status."""
    return holder("vrrp", lab.VIP)


def holder(fact: str, vip: str) -> str:
    """The one host that holds a VIP, by the status. One that did not answer in time, being busy, is asked again."""
    held: list[str] = []

    def one() -> bool:
        held[:] = [name for name, node in lab.status()["state"][fact].items() if vip in node.get("held", {})]
        return len(held) == 1

    wait_until(one, 10, f"one holder of {vip}")
    return held[0]


def writer() -> str:
    """The node that the VIP's owner sends to, seen by a client."""
    return query(lab.VIP, lab.secret_of("probe"))()


def other(name: str, *names: str) -> str:
    """Another one of `names` than `name`."""
    return next(one for one in names if one != name)


def begin(*arguments: str) -> subprocess.Popen[bytes]:
    """A verb that was begun, agreed to beforehand, in a session of its own as a terminal would give it."""
    return subprocess.Popen(
        [sys.executable, "-m", "tui.main", *arguments, "--reason", REASON, "--yes"],
        cwd=lab.ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def events(before: set[str], *, within: float = 60) -> Iterator[Run]:
    """The new run each time it has more events, from its first one on, until it ended or died."""
    limit = Limit(within)
    path: Path | None = None
    count = 0
    while True:
        assert not limit.is_over(), "the run tells nothing new"
        new = [] if path else [one for one in runs_path(CLUSTER.name).glob("*.jsonl") if one.stem not in before]
        path = path or next(iter(new), None)
        run = read(path) if path else None
        if run and len(run.events) > count:
            count, limit = len(run.events), Limit(within)
            yield run
        if run and not run.alive:
            return
        time.sleep(0.002)


def killed_after(count: int, *arguments: str) -> Run | None:
    """Run a verb, and kill its engine (SIGKILL) as soon as its journal has `count` events. None if it ended before."""
    before = {run.id for run in runs(CLUSTER.name)}
    verb = begin(*arguments)
    last: Run | None = None
    for run in events(before):
        last = run
        if len(run.events) >= count and run.alive and run.end is None:
            # It may end at this very moment.
            with contextlib.suppress(ProcessLookupError):
                os.kill(run.begin.pid, signal.SIGKILL)
    code = verb.wait(timeout=60)
    assert last is not None
    run_now = read(runs_path(CLUSTER.name) / f"{last.id}.jsonl")
    assert run_now is not None
    if run_now.end:
        return None
    # Whoever followed it is not told that it succeeded.
    assert code == 24, code
    return run_now


def lock_is_free() -> bool:
    """Whether no host holds the cluster's lock for anybody."""
    asked = "[ ! -e /run/hatui/lock ] || flock -n /run/hatui/lock true; echo $?"
    return {said.strip() for said in lab.on_all(asked).values()} == {"0"}


def nothing_is_left() -> None:
    """The audit after everything: all OK, nothing drained, no constraint of a move, the lock free."""
    lab.all_ok(within=120)
    for balancer in ("haproxy1", "haproxy2"):
        said = lab.ssh(balancer, "echo 'show stat -1 4 -1' | socat - UNIX-CONNECT:/run/haproxy/watch.sock")
        assert "MAINT" not in said and "DRAIN" not in said, said
        assert lab.ssh(balancer, "cat /run/hatui/keepalived.away").strip() in ("", "0")
    left = lab.ssh("cc01", "cibadmin -Q --scope constraints 2>/dev/null")
    assert "cli-" not in left, left
    assert lock_is_free()
