"""A replay: the same screens, moved through by hand, in which nothing can be done."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

from cluster.wire.observed import told
from tests.streams.build import BREAKS, START, STORIES
from tests.unit.tui.desk import shown, text
from tui.console.app import Console
from tui.console.player import Player
from tui.recording.read import Recording


def replayed(folder: Path, at: float, check: Callable[[Console, Player, Pilot[None]], Awaitable[None]]) -> None:
    """Run `check` on a replay of the degraded story, from `at` seconds after its begin."""
    path = folder / "incident.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(STORIES["degraded"](60))))
    player = Player(Recording.of_file(path), START + at)

    async def run() -> None:
        app = Console(player)
        async with app.run_test(size=(100, 30), notifications=True) as pilot:
            await shown(app, pilot, "REPLAY")
            await check(app, player, pilot)

    asyncio.run(run())


def test_it_shows_what_was_so_and_then_what_came(tmp_path: Path) -> None:
    async def check(app: Console, player: Player, pilot: Pilot[None]) -> None:
        await shown(app, pilot, "● OK 8")
        await pilot.press("plus", "plus")
        assert player.speed == 5
        await shown(app, pilot, "✖ mysql3 ")
        assert app.wall() >= START + BREAKS

    replayed(tmp_path, 0, check)


def test_paused_it_stays_and_each_step_shows_what_came_next(tmp_path: Path) -> None:
    async def check(app: Console, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("space")
        await shown(app, pilot, "REPLAY paused")
        moment = player.now()
        await pilot.pause(0.3)
        assert player.now() == moment
        for _ in range(20):
            await pilot.press("full_stop")
        assert player.now() > moment
        await shown(app, pilot, "✖ mysql3 ")
        await pilot.press("space")
        await shown(app, pilot, "REPLAY x1")

    replayed(tmp_path, 0, check)


def test_how_it_is_played_is_said_at_once_also_while_it_stands(tmp_path: Path) -> None:
    async def check(app: Console, player: Player, pilot: Pilot[None]) -> None:
        for _ in range(5):
            await pilot.press("space")
            await shown(app, pilot, "REPLAY paused", within=0.5)
            await pilot.press("space")
            await shown(app, pilot, "REPLAY x1", within=0.5)
        await pilot.press("plus")
        await shown(app, pilot, "REPLAY x2", within=0.5)
        await pilot.press("minus")
        await shown(app, pilot, "REPLAY x1", within=0.5)

    replayed(tmp_path, 10, check)


def test_a_time_in_which_nothing_happened_is_not_stale_and_one_that_nobody_saw_is(tmp_path: Path) -> None:
    """Of a quiet time a snapshot is kept each five seconds."""

    async def check(app: Console, player: Player, pilot: Pilot[None]) -> None:
        for seconds in range(0, 30, 2):
            player.seek(START + 20 + seconds)
            await pilot.pause(0.15)
            assert "STALE" not in text(app)
        player.seek(START + 75)
        screen = await shown(app, pilot, "STALE 2")
        assert "● OK 0" in screen

    path = tmp_path / "quiet.jsonl.gz"
    lines = [line for line in STORIES["degraded"](100) if not 20 < told(line).at - START < 90]
    quiet = [line for line in STORIES["degraded"](100) if told(line).at - START in (25, 30, 35, 40, 45, 50)]
    kept = sorted([*lines, *quiet], key=lambda line: told(line).at)
    path.write_bytes(gzip.compress(b"".join(kept)))
    player = Player(Recording.of_file(path), START + 20)

    async def run() -> None:
        app = Console(player)
        async with app.run_test(size=(100, 30)) as pilot:
            await shown(app, pilot, "REPLAY")
            await check(app, player, pilot)

    asyncio.run(run())


def test_jumps_go_back_and_on_and_stay_within_it(tmp_path: Path) -> None:
    async def check(app: Console, player: Player, pilot: Pilot[None]) -> None:
        await shown(app, pilot, "✖ mysql3 ")
        await pilot.press("space", "less_than_sign")
        assert player.now() == START
        await shown(app, pilot, "● OK 8")
        assert "is down" not in text(app)
        await pilot.press("greater_than_sign", "greater_than_sign")
        await shown(app, pilot, "REPLAY at its end")
        await shown(app, pilot, "✖ mysql3 ")

    replayed(tmp_path, 20, check)


def test_nothing_can_be_done_in_it(tmp_path: Path) -> None:
    async def check(app: Console, player: Player, pilot: Pilot[None]) -> None:
        await pilot.press("U", "s", "d", "o")
        await pilot.pause(0.2)
        assert len(app.screen_stack) == 1
        assert "looks" in app.why_not()

    replayed(tmp_path, 0, check)
