"""The screens over recorded streams: what each shows, its keys, and that nothing of a host is more than text."""

from __future__ import annotations

import asyncio

import pytest
from textual.command import Hits
from textual.pilot import Pilot
from textual.system_commands import SystemCommandsProvider

from tests.streams.build import STORIES
from tests.streams.hostile import hostile
from tests.unit.tui.desk import Fixed, at_once, on, shown, text
from tui.console.actions import ACTIONS, Risk, available
from tui.console.app import Console
from tui.console.board import Board

STORY_SHOWS = {
    "healthy": ("● OK 8", "● haproxy1 owner", "● mysql1 writer"),
    "degraded": ("▲ WARN 2", "✖ mysql3 FAIL"),
    "failed": ("✖ FAIL", "galera     ✖ FAIL"),
    "unknown": ("? UNKNOWN", "? mysql2 UNKNOWN"),
    "split": ("✖ FAIL 1", "keepalived ✖ FAIL", "haproxy1, haproxy2"),
}


@pytest.mark.parametrize("story", sorted(STORIES))
@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_the_overview_tells_each_story(story: str, size: tuple[int, int]) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        found = text(app)
        assert all(part in found for part in STORY_SHOWS[story]), found

    on(story, check, size=size)


@pytest.mark.parametrize("story", sorted(STORIES))
@pytest.mark.parametrize(
    ("key", "wanted"),
    [("1", "LAYER"), ("2", "[hosts]"), ("3", "[haproxy1]"), ("4", "02:14:0"), ("5", "Runs"), ("6", "NEED")],
)
def test_each_view_opens_by_its_key(story: str, key: str, wanted: str) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        if story != "healthy" or key != "4":
            await shown(app, pilot, wanted)

    on(story, check)


def test_every_layer_and_every_node_is_shown_in_depth() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("2")
        for layer in ("hosts", "haproxy", "keepalived", "galera", "rabbitmq", "corosync", "pacemaker"):
            await shown(app, pilot, f"[{layer}]")
            await pilot.press("right")
        await pilot.press("3")
        for node in ("haproxy1", "haproxy2", "mysql1"):
            await shown(app, pilot, f"[{node}]")
            await pilot.press("right")
        await pilot.press("left")
        assert "cluster_status" in await shown(app, pilot, "[mysql1]")

    on("degraded", check, size=(120, 40))


def test_enter_goes_to_the_node_and_esc_comes_back() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("down", "down", "down", "right", "right", "enter")
        await shown(app, pilot, "[mysql3]")
        await pilot.press("escape")
        await shown(app, pilot, "LAYER")

    on("degraded", check)


def test_enter_on_a_fact_of_a_node_goes_to_its_layer() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("3")
        await shown(app, pilot, "[haproxy1]")
        await pilot.press("slash", *"uptime", "enter", "end", "enter")
        await shown(app, pilot, "[haproxy]")
        assert app.current_mode == "layer"

    on("healthy", check)


def test_the_filter_leaves_only_what_has_the_text() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("4", "slash", *"mysql3 on haproxy1")
        await shown(app, pilot, "galera/mysql3 on haproxy1")
        board = app.screen.query_one("#main", Board)
        assert len(board.lines) == 1
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert len(board.lines) > 1

    on("degraded", check)


def test_copying_gives_plain_text() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("y")
        assert app.clipboard == "hosts: 10 of 10 hosts answer"
        await pilot.press("Y")
        assert "galera" in app.clipboard and "mysql3" in app.clipboard

    on("degraded", check)


def test_what_is_stale_is_never_well() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        assert isinstance(app.source, Fixed)
        app.source.time += 10
        found = await shown(app, pilot, "STALE 10 s")
        assert "● OK 0" in found and "● haproxy1" not in found and "VIP .47 ?" in found

    on("healthy", check)


def test_the_help_names_every_key_that_this_console_has() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        await shown(app, pilot, "Keys (esc: back)")
        listed = "\n".join(line.text for line in app.screen.query_one(Board).lines)
        for action in app.actions:
            assert action.title in listed
        await pilot.press("escape")
        await shown(app, pilot, "LAYER")

    on("healthy", check)


