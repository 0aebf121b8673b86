"""A console over a recorded stream, without a host or a terminal; and what stands for the engine, as it speaks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from textual.events import Key
from textual.pilot import Pilot

from cluster.wire.lines import FIRST, Message, line
from cluster.wire.runs import Candidate, PlannedStep, Proposal
from tests.streams.build import STORIES
from tui.act import Ask
from tui.console.app import Console
from tui.console.feed import FRESH, Silent, Take

PLAN = Proposal(
    runbook="switchover_vip",
    title="Move the VIP to haproxy2",
    refused="",
    already="",
    steps=(
        PlannedStep("haproxy1 gives the VIP up", within=5.0, host="haproxy1"),
        PlannedStep("haproxy1 stands by", undone=False, lasting="it may own it", within=5.0, host="haproxy1"),
    ),
    candidates=(Candidate("haproxy1", "haproxy1 owns it already"), Candidate("haproxy2")),
    origin="haproxy1",
    target="haproxy2",
    expected="new connections: no gap over 50 ms",
    measured=({"sql": 41.0},),
    undo="hatui switchover vip --to haproxy1",
    evidence="",
    typed="",
    in_stages=False,
    broken=(),
)


class Fixed:
    """A stream that has been told, at a time that is set."""

    replay = ""
    fresh = FRESH

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = list(lines)
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return 1795572850.0

    async def run(self, take: Take, silent: Silent) -> None:
        for one in self._lines:
            take(one)

    def close(self) -> None:
        pass


def stood_for(folder: Path, *messages: Message, after: Message | None = None) -> Callable[[Ask], list[str]]:
    """What stands for the engine: it says `messages`, waits for a line, notes it in FOLDER/agreed, and says `after`.

    What it was asked is in FOLDER/asked, a line each time.
    """
    script = folder / "engine.py"
    said = b"".join([FIRST, *map(line, messages)]).decode()
    last = line(after).decode() if after else ""
    script.write_text(
        "import sys\n"
        f"open({str(folder / 'asked')!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
        f"sys.stdout.write({said!r})\nsys.stdout.flush()\n"
        "line = '' if '--dry-run' in sys.argv else sys.stdin.readline()\n"
        f"open({str(folder / 'agreed')!r}, 'a').write(line)\n"
        f"sys.stdout.write({last!r} if line else '')\n"
    )

    def command(ask: Ask) -> list[str]:
        words = [f"{key}={value}" for key, value in ask.parameters.items()]
        return [sys.executable, str(script), ask.runbook, *words, *(["--dry-run"] if ask.dry_run else [])]

    return command


def on(
    story: str | Iterable[bytes],
    check: Callable[[Console, Pilot[None]], Awaitable[None]],
    *,
    size: tuple[int, int] = (80, 24),
    read_only: bool = False,
    command: Callable[[Ask], list[str]] | None = None,
) -> None:
    """Run `check` on a console over the story of that name, or over these lines."""
    source = Fixed(STORIES[story](8) if isinstance(story, str) else story)
    app = Console(source, read_only=read_only)
    if command:
        app.command = command

    async def run() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause(0.3)
            await check(app, pilot)

    asyncio.run(run())


def text(app: Console) -> str:
    """What is on the screen."""
    return "\n".join("".join(part.text for part in strip) for strip in app.screen._compositor.render_strips())


def at_once(app: Console, keys: Iterable[str]) -> None:
    """Press keys as they come to a console that has had no time for a while: all before the first is looked at."""
    for key in keys:
        name = {"/": "slash", ":": "colon"}.get(key, key)
        app.post_message(Key(name, key if len(key) == 1 else None))


async def shown(app: Console, pilot: Pilot[None], wanted: str, within: float = 5.0) -> str:
    """The screen once it has `wanted`; AssertionError with the screen if it has not in time."""
    for _ in range(round(within / 0.05)):
        if wanted in text(app):
            return text(app)
        await pilot.pause(0.05)
    raise AssertionError(f"{wanted!r} is not on the screen:\n{text(app)}")
