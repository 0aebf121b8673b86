"""What a wide terminal shows beside the overview: the node that the cursor is on, the runs, and how numbers moved."""

from __future__ import annotations

from textual.pilot import Pilot

from cluster.health.verdict import Verdict
from cluster.wire.observed import Event
from tests.unit.tui import journals
from tests.unit.tui.desk import on, shown, text
from tui.console.app import Console
from tui.console.board import Board

WIDE = (160, 48)


def test_the_node_at_the_right_is_the_one_that_the_cursor_is_on() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await shown(app, pilot, "haproxy1  the node that the cursor is on")
        await pilot.press("right")
        await shown(app, pilot, "haproxy2  the node that the cursor is on")
        await pilot.press("down", "down", "down")
        await shown(app, pilot, "mysql2  the node that the cursor is on")

    on("healthy", check, size=WIDE)


def test_the_runs_are_at_the_right_and_the_one_that_goes_on_step_by_step() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        screen = await shown(app, pilot, "▶  now")
        assert "LAYER" in screen, "the overview is still there"
        await pilot.press("tab", "tab", "enter")
        await shown(app, pilot, "Log")
        assert app.current_mode == "runs"

    journals.stopped()
    with journals.going_on():
        on("healthy", check, size=WIDE)


def test_enter_on_a_run_opens_it() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await shown(app, pilot, "▲ STOPPED")
        await pilot.press("tab", "tab", "home", "enter")
        await shown(app, pilot, "What clients felt")

    journals.stopped()
    on("healthy", check, size=WIDE)


def test_enter_on_a_fact_of_the_node_opens_its_layer() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("down", "tab", "end", "enter")
        await pilot.pause(0.3)
        assert app.current_mode == "layer"

    on("healthy", check, size=WIDE)


def test_a_terminal_that_grows_and_shrinks_shows_and_hides_what_is_docked() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        assert "Runs" not in text(app)
        await pilot.resize_terminal(*WIDE)
        await shown(app, pilot, "the node that the cursor is on")
        await shown(app, pilot, "connects/s")
        await pilot.resize_terminal(80, 24)
        await pilot.pause(0.3)
        assert "the node that the cursor is on" not in text(app)

    on("degraded", check)


def test_events_that_are_hidden_below_are_said_to_be_and_esc_follows_them_again() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        rule = "newer events below"
        assert rule not in text(app)
        await pilot.press("tab", "home")
        for number in range(30):
            app.known.take(Event(1795572843.0, "galera", "", Verdict.WARN, f"event {number}"), app.now())
        await shown(app, pilot, rule)
        assert "event 29" not in text(app)
        await pilot.press("escape")
        await shown(app, pilot, "event 29")
        assert rule not in text(app)

    on("degraded", check)


def test_what_is_hidden_below_is_counted_anew_when_the_events_have_another_height() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        rule = "newer events below"
        await pilot.press("tab", "home")
        for number in range(30):
            app.known.take(Event(1795572843.0, "galera", "", Verdict.WARN, f"event {number}"), app.now())
        await shown(app, pilot, rule)
        # Not by the console, which would look anew.
        app.screen.query_one("#main").styles.height = 1
        app.screen.query_one("#events", Board).styles.height = 60
        await pilot.pause(0.2)
        board = app.screen.query_one("#events", Board)
        assert board.below == 0 and rule not in text(app)

    on("degraded", check)
