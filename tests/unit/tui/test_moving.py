"""The cursor: every key that moves it, the mouse, and that it stays on what it is on while lines come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.unit.tui.desk import on, shown
from tui.console.app import Console
from tui.console.board import Board
from tui.console.lines import Line, Spot
from tui.console.palette import DARK


class Alone(App[None]):
    """A board by itself, and what it told."""

    def __init__(self, lines: list[Line], *, follows: bool = False, from_end: bool = False) -> None:
        super().__init__()
        self.board = Board(follows=follows, from_end=from_end)
        self.lines = lines
        self.chosen: list[tuple[str, str]] = []
        self.sideways: list[int] = []
        self.register_theme(DARK)
        self.theme = DARK.name

    def compose(self) -> ComposeResult:
        yield self.board

    def on_mount(self) -> None:
        self.board.focus()
        self.board.show(self.lines)

    def on_board_chosen(self, message: Board.Chosen) -> None:
        self.chosen.append((message.line.key, message.value))

    def on_board_sideways(self, message: Board.Sideways) -> None:
        self.sideways.append(message.by)

    @property
    def at(self) -> str:
        """The key of the line that the cursor is on."""
        return self.board.line.key if self.board.line else ""


def numbered(*numbers: int) -> list[Line]:
    """A heading, and a line each."""
    return [Line((("heading", ""),)), *(Line(((f"line {number}", ""),), str(number)) for number in numbers)]


def alone(app: Alone, check: Callable[[Pilot[None]], Awaitable[None]]) -> None:
    async def run() -> None:
        async with app.run_test(size=(40, 10)) as pilot:
            await pilot.pause()
            await check(pilot)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("keys", "at"),
    [
        ("down", "1"), ("j", "1"), ("down down up", "1"), ("j j k", "1"), ("up", "0"),
        ("pagedown", "9"), ("ctrl+f", "9"), ("end", "49"), ("G", "49"), ("end home", "0"), ("G g", "0"),
        ("end pageup", "40"), ("end ctrl+b", "40"),
    ],
)  # fmt: skip
def test_keys_move_it_over_what_has_a_key(keys: str, at: str) -> None:
    app = Alone(numbered(*range(50)))

    async def check(pilot: Pilot[None]) -> None:
        for key in keys.split():
            await pilot.press(key)
        assert app.at == at
        top = app.board.scroll_offset.y
        assert top <= int(at) + 1 < top + 10, "it can be seen"

    alone(app, check)


def test_left_and_right_go_to_a_line_s_spots_and_are_told_of_where_it_has_none() -> None:
    spots = (Spot(0, 4, "first"), Spot(5, 9, "second"))
    app = Alone([Line((("aaaa bbbb", ""),), "spotted", spots=spots), *numbered(1)])

    async def check(pilot: Pilot[None]) -> None:
        await pilot.press("enter", "right", "enter", "l", "enter", "h", "enter")
        values = [value for _, value in app.chosen]
        assert values == ["first", "second", "second", "first"]
        await pilot.press("down", "right", "left")
        assert app.sideways == [1, -1]

    alone(app, check)


def test_a_click_goes_there_and_another_opens_it() -> None:
    app = Alone(numbered(*range(5)))

    async def check(pilot: Pilot[None]) -> None:
        await pilot.click(Board, offset=(2, 3))
        assert (app.at, app.chosen) == ("2", [])
        await pilot.click(Board, offset=(2, 3))
        assert app.chosen == [("2", "")]
        await pilot.click(Board, offset=(2, 0))
        await pilot.click(Board, offset=(2, 9))
        assert app.at == "2", "a heading and nothing can't be chosen"

    alone(app, check)


def test_it_stays_on_its_line_while_others_come_and_go() -> None:
    app = Alone(numbered(*range(50)))

    async def check(pilot: Pilot[None]) -> None:
        app.board.put("30")
        await pilot.pause()
        seen_at = app.board.scroll_offset.y
        app.board.show(numbered(*range(-5, 60)))
        await pilot.pause()
        assert app.at == "30" and app.board.scroll_offset.y == seen_at + 5
        app.board.show(numbered(*range(31, 60)))
        await pilot.pause()
        assert app.at != "" and app.board.line in app.board.lines

    alone(app, check)


@pytest.mark.parametrize(("from_end", "at"), [(True, "9"), (False, "0")])
def test_one_that_follows_stays_at_the_end_only_while_it_is_there(from_end: bool, at: str) -> None:
    app = Alone(numbered(*range(10)), follows=True, from_end=from_end)

    async def check(pilot: Pilot[None]) -> None:
        assert app.at == at
        await pilot.press("end")
        app.board.show(numbered(*range(12)))
        assert app.at == "11"
        await pilot.press("up")
        app.board.show(numbered(*range(14)))
        assert app.at == "10"

    alone(app, check)


def test_the_lock_key_locks_at_once() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("U", "y")
        await shown(app, pilot, "UNLOCKED")
        await pilot.press("L")
        await shown(app, pilot, " LOCKED")
        assert app.why_not() == "The console is locked: U unlocks it."

    on("healthy", check)


def test_a_click_on_a_node_and_another_opens_it() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.click("#main", offset=(45, 4))
        await pilot.click("#main", offset=(45, 4))
        await shown(app, pilot, "[mysql2]")

    on("healthy", check)