def test_the_palette_finds_every_action() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert titles == {f"{action.title} ({action.shown})" for action in app.actions}
        await pilot.press("colon", *"gates", "enter")
        await shown(app, pilot, "NEED")

    on("healthy", check)


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ((*"3/answered", "enter"), "answered after"),
        ((*"24/nothing", "enter", "escape", "6"), "NEED"),
        ((*":gates", "enter"), "NEED"),
        ((*":help", "enter"), "Keys (esc: back)"),
        ((*"3/answered", "enter", "6"), "NEED"),
        (("3", "down", "up", "enter", "escape", "question_mark"), "Keys (esc: back)"),
        (("2", "1", "2", "right", "right", "question_mark", "escape", "6"), "NEED"),
    ],
)
def test_keys_that_come_all_at_once_do_what_they_do_one_by_one(keys: tuple[str, ...], wanted: str) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        at_once(app, keys)
        await shown(app, pilot, wanted)
        assert not app.lock.left(app.now())

    on("healthy", check)


@pytest.mark.parametrize("key", ["1", "3"])
def test_a_screen_whose_widgets_are_gone_as_the_console_ends_draws_nothing(key: str) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        assert app.view is not None
        view = app.view
        await view.query(Board).remove()
        view.redraw()

    on("healthy", check)


def test_a_screen_that_has_only_just_been_switched_to_is_left_alone_until_it_is_there() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        app.switch_mode("layer")
        app._shown = (-1, -1, "")
        app._frame()
        app.action_filter()
        app.action_copy()
        await shown(app, pilot, "[hosts]")

    on("healthy", check)


def test_enter_in_the_palette_takes_what_was_typed_however_long_the_search_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    search = SystemCommandsProvider.search

    async def slowly(self: SystemCommandsProvider, query: str) -> Hits:
        async for hit in search(self, query):
            await asyncio.sleep(0.3)
            yield hit

    monkeypatch.setattr(SystemCommandsProvider, "search", slowly)

    async def check(app: Console, pilot: Pilot[None]) -> None:
        # All are listed before anything is typed: the first is not the one.
        await pilot.press("colon")
        await pilot.pause(0.3)
        await pilot.press(*"gates", "enter")
        await shown(app, pilot, "NEED")

    on("healthy", check)


def test_keys_are_told_apart_and_each_has_what_it_does() -> None:
    for replay in (False, True):
        keys = [action.key for action in available(replay=replay, read_only=False)]
        assert len(keys) == len(set(keys))
    for action in ACTIONS:
        assert hasattr(Console, f"action_{action.name.partition('(')[0]}"), action.name


def test_a_console_that_only_looks_has_no_key_that_changes() -> None:
    for action in available(replay=False, read_only=True):
        assert action.risk is Risk.LOOK and action.name not in ("unlock", "lock")


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "6"])
def test_what_hosts_say_is_harmless_text(key: str) -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        for _ in range(8 if key in "23" else 1):
            await pilot.pause(0.1)
            for character in text(app):
                assert character == "\n" or character.isprintable(), repr(character)
            await pilot.press("right")
        await pilot.press("Y")
        assert "\x1b" not in app.clipboard
        assert app.is_running

    on(hostile(), check, size=(160, 48))


def test_light_and_dark() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("f2")
        assert not app.current_theme.dark
        await pilot.press("f3")
        assert app.current_theme.dark

    on("healthy", check)


def test_below_a_layer_that_is_not_well_stands_why() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        rows = text(app).splitlines()
        galera = next(number for number, row in enumerate(rows) if row.startswith(" galera"))
        assert "mysql1 sees 2 of 3 members" in rows[galera + 1]
        assert rows[galera + 2].startswith(" rabbitmq")

    on("degraded", check)


def test_q_quits() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        await pilot.press("q")
        await pilot.pause(0.1)
        assert not app.is_running

    on("healthy", check)
