"""Runs on real hosts: killed at every step, two at once, a plan that is out of date, every outcome, and no terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest

from cluster.outcome import Outcome
from cluster.wire.journal import Intent
from cluster.wire.lines import Reader, line
from cluster.wire.runs import Agreement, Ended, Proposal, Said
from engine.known_runs import runs
from inventory import CLUSTER
from tests.e2e import lab
from tests.e2e.operator import (
    begin,
    carried_out,
    events,
    hatui,
    killed_after,
    lock_is_free,
    nothing_is_left,
    other,
    owner,
    writer,
)
from tests.pace import wait_until

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def audited(healthy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A journal of the test's own, and the audit after it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    yield
    nothing_is_left()


all_of_them = pytest.mark.thorough("after each event of the journal, where the other takes a few of them")


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=all_of_them)])
def test_killed_at_any_step_of_a_writer_switchover_it_is_done_when_it_is_run_again(every: int) -> None:
    target = writer()
    killed = []
    for count in range(1, 30, every):
        target = other(target, "mysql1", "mysql2")
        verb = ("switchover", "writer", "--to", target)
        run = killed_after(count, *verb)
        if run is None:
            break
        wait_until(lock_is_free, 5, "the lock is free")
        killed.append(run.events[-1])
        again = carried_out(*verb)
        assert again.outcome is Outcome.DONE
        assert writer() == target
        nothing_is_left()
    # The journal may be an event further on when the signal comes: only all of them together meet each step for sure.
    begun = {event.step for event in killed if isinstance(event, Intent)}
    assert killed and (every > 1 or begun >= {0, 1, 2}), killed


@pytest.mark.thorough("a run that is killed is that of the writer, too")
@pytest.mark.parametrize("every", [5, 1])
def test_killed_at_any_step_of_a_drain_it_is_done_when_it_is_run_again(every: int) -> None:
    for count in range(1, 30, every):
        if killed_after(count, "drain", "cc03") is None:
            carried_out("undrain", "cc03")
            break
        wait_until(lock_is_free, 5, "the lock is free")
        if count % 2:
            # Going on, and going back, both work from wherever it broke off.
            assert hatui("drain", "cc03", "--reason", "a test", "--yes").returncode == 0
            assert "cc03" in lab.drained(lab.status())
        # Where all, or nothing, had been done already, there is nothing to do, which is no run.
        assert hatui("undrain", "cc03", "--reason", "a test", "--yes").returncode == 0
        nothing_is_left()


def test_the_second_of_two_operators_is_refused_at_once_and_told_who_and_why() -> None:
    target = other(writer(), "mysql1", "mysql2")
    first = begin("switchover", "writer", "--to", target)
    wait_until(lambda: not lock_is_free(), 20, "the first holds the lock")
    second = hatui("drain", "cc02", "--reason", "me too", "--yes")
    # bench/ has how soon.
    assert first.poll() is None, "the first goes on meanwhile"
    assert second.returncode == 21, second.stdout
    assert "has held the cluster's lock since" in second.stdout, second.stdout
    assert f"switchover_writer to={target} (a test)" in second.stdout, second.stdout
    assert first.wait(timeout=60) == 0


def planned(*arguments: str) -> subprocess.Popen[str]:
    """An engine that has told its plan, and waits for the agreement."""
    engine = subprocess.Popen(
        [sys.executable, "-m", "engine", "run", *arguments],
        cwd=lab.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert engine.stdout is not None
    reader: Reader[Said] = Reader(Said)
    first, plan = (reader.read(engine.stdout.readline()) for _ in range(2))
    assert first is None and isinstance(plan, Proposal) and plan.steps
    return engine


def agreed(engine: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code, and the reason that is told, once the plan is agreed to."""
    said, _ = engine.communicate(line(Agreement(agreed=True, reason="late")).decode(), timeout=60)
    last: Said = msgspec.json.decode(said.splitlines()[-1], type=Said)
    return engine.returncode, last.reason if isinstance(last, Ended) else ""


def test_a_vip_that_moved_between_the_plan_and_the_yes_is_refused_and_named() -> None:
    origin = owner()
    target = other(origin, "haproxy1", "haproxy2")
    engine = planned("switchover_vip", "--set", f"to={target}")
    carried_out("switchover", "vip", "--to", target)
    code, reason = agreed(engine)
    assert code == 21
    assert f"the owner of {lab.VIP} was {origin}, and is {target}" in reason, reason


