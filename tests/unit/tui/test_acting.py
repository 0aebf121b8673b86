"""What is done from the console: never while locked, never from a stale view, never without the name typed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from cluster.outcome import Outcome
from cluster.wire.runs import Agreement, Ended, Precheck
from tests.unit.tui.desk import PLAN, Fixed, at_once, on, shown, stood_for, text
from tui.console.actions import Risk
from tui.console.app import Console
from tui.console.board import Board
from tui.console.unlock import LASTS, Unlock

PLACES = ("tab", "shift+tab", "tab", "tab")
"""From no over the dry run to the reason."""


async def unlocked(app: Console, pilot: Pilot[None]) -> None:
    await pilot.press("U")
    await shown(app, pilot, "Unlock this console?")
    await pilot.press("y")
    await shown(app, pilot, "UNLOCKED")


async def planned(app: Console, pilot: Pilot[None]) -> None:
    """Through the choices to the plan of a switchover of the VIP."""
    await unlocked(app, pilot)
    await pilot.press("s")
    await shown(app, pilot, "Switch over: what?")
    await pilot.press("home", "enter")
    await shown(app, pilot, "haproxy1 owns it already")
    await pilot.press("enter")
    await shown(app, pilot, "Nothing has been changed")


def agreed(folder: Path) -> list[Agreement]:
    path = folder / "agreed"
    lines = path.read_text().splitlines() if path.exists() else []
    return [msgspec.json.decode(line, type=Agreement) for line in lines]


def test_locked_it_says_how_to_unlock(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await shown(app, pilot, "U unlocks it")
        assert not (tmp_path / "asked").exists()

    on("healthy", check, command=stood_for(tmp_path))


def test_no_is_what_enter_and_esc_say_to_the_unlocking() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        for key in ("enter", "escape", "n"):
            await pilot.press("U")
            await shown(app, pilot, "Unlock this console?")
            await pilot.press(key)
            await pilot.pause(0.1)
            assert "UNLOCKED" not in text(app)

    on("healthy", check)


def test_what_is_typed_without_a_pause_goes_to_its_field(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await planned(app, pilot)
        # To the reason, to the name, to the button, and pressed.
        at_once(app, [*PLACES, *"cut", "enter", *"haproxy2", "enter", "enter"])
        await shown(app, pilot, "REFUSED: it has changed")
        assert agreed(tmp_path) == [Agreement(agreed=True, reason="cut")]

    end = Ended(Outcome.REFUSED, "it has changed")
    on("healthy", check, command=stood_for(tmp_path, PLAN, after=end))


def test_it_locks_itself_again() -> None:
    lock = Unlock()
    assert lock.shown(5) == "LOCKED"
    lock.unlock(5)
    assert lock.shown(5.5) == "UNLOCKED 9:59" and lock.left(5 + LASTS) == 0
    assert lock.shown(5 + LASTS) == "LOCKED"
    lock.unlock(5)
    lock.lock()
    assert not lock.left(6)
    never = Unlock("READ-ONLY")
    never.unlock(5)
    assert never.shown(6) == "READ-ONLY" and not never.left(6)


def test_a_switchover_begins_only_with_a_reason_and_the_name_typed(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await planned(app, pilot)
        found = text(app)
        assert "point of no return" in found and "longest gap 41 ms" in found and "way back" in found
        go = app.screen.query_one("#go")
        await pilot.press("tab", "tab")
        await pilot.press(*"cut", "enter", *"haproxy", "enter")
        assert go.disabled
        await pilot.press("2", "enter")
        assert not go.disabled and not agreed(tmp_path)
        await pilot.press("enter")
        await shown(app, pilot, "REFUSED: it has changed")
        assert agreed(tmp_path) == [Agreement(agreed=True, reason="cut")]

    end = Ended(Outcome.REFUSED, "it has changed")
    on("healthy", check, command=stood_for(tmp_path, PLAN, after=end))


def test_esc_leaves_the_plan_and_nothing_is_agreed_to(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await planned(app, pilot)
        await pilot.press("escape")
        await shown(app, pilot, "LAYER")
        await pilot.pause(0.3)
        assert not agreed(tmp_path)

    on("healthy", check, command=stood_for(tmp_path, PLAN))


def test_a_view_that_grew_stale_agrees_to_nothing(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await planned(app, pilot)
        await pilot.press("tab", "tab", *"cut", "enter", *"haproxy2", "enter")
        assert isinstance(app.source, Fixed)
        app.source.time += 10
        await pilot.press("enter")
        await shown(app, pilot, "Not now: What is shown is 10 s old")
        assert not agreed(tmp_path)

    on("healthy", check, command=stood_for(tmp_path, PLAN))


def test_a_lock_that_ran_out_agrees_to_nothing(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await planned(app, pilot)
        await pilot.press("tab", "tab", *"cut", "enter", *"haproxy2", "enter")
        app.lock.lock()
        await pilot.press("enter")
        await shown(app, pilot, "Not now: The console is locked")
        assert not agreed(tmp_path)

    on("healthy", check, command=stood_for(tmp_path, PLAN))


def test_what_is_offered_is_there_as_soon_as_the_choice_is(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await unlocked(app, pilot)
        app.action_switchover()
        # A key that comes as soon as it can be read is for the line that it is meant for, however busy the machine is.
        while "Switch over: what?" not in text(app):
            await asyncio.sleep(0)
        assert [line.key for line in app.screen.query_one(Board).lines] == ["vip", "writer", "resource"]

    on("healthy", check, command=stood_for(tmp_path, PLAN))


def test_a_refused_candidate_can_not_be_chosen(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await unlocked(app, pilot)
        await pilot.press("s")
        await shown(app, pilot, "Switch over: what?")
        await pilot.press("home", "enter")
        await shown(app, pilot, "haproxy1 owns it already")
        await pilot.press("home", "enter")
        await shown(app, pilot, "Not this one")

    on("healthy", check, command=stood_for(tmp_path, PLAN))


def test_a_refused_plan_has_only_cancel(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await unlocked(app, pilot)
        app.run_worker(app._planned("undrain", {"host": "cc01"}, Risk.GUARDED))
        await shown(app, pilot, "REFUSED: the cluster is not whole")
        assert app.screen.query_one("#go").disabled
        await pilot.press("y")
        await pilot.pause(0.2)
        assert not agreed(tmp_path)

    on("healthy", check, command=stood_for(tmp_path, replace(PLAN, refused="the cluster is not whole")))


def test_what_can_be_taken_back_needs_a_y_alone(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await unlocked(app, pilot)
        await pilot.press("u")
        await shown(app, pilot, "Put back into service: which host?")
        await shown(app, pilot, "haproxy2  ok")
        await pilot.press("enter")
        await shown(app, pilot, "y: go on")
        await pilot.press("y")
        await shown(app, pilot, "DONE: so")
        assert agreed(tmp_path) == [Agreement(agreed=True, reason="")]

    end = Ended(Outcome.DONE, "so")
    on("healthy", check, command=stood_for(tmp_path, PLAN, after=end))


def test_an_engine_that_dies_is_told_of(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await planned(app, pilot)
        await pilot.press("tab", "tab", *"cut", "enter", *"haproxy2", "enter", "enter")
        await shown(app, pilot, "UNKNOWN: the engine ended without a word")

    on("healthy", check, command=stood_for(tmp_path, PLAN))


def test_a_dry_run_shows_each_precheck_and_agrees_to_nothing(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await planned(app, pilot)
        await pilot.press("d")
        await shown(app, pilot, "nothing was changed")
        assert (tmp_path / "asked").read_text().splitlines()[-1].endswith("--dry-run")
        assert not agreed(tmp_path)

    messages = (PLAN, Precheck(0, ""), Precheck(1, "not now"))
    on("healthy", check, size=(100, 40), command=stood_for(tmp_path, *messages))


@pytest.mark.parametrize(
    ("key", "first", "then", "asked"),
    [
        ("s", "Switch over: what?", "Switch over: the vip, to where?", "switchover_vip to= --dry-run"),
        ("d", "Drain: which host?", "type haproxy2 to confirm", "drain host=haproxy2"),
        ("u", "Put back into service: which host?", "y: go on", "undrain host=haproxy2"),
        ("R", "Restart, host by host: which layer?", "type haproxy2 to confirm", "restart layer=haproxy2"),
        ("C", "Recover: which cluster?", "type haproxy2 to confirm", "recover_galera"),
    ],
)
def test_each_key_asks_what_and_then_shows_the_plan(
    tmp_path: Path, key: str, first: str, then: str, asked: str
) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await unlocked(app, pilot)
        await pilot.press(key)
        await shown(app, pilot, first)
        if key not in "sC":
            await shown(app, pilot, "haproxy2  ok")
        await pilot.press("enter")
        await shown(app, pilot, then)
        assert (tmp_path / "asked").read_text().splitlines()[-1] == asked
        assert not agreed(tmp_path)

    on("healthy", check, command=stood_for(tmp_path, PLAN))


def test_a_rollout_asks_for_its_fields_and_shows_the_plan(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await unlocked(app, pilot)
        await pilot.press("o")
        await shown(app, pilot, "Roll out what the inventory changes")
        await pilot.press(*"galera", "enter", "enter", "enter", *"canary", "enter")
        await shown(app, pilot, "Nothing has been changed")
        assert (tmp_path / "asked").read_text() == "rollout layer=galera soak=60 pause_after=canary\n"

    on("healthy", check, command=stood_for(tmp_path, PLAN))


def test_a_resource_is_chosen_before_its_place(tmp_path: Path) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await unlocked(app, pilot)
        await pilot.press("s", "end", "enter")
        await shown(app, pilot, "Switch over: which resource?")
        await shown(app, pilot, "haproxy2  ok")
        await pilot.press("enter")
        await shown(app, pilot, "Switch over: haproxy2, to where?")
        await shown(app, pilot, "haproxy2  ok")
        assert (tmp_path / "asked").read_text().splitlines()[-1] == "switchover_resource name=haproxy2 to= --dry-run"

    on("healthy", check, command=stood_for(tmp_path, PLAN))
