"""The console: one app over one stream, the clock of which is now, or then in a replay."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

import msgspec
from textual.app import App

from cluster.text import clean
from engine.journal import Run
from tui.console.acting import Acting
from tui.console.actions import Action, available
from tui.console.feed import Silent, Take
from tui.console.journal import Journal
from tui.console.known import Known
from tui.console.lines import Line
from tui.console.looking import Looking
from tui.console.palette import DARK, LIGHT
from tui.console.past import past
from tui.console.player import Player
from tui.console.screens import MODES, RunsView
from tui.console.unlock import Lock
from tui.console.view import View
from tui.console.views.events import events
from tui.console.views.header import Mode, header
from tui.engine import Event, Told, told
from tui.recording.write import Recorder

FRAME = 0.1
"""Seconds between two times that what came is shown."""
_ERRORS = 5
"""Lines that can't be read that are told of; the others are only left out."""


class Source(Protocol):
    """Where lines come from (tui.console.feed.Live, tui.console.player.Player)."""

    @property
    def replay(self) -> str: ...

    def now(self) -> float: ...

    def wall(self) -> float: ...

    async def run(self, take: Take, silent: Silent) -> None: ...

    def close(self) -> None: ...


class Console(Looking, Acting, App[None]):
    """`source` tells what is so; runs are begun with `inventory`."""

    CSS_PATH = "console.tcss"
    TITLE = "hatui"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 (an instance variable in Textual)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (40, "-tall")]  # noqa: RUF012 (an instance variable in Textual)
    MODES = MODES  # type: ignore[assignment]
    DEFAULT_MODE = "overview"
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ESCAPE_TO_MINIMIZE = False

    def __init__(
        self,
        source: Source,
        inventory: Path = Path("inventory.py"),
        *,
        read_only: bool = False,
        record: bool = False,
        light: bool = False,
    ) -> None:
        super().__init__()
        self.source = source
        self.inventory = inventory
        self.known = Known()
        self.runs: list[Run] = []
        self.lock = Lock("READ-ONLY" if read_only or isinstance(source, Player) else "")
        self.actions: tuple[Action, ...] = tuple(available(replay=bool(source.replay), read_only=read_only))
        self._record = record
        self._recorder: Recorder | None = None
        self._journal = Journal()
        self._shown = (-1, -1)
        self._lines: list[Line] = []
        self._unreadable = 0
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = LIGHT.name if light else DARK.name
        for action in self.actions:
            self.bind(action.key, action.name, description=action.title)

    def on_mount(self) -> None:
        """Textual's."""
        if isinstance(self.source, Player):
            self.source.scene = self._scene
        self.run_worker(self.source.run(self.take, self._silent), exclusive=True, group="feed", exit_on_error=True)
        self.set_interval(FRAME, self._frame)
        self.set_interval(0.5, self._read_journal)

    def on_unmount(self) -> None:
        """Textual's: the observer ends with the console, a run does not."""
        self.source.close()
        if self._recorder:
            self._recorder.close()

    def now(self) -> float:
        """The clock that ages are told by."""
        return self.source.now()

    def wall(self) -> float:
        """The time that is shown, in seconds since the epoch."""
        return self.source.wall()

    def take(self, line: bytes) -> None:
        """One line of the stream."""
        try:
            one = told(line)
        except msgspec.DecodeError as error:
            self._unreadable += 1
            if self._unreadable <= _ERRORS:
                self.notify(clean(f"A line of the stream can't be read, and was left out: {error}"), markup=False)
            return
        self.known.take(one, self.now())
        self._keep(one, line)

    def _keep(self, one: Told, line: bytes) -> None:
        if not self._record:
            return
        if self._recorder is None:
            if isinstance(one, Event):
                return
            self._recorder = Recorder(one.cluster)
            self.run_worker(self._remember(one.cluster, one.at), group="past")
        if reason := self._recorder.take(line):
            self.notify(reason, severity="warning", markup=False, timeout=20)

    async def _remember(self, cluster: str, before: float) -> None:
        """What was recorded before is among the events, too."""
        if events := await asyncio.to_thread(past, cluster, before):
            self.known.remember(events)

    def _scene(self, all_of_it: list[Told]) -> None:
        """All that is so after a jump in a replay."""
        self.known.forget()
        for one in all_of_it:
            self.known.take(one, self.now())

    def _silent(self, reason: str) -> None:
        self.known.silent(reason)

    def _frame(self) -> None:
        """Show what came since the last frame, and each second that time has passed."""
        second = int(self.now())
        view = self.view
        if view is None:
            return
        if self.known.revision != self._shown[0]:
            view.redraw()
        elif second != self._shown[1]:
            # What grew stale looks different without any news.
            view.redraw() if self.known.stale(self.now()) or isinstance(view, RunsView) else view.refresh_bars()
        self._shown = (self.known.revision, second)

    async def _read_journal(self) -> None:
        if self.known.snapshot and not self.source.replay:
            before = self.runs
            self.runs = await asyncio.to_thread(self._journal.newest, self.known.snapshot.cluster)
            if self.runs != before and self.view:
                self.view.redraw()

    @property
    def view(self) -> View | None:
        """The screen below all dialogs."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, View)), None)

    def header(self, width: int) -> list[Line]:
        """The two lines at the top."""
        now = self.now()
        mode = Mode(self.lock.shown(now), self.lock.left(now) > 0, self.source.replay)
        run = self.running
        return header(self.known, now, self.wall(), mode, f"▶ {run.begin['title']} (5)" if run else "", width)

    @property
    def running(self) -> Run | None:
        """The run of this machine that goes on, if any does."""
        return next((run for run in self.runs if run.alive and run.outcome is None), None)

    def event_lines(self) -> list[Line]:
        """All events that are kept, as lines; those that were made before are the same."""
        kept, made = self.known.events, self._lines
        if not kept or not made:
            self._lines = events(kept)
            return self._lines
        first, last = int(made[0].key), int(made[-1].key)
        if first > kept[0].number or not kept[0].number - 1 <= last <= kept[-1].number:
            self._lines = events(kept)
        elif last < kept[-1].number:
            self._lines = [*made, *events(self.known.last(kept[-1].number - last))][-len(kept) :]
        return self._lines
