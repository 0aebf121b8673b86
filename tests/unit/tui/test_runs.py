"""Runs on the screen: those that ended, the one that goes on, and what can be done about a rollout."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from tests.unit.tui import journals
from tests.unit.tui.desk import PLAN, on, shown, stood_for, text
from tests.unit.tui.test_acting import unlocked
from tui.console.app import Console

LOCK_AND_WAIT = """
import fcntl, json, signal, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("held", flush=True)
signal.pause()
"""


def test_a_run_that_goes_on_is_named_at_the_top_and_followed_step_by_step() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await shown(app, pilot, "▶ Roll out galera (5)")
        await pilot.press("5")
        await shown(app, pilot, "▶ RUNNING")
        await pilot.press("home", "enter")
        screen = await shown(app, pilot, "●  done")
        assert "▶  now" in screen and "waits until mysql2 is Synced" in screen
        assert "3/3 galera/mysql1: apply" in screen
        assert "NEED" in screen, "what it rests on is beside it"
        await pilot.press("end")
        with path.open("a") as file:
            for number in range(40):
                event = {"event": "note", "at": journals.AT + 900, "step": 1, "text": f"note {number}"}
                file.write(f"{json.dumps(event)}\n")
        await shown(app, pilot, "note 39")

    with journals.going_on() as path:
        on("healthy", check)


def test_one_that_has_just_begun_is_not_shown_as_the_one_before() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("5")
        await shown(app, pilot, "▲ STOPPED")
        app.open_run("20261125-021000-0002")
        screen = await shown(app, pilot, "Run 20261125-021000-0002  has begun")
        assert "STOPPED" not in screen
        with journals.going_on():
            await shown(app, pilot, "▶  now")

    journals.stopped()
    on("healthy", check)


def test_a_run_that_ended_says_how_and_what_clients_felt() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("5")
        await shown(app, pilot, "▲ STOPPED")
        await pilot.press("home", "enter")
        screen = await shown(app, pilot, "Paused after galera/mysql3")
        assert "What clients felt" in screen and "0 of 412 new connections failed" in screen
        await pilot.press("escape")
        await shown(app, pilot, "BEGAN")

    journals.stopped()
    on("healthy", check)


def test_pause_asks_the_rollout_that_runs_to_stop(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await shown(app, pilot, "▶ Roll out galera (5)")
        await unlocked(app, pilot)
        await pilot.press("p")
        await shown(app, pilot, "Pause: Roll out galera?")
        assert engine.poll() is None
        await pilot.press("y")
        assert engine.wait(10) == 0

    path = journals.journal("20261125-021000-0002", journals.begun(0))
    engine = subprocess.Popen([sys.executable, "-c", LOCK_AND_WAIT, str(path)], stdout=subprocess.PIPE)
    assert engine.stdout
    assert engine.stdout.readline() == b"held\n"
    # The same file, which is held by now.
    journals.journal("20261125-021000-0002", journals.begun(0), pid=engine.pid)
    try:
        on("healthy", check)
    finally:
        engine.kill()
        engine.wait()
        engine.stdout.close()


def test_a_rollout_of_another_user_is_not_paused_and_it_is_said_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_process: int, _signal: int) -> None:
        raise PermissionError

    async def check(app: Console, pilot: Pilot[None]) -> None:
        await shown(app, pilot, "▶ Roll out galera (5)")
        await unlocked(app, pilot)
        await pilot.press("p")
        await shown(app, pilot, "Pause: Roll out galera?")
        await pilot.press("y")
        await shown(app, pilot, "not yours to stop: alice@ops")

    monkeypatch.setattr(signal, "pidfd_send_signal", refused)
    with journals.going_on():
        on("healthy", check)


def test_resume_goes_on_with_what_was_asked_before(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("5")
        await shown(app, pilot, "▲ STOPPED")
        await unlocked(app, pilot)
        await pilot.press("r")
        await shown(app, pilot, "type mysql2 to confirm")
        assert (tmp_path / "asked").read_text() == "rollout layer=galera\n"
        assert app.screen.query_one("#reason").value == "gcache 2G"  # type: ignore[attr-defined]

    journals.stopped()
    on("healthy", check, command=stood_for(tmp_path, replace(PLAN, typed="mysql2")))


def test_abort_ends_it_after_a_yes(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("5")
        await shown(app, pilot, "▲ STOPPED")
        await unlocked(app, pilot)
        await pilot.press("a")
        await shown(app, pilot, "y: go on")
        assert (tmp_path / "asked").read_text() == "rollout_abort\n"

    journals.stopped()
    on("healthy", check, command=stood_for(tmp_path, PLAN))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("p", "No rollout of this machine runs."),
        ("r", "There is no rollout that stopped"),
        ("a", "There is no rollout that stopped"),
    ],
)
def test_without_a_rollout_there_is_nothing_to_pause_resume_or_abort(key: str, said: str) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await unlocked(app, pilot)
        await pilot.press(key)
        await shown(app, pilot, said)
        assert len(app.screen_stack) == 1

    on("healthy", check)


def test_a_replay_says_that_a_recording_has_no_runs() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        app.source.replay = "paused"  # type: ignore[misc]
        await pilot.press("5")
        screen = await shown(app, pilot, "a recording has none")
        assert "none from this machine yet" not in text(app), screen

    on("healthy", check)
