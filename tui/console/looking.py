"""What is known and at which time, the runs, and going from screen to screen; in a replay also through the time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

from textual.actions import SkipAction
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.events import Event, Key
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input
from typing_extensions import override

from engine.known_runs import Run
from tui.console import effect
from tui.console.actions import ACTIONS, Action, available
from tui.console.dialogs import Help
from tui.console.feed import Source
from tui.console.finder import Finder
from tui.console.known import Known
from tui.console.lines import Line
from tui.console.palette import DARK, LIGHT
from tui.console.player import Player
from tui.console.screens import LayerView, NodeView, RunsView
from tui.console.unlock import Unlock
from tui.console.view import View
from tui.console.views.events import events
from tui.console.views.header import Mode, header


class Looking(App[None]):
    """The part of the console that changes nothing. `source` tells what is so; runs are begun with `inventory`."""

    BINDINGS: ClassVar = [
        Binding(action.key, f"press({action.key!r})", action.title, show=False, priority=True) for action in ACTIONS
    ]

    def __init__(self, source: Source, inventory: Path, *, read_only: bool, light: bool) -> None:
        self._key: Key | None = None
        """That has been given to what has the focus."""
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
        self._by_key = {action.key: action for action in self.actions}

    @override
    async def on_event(self, event: Event) -> None:
        """Textual's: a key has its effect before the next one is looked at."""
        if not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
            return
        place = self.focused or self.screen
        self._key = event
        await super().on_event(event)
        await effect.had(place)
        if self._key is None:
            # No widget wanted it: what it is bound to.
            await super().on_event(event)
            await effect.had(place)
        self._key = None

    @override
    def post_message(self, message: Message) -> bool:
        """Textual's: a key that no widget wanted comes up to here, and does not go behind those that came meanwhile."""
        if message is self._key and isinstance(message, Key) and message.is_forwarded:
            self._key = None
            return True
        return super().post_message(message)

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

    @property
    def view(self) -> View | None:
        """The screen below all dialogs."""
        # One that has only just been switched to has nothing in it yet.
        views = (screen for screen in reversed(self.screen_stack) if isinstance(screen, View) and screen.is_mounted)
        return next(views, None)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002 (Textual's form)
        """The palette: every action of the registry by its title."""
        for action in self.actions:
            yield SystemCommand(f"{action.title} ({action.shown})", action.risk.value, self._runs_action(action.name))

    def _runs_action(self, name: str) -> Callable[[], object]:
        return lambda: self.call_later(self.run_action, name)

    async def action_press(self, key: str) -> None:
        """A key of the registry, taken before any widget gets it, and done before the next one is: however busy the
        machine is, what is typed after `/` is no key. Any key of a dialog, and any letter of a field, goes on to them.
        """
        action = self._by_key.get(key)
        letter = action is not None and (len(action.shown) == 1 or key == "space")
        if action is None or len(self.screen_stack) > 1 or (letter and isinstance(self.focused, Input)):
            raise SkipAction
        await self.run_action(action.name)

    async def action_view(self, name: str) -> None:
        """Another screen."""
        if len(self.screen_stack) == 1:
            await self.switch_mode(name)

    def open_node(self, name: str) -> None:
        """One node."""
        self._open("node", NodeView, name)

    def open_layer(self, name: str) -> None:
        """One layer."""
        self._open("layer", LayerView, name)

    def open_run(self, name: str) -> None:
        """One run."""
        self._open("runs", RunsView, name)

    def _open(self, mode: str, kind: type[NodeView | LayerView | RunsView], name: str) -> None:
        async def go() -> None:
            # A dialog that has been answered is still being closed.
            while len(self.screen_stack) > 1:
                await asyncio.sleep(0.02)
            await self.switch_mode(mode)
            if isinstance(self.view, kind):
                self.view.open(name)

        self.run_worker(go(), group="open", exclusive=True)

    def action_out(self) -> None:
        """Out of what is open; at last to the overview."""
        if len(self.screen_stack) == 1 and self.view and not self.view.back():
            self.switch_mode("overview")

    def action_filter(self) -> None:
        """Show only some lines."""
        if self.view and len(self.screen_stack) == 1:
            self.view.filter()

    def action_copy(self) -> None:
        """The line that the cursor is on, to the terminal's clipboard."""
        if self.view and (line := self.view.current):
            self._copied(line.whole, line.whole)

    def action_copy_all(self) -> None:
        """All of the screen."""
        if self.view:
            self._copied(self.view.all_text(), "all of this screen")

    def _copied(self, text: str, what: str) -> None:
        self.copy_to_clipboard(text)
        self.notify(f"Copied: {what[:60]}", markup=False, timeout=2)

    async def action_command_palette(self) -> None:  # type: ignore[override]
        """Find an action by its name."""
        if not isinstance(self.screen, Finder):
            finder = Finder(id="--command-palette")
            await self.push_screen(finder)
            finder.set_focus(finder.query_one(Input))

    def action_help(self) -> None:
        """All keys."""
        if len(self.screen_stack) == 1:
            self.push_screen(Help(self.actions))

    def action_light(self) -> None:
        """For a light terminal."""
        self.theme = LIGHT.name

    def action_dark(self) -> None:
        """For a dark terminal."""
        self.theme = DARK.name

    def action_leave(self) -> None:
        """Quit at once."""
        self.exit()

    def action_play(self) -> None:
        """Pause a replay, or go on with it."""
        if isinstance(self.source, Player):
            self.source.pause(not self.source.paused)

    def action_step(self) -> None:
        """What came next."""
        if isinstance(self.source, Player):
            self.source.step()

    def action_jump(self, seconds: int) -> None:
        """Back or on."""
        if isinstance(self.source, Player):
            self.source.jump(seconds)

    def action_faster(self, by: int) -> None:
        """The next speed."""
        if isinstance(self.source, Player):
            self.source.faster(by)
