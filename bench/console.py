"""The console over a large cluster in which much happens: how soon keys are answered, what it costs, what it holds."""

from __future__ import annotations

import asyncio
import itertools
import resource
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from textual.events import Key

from bench.report import Figure
from cluster.wire.observed import told
from tests.streams.build import START
from tests.streams.many import many
from tui.console.app import Console
from tui.console.board import Board
from tui.console.feed import FRESH, Silent, Take

HOSTS, EVENTS = 40, 2000
"""Of the issue: hosts, and events a minute."""
SECONDS = 30
KEYS = 4.0
"""Keys a second."""


class Paced:
    """A stream at its own pace, or as fast as it is taken."""

    replay = ""
    fresh = FRESH

    def __init__(self, lines: Iterable[bytes], *, paced: bool) -> None:
        self._lines, self._paced = lines, paced
        self.done = False

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def run(self, take: Take, silent: Silent) -> None:  # noqa: ARG002 (it never falls silent)
        begun = time.monotonic()
        for number, line in enumerate(self._lines):
            if self._paced:
                await asyncio.sleep(max(0.0, begun + told(line).at - START - time.monotonic()))
            elif number % 50 == 0:
                await asyncio.sleep(0)
            take(line)
        self.done = True

    def close(self) -> None:
        pass


def console() -> list[Figure]:
    """Keys and processor time over half a minute of two screens; memory over an hour of it, as fast as it goes."""
    what = f"console, {HOSTS} hosts, {EVENTS} events a minute"
    figures = []
    for screen, way in {"the overview": (), "one layer": ("2", "right")}.items():
        keys, share = asyncio.run(_watched(*way))
        p95 = keys[int(len(keys) * 0.95)] * 1000
        figures += [
            Figure(f"{what}, {screen}: a key is answered, p95 of {len(keys)}", (p95,), "ms", 50),
            Figure(f"{what}, {screen}: of one core", (100 * share,), "%", 25),
        ]
    early, late = asyncio.run(_hour())
    memory = Figure(f"{what}, an hour: memory at its end to memory after ten minutes", (late / early,), "", 1.05)
    return [*figures, memory]


async def _watched(*way: str) -> tuple[list[float], float]:
    """Latencies of keys in seconds, sorted, and the share of a core, on the screen to which these keys lead."""
    # Made beforehand: making them is not what is measured.
    app = Console(Paced(list(itertools.takewhile(_early, many(HOSTS, EVENTS, 1))), paced=True))
    taken = []
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause(1)
        await pilot.press(*way)
        board = app.screen.query_one("#main", Board)
        begun, spent = time.monotonic(), time.process_time()
        for key in itertools.cycle(["down", "down", "down", "up", "up", "up"]):
            if time.monotonic() - begun > SECONDS - 3:
                break
            pressed = time.monotonic()
            before = board.line
            app.post_message(Key(key, None))
            while board.line is before:
                await asyncio.sleep(0.001)
                if time.monotonic() - pressed > 1:
                    break
            taken.append(time.monotonic() - pressed)
            await asyncio.sleep(1 / KEYS)
        share = (time.process_time() - spent) / (time.monotonic() - begun)
    return sorted(taken), share


def _early(line: bytes) -> bool:
    return told(line).at < START + SECONDS


async def _hour() -> tuple[float, float]:
    """Resident memory after ten minutes of the stream, and at its end, in bytes."""
    early: list[float] = []

    def marked() -> Iterator[bytes]:
        for line in many(HOSTS, EVENTS, 60):
            if not early and told(line).at > START + 600:
                early.append(_resident())
            yield line

    source = Paced(marked(), paced=False)
    async with Console(source).run_test(size=(160, 48)) as pilot:
        while not source.done:
            await pilot.pause(0.2)
        await pilot.pause(1)
        return early[0], _resident()


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return float(pages * resource.getpagesize())
