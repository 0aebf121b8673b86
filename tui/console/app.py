"""The console: one app over one stream, which is taken as it comes and shown ten times a second."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from cluster.text import clean
from cluster.wire.observed import Event, Told, told
from tui.console.acting import Acting
from tui.console.feed import Source
from tui.console.journal import Journal
from tui.console.past import past
from tui.console.player import Player
from tui.console.screens import MODES, RunsView
from tui.recording.write import Recorder

FRAME = 0.1
"""Seconds between two times that what came is shown."""
TEAM = 30.0
"""Seconds after which the hosts are asked again what other machines did."""
_ERRORS = 5
"""Lines that can't be read that are told of; the others are only left out."""


class Console(Acting):
    """Takes what `source` tells, and shows it; with `record` it is kept on this machine, too.

    `team` brings what other operators' machines did to this one; it may take seconds.
    """

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
        team: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(source, inventory, read_only=read_only, light=light)
        self._record = record
        self._team = team
        self._left = threading.Event()
        """The console is over: nobody asks the hosts of others' runs any longer."""
        self._recorder: Recorder | None = None
        self._journal = Journal()
        self._shown = (-1, -1, "")
        self._unreadable = 0

    def on_mount(self) -> None:
        """Textual's."""
        if isinstance(self.source, Player):
            self.source.scene = self._scene
        self.run_worker(self.source.run(self.take, self._silent), exclusive=True, group="feed", exit_on_error=True)
        self.set_interval(FRAME, self._frame)
        self.set_interval(0.5, self._read_journal)
        if self._team:
            # A daemon: who leaves the console does not wait for the hosts.
            threading.Thread(target=self._ask_team, args=(self._team,), name="team", daemon=True).start()

    def on_unmount(self) -> None:
        """Textual's: the observer ends with the console, a run does not."""
        self._left.set()
        self.source.close()
        if self._recorder:
            self._recorder.close()

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
            # As old as it was then: of a time in which nobody watched there is only what was so before.
            self.known.take(one, one.at)

    def _silent(self, reason: str) -> None:
        self.known.silent(reason)

    def _frame(self) -> None:
        """Show what came since the last frame, each second that time has passed, and how a replay is played."""
        second = int(self.now())
        view = self.view
        if view is None:
            return
        if self.known.revision != self._shown[0]:
            view.redraw()
        elif (second, self.source.replay) != self._shown[1:]:
            # What grew stale looks different without any news.
            view.redraw() if self.known.stale(self.now()) or isinstance(view, RunsView) else view.refresh_bars()
        self._shown = (self.known.revision, second, self.source.replay)

    def _ask_team(self, team: Callable[[], object]) -> None:
        while not self._left.is_set():
            with contextlib.suppress(OSError):
                team()
            self._left.wait(TEAM)

    async def _read_journal(self) -> None:
        if self.known.snapshot and not self.source.replay:
            before = self.runs
            self.runs = await asyncio.to_thread(self._journal.newest, self.known.snapshot.cluster)
            if self.runs != before and self.view:
                self.view.redraw()
