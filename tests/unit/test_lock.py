"""The cluster's lock, with real shells and flock(1) in the hosts' place: one holder, a majority, freed by itself."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.lease import PATIENCE
from operations.locking import CHECK_IN

ROOT = Path(__file__).parents[2]
HOSTS = 9
"""Of the good inventory; 5 are a majority."""

SSH = """#!/bin/bash
# The address is the last but one, the command the last; each address has a directory of its own for /run/hatui.
command=${!#} address=${@: -2:1}
if [ -e "$LOCKS/$address.away" ]; then echo "no route" >&2; exit 255; fi
if [ -e "$LOCKS/$address.hangs" ]; then exec sleep 60; fi
eval "$(printf '%s' "$command" | sed "s#/run/hatui#$LOCKS/$address#g; s#/var/lib/hatui#$LOCKS/$address/kept#g")"
"""

Hold = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SSH)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("LOCKS", str(tmp_path))
    return tmp_path


@pytest.fixture
def hold(locks: Path) -> Iterator[Hold]:
    running: list[subprocess.Popen[str]] = []

    def start(who: str, *, check_in: float = CHECK_IN, busy: float = 0) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.lock_holder", who, str(check_in), str(busy)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 20)
    assert ready, "it says nothing"
    return process.stdout.readline().strip()


def away(locks: Path, count: int) -> None:
    names = ["11", "12", "21", "22", "23", "31", "32", "33", "41"]
    for name in names[:count]:
        (locks / f"127.8.0.{name}.away").touch()


def test_a_second_is_refused_and_told_who_holds_it_since_when_and_for_what(hold: Hold) -> None:
    assert said(hold("alice@ops1")) == "taken"
    answer = said(hold("bob@ops2"))
    assert answer.startswith("locked: alice@ops1 has held the cluster's lock since 20")
    assert answer.endswith("for: a test (run run-alice@ops1).")


def test_it_is_free_again_when_it_was_released(hold: Hold) -> None:
    first = hold("alice")
    assert said(first) == "taken"
    assert first.stdin is not None
    first.stdin.close()
    assert said(first) == "released"
    assert said(hold("bob")) == "taken"


def test_it_frees_itself_when_its_holder_is_killed(hold: Hold) -> None:
    first = hold("alice")
    assert said(first) == "taken"
    first.kill()
    deadline = time.monotonic() + 5
    while (answer := said(hold("bob"))) != "taken":
        assert time.monotonic() < deadline, answer


def freed_within(hold: Hold, seconds: float) -> None:
    """Somebody else gets it, after so many seconds at most, and lets go of it."""
    deadline = time.monotonic() + seconds
    while (answer := said(bob := hold("bob"))) != "taken":
        assert time.monotonic() < deadline, answer
    bob.kill()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def keeper_of(holder: subprocess.Popen[str]) -> int:
    """The process that keeps the lock for the holder."""
    (child,) = children(holder.pid)
    return child


def test_a_holder_that_is_frozen_loses_it_and_is_told_so_before_it_acts_again(hold: Hold) -> None:
    first = hold("alice", check_in=2)
    assert said(first) == "taken"
    first.send_signal(signal.SIGSTOP)
    freed_within(hold, 2 + PATIENCE + 5)
    first.send_signal(signal.SIGCONT)
    told = said(first)
    assert told.startswith("lost: The cluster's lock is lost: 0 of 9 hosts"), told
    assert "The process that acts under it did not run for " in told


def test_a_holder_that_is_too_busy_for_anything_else_keeps_it(hold: Hold) -> None:
    first = hold("alice", busy=PATIENCE + 1)
    assert said(first) == "taken"
    assert said(first) == "busy: None"
    assert "alice has held" in said(hold("bob"))


def test_a_keeper_that_is_frozen_loses_it_and_it_is_told_that_this_machine_was_at_fault(hold: Hold) -> None:
    first = hold("alice")
    assert said(first) == "taken"
    keeper = keeper_of(first)
    os.kill(keeper, signal.SIGSTOP)
    freed_within(hold, PATIENCE + 5)
    os.kill(keeper, signal.SIGCONT)
    told = said(first)
    assert "The process that keeps" in told and "did not" in told, told


def test_a_keeper_that_is_killed_frees_it_and_the_holder_is_told(hold: Hold) -> None:
    first = hold("alice")
    assert said(first) == "taken"
    os.kill(keeper_of(first), signal.SIGKILL)
    assert said(first).endswith("The process that keeps it has ended.")
    freed_within(hold, 5)


def test_hosts_that_fall_silent_are_named_with_how_long(hold: Hold, locks: Path) -> None:
    first = hold("alice")
    assert said(first) == "taken"
    all_hold_it(locks)
    shells = children(keeper_of(first))[:5]
    for shell in shells:
        os.kill(shell, signal.SIGSTOP)
    try:
        told = said(first)
    finally:
        for shell in shells:
            with contextlib.suppress(ProcessLookupError):
                os.kill(shell, signal.SIGKILL)
    assert told.startswith("lost: The cluster's lock is lost: 4 of 9 hosts hold it, 5 are needed. No answer came from ")
    assert " for 5." in told or " for 6." in told, told


def test_a_majority_of_the_hosts_is_enough_and_less_is_not(hold: Hold, locks: Path) -> None:
    away(locks, 4)
    first = hold("alice")
    assert said(first) == "taken"
    assert first.stdin is not None
    first.stdin.close()
    first.wait()
    away(locks, 5)
    answer = said(hold("bob"))
    assert answer.startswith("locked: The cluster's lock can't be taken: 4 of 9 hosts gave it, 5 are needed")


def test_hosts_that_hang_are_not_waited_for_where_the_others_are_a_majority(hold: Hold, locks: Path) -> None:
    for name in ("11", "21", "31", "41"):
        (locks / f"127.8.0.{name}.hangs").touch()
    assert said(hold("alice")) == "taken"
    assert "alice has held" in said(hold("bob"))


def test_a_majority_is_asked_first_and_all_hold_it_afterwards(hold: Hold, locks: Path) -> None:
    assert said(hold("alice")) == "taken"
    all_hold_it(locks)


def all_hold_it(locks: Path) -> None:
    deadline = time.monotonic() + 10
    while len(list(locks.glob("127.*/lock.holder"))) < HOSTS:
        assert time.monotonic() < deadline, "not all hosts hold it"
        time.sleep(0.02)


def test_of_several_that_begin_at_once_exactly_one_gets_it(hold: Hold) -> None:
    answers = [said(process) for process in [hold(f"user{number}") for number in range(4)]]
    assert sum(answer == "taken" for answer in answers) == 1, answers
    assert all(answer == "taken" or "has held the cluster's lock" in answer for answer in answers)


def test_what_a_host_says_of_the_holder_is_shown_as_harmless_text(hold: Hold, locks: Path) -> None:
    assert said(hold("alice")) == "taken"
    for holder in locks.glob("127.*/lock.holder"):
        holder.write_text('{"run":"\\u001b]52;c;x\\u0007","who":"\\u202eeve","since":0,"why":"' + "x" * 1500 + '"}\n')
    answer = said(hold("bob"))
    assert "\x1b" not in answer and "\u202e" not in answer
    assert "eve has held" in answer and len(answer) < 500
    for holder in locks.glob("127.*/lock.holder"):
        holder.write_text('{"run":"x","who":"eve","since":1e300,"why":"no date"}\n')
    assert "eve has held" in said(hold("bob"))


def test_whoever_is_second_does_not_wait_for_pyinfra_to_be_imported() -> None:
    heavy = "sorted({name.partition('.')[0] for name in sys.modules} & {'pyinfra', 'paramiko', 'asyncio', 'textual'})"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, engine.run, operations.keeper; print({heavy})"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
