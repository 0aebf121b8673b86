"""What all parts of the console stand on: what is known and at which time, the runs, and where one can go."""

from __future__ import annotations

from pathlib import Path

from textual.app import App

from engine.known_runs import Run
from tui.console.actions import Action, available
from tui.console.feed import Source
from tui.console.known import Known
from tui.console.lines import Line
from tui.console.palette import DARK, LIGHT
from tui.console.unlock import Unlock
from tui.console.views.events import events
from tui.console.views.header import Mode, header


class Desk(App[None]):
    """`source` tells what is so; runs are begun with `inventory`."""

    def __init__(self, source: Source, inventory: Path, *, read_only: bool, light: bool) -> None:
        super().__init__()
        self.source = source
        self.inventory = inventory
        self.known = Known(source.fresh)
        self.runs: list[Run] = []
        self.lock = Unlock("READ-ONLY" if read_only or source.replay else "")
        self.actions: tuple[Action, ...] = tuple(available(replay=bool(source.replay), read_only=read_only))
        self._lines: list[Line] = []
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = LIGHT.name if light else DARK.name
        for action in self.actions:
            self.bind(action.key, action.name, description=action.title)

    def now(self) -> float:
        """The clock that ages are told by."""
        return self.source.now()

    def wall(self) -> float:
        """The time that is shown, in seconds since the epoch."""
        return self.source.wall()

    @property
    def running(self) -> Run | None:
        """The run of this machine that goes on, if any does."""
        return next((run for run in self.runs if run.alive and run.outcome is None), None)

    def header(self, width: int) -> list[Line]:
        """The two lines at the top."""
        now = self.now()
        mode = Mode(self.lock.shown(now), self.lock.left(now) > 0, self.source.replay)
        run = self.running
        return header(self.known, now, self.wall(), mode, f"▶ {run.begin.title} (5)" if run else "", width)

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

    def open_node(self, name: str) -> None:
        """Go to one node."""
        raise NotImplementedError

    def open_layer(self, name: str) -> None:
        """Go to one layer."""
        raise NotImplementedError

    def open_run(self, name: str) -> None:
        """Go to one run; all of them, if the name is of none."""
        raise NotImplementedError