def test_a_node_that_dropped_between_the_plan_and_the_yes_is_refused_and_named() -> None:
    target = other(writer(), "mysql1", "mysql2")
    engine = planned("switchover_writer", "--set", f"to={target}")
    with lab.fault("power", "mysql3"):
        code, reason = agreed(engine)
        assert code == 21
        assert "mysql3 was there, and is not answering" in reason, reason
        assert writer() != target


MINE = '''
"""A runbook of a user's own."""
from engine.runbook import Plan
from operations.hosts import shell
from operations.steps import Elsewhere, Refused, Step, Unseen

PARAMETERS = {"end": "how it is to end"}
FILE = "/run/hatui/mine"

def fail(error):
    raise error

def unreachable():
    shell("net02", "true", timeout=5)

def plan(view, end):
    made = Step("make it", lambda: shell("net01", f"touch {FILE}"), undo=lambda: shell("net01", f"rm -f {FILE}"))
    stays = Step("make it for good", lambda: shell("net01", f"touch {FILE}"), lasting="the file is there")
    last = {
        "DONE": Step("look", lambda: shell("net01", f"test -e {FILE}")),
        "DONE_ELSEWHERE": Step("go", lambda: fail(Elsewhere("it is on net02"))),
        "REVERTED": Step("go", lambda: fail(Refused("no")), undo=lambda: None),
        "DIRTY": Step("go", lambda: fail(Refused("no"))),
        "UNKNOWN": Step("go", unreachable),
        "STOPPED": Step("go", lambda: fail(Refused("no"))),
    }
    first = stays if end == "DIRTY" else made
    if end == "REFUSED":
        return Plan("Refuse", refused="It is not the day for it.")
    return Plan(f"End {end}", [first, last[end]], in_stages=end == "STOPPED")
'''


@pytest.mark.parametrize("end", list(Outcome))
def test_each_outcome_has_its_exit_code_its_reason_and_its_place_in_the_history(end: Outcome, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    with lab.fault("power", "net02") if end is Outcome.UNKNOWN else nullcontext():
        order = ["run", str(tmp_path / "mine.py"), "--set", f"end={end}", "--reason", "why not", "--yes"]
        done = hatui(*order, timeout=60)
    assert done.returncode == end.exit_code, done.stdout + done.stderr
    assert (done.returncode == 0) == (end is Outcome.DONE)
    assert done.stdout.splitlines()[-1].startswith(end), done.stdout
    there = lab.ssh("net01", "ls /run/hatui/mine 2>/dev/null", check=False).strip()
    assert bool(there) == (end not in (Outcome.REFUSED, Outcome.REVERTED, Outcome.UNKNOWN)), there
    lab.ssh("net01", "rm -f /run/hatui/mine")
    (run,) = runs(CLUSTER.name)
    history = hatui("history").stdout
    assert run.id in history and end in history and "why not" in history, history
    shown = hatui("history", "show", run.id).stdout
    assert shown.splitlines()[-1].startswith(end), shown


def test_a_dry_run_shows_the_steps_with_their_prechecks_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    done = hatui("run", str(tmp_path / "mine.py"), "--set", "end=DONE", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "precheck now  make it: nothing against it" in done.stdout
    assert lab.ssh("net01", "ls /run/hatui/mine 2>/dev/null", check=False) == ""
    assert list(runs(CLUSTER.name)) == []


def test_no_agreement_and_no_terminal_is_a_no(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    done = hatui("run", str(tmp_path / "mine.py"), "--set", "end=DONE", stdin="n\n")
    assert done.returncode == 21, done.stdout
    assert list(runs(CLUSTER.name)) == []


@pytest.mark.parametrize("ending", [signal.SIGHUP, signal.SIGKILL])
def test_a_run_outlives_the_terminal_that_began_it(ending: signal.Signals) -> None:
    target = other(owner(), "haproxy1", "haproxy2")
    verb = begin("switchover", "vip", "--to", target)
    for run in events(set()):
        if len(run.events) == 1:
            os.killpg(verb.pid, ending)
            assert verb.wait() != 0
        last = run
    assert last.outcome is Outcome.DONE
    assert owner() == target


def test_an_engine_that_is_asked_to_stop_takes_back_what_it_did() -> None:
    origin = writer()
    begin("switchover", "writer", "--to", other(origin, "mysql1", "mysql2"))
    for run in events(set()):
        if isinstance(last_event := run.events[-1], Intent) and last_event.step == 1:
            os.kill(run.begin.pid, signal.SIGTERM)
        last = run
    assert last.outcome is Outcome.REVERTED, last.events
    assert writer() == origin
