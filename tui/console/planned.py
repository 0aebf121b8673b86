"""The dialog of a plan: it is shown, agreed to by typing the target's name or by y, and handed to the engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Button, Input, Static

from cluster.wire.runs import Ended, Journaled, Precheck, Proposal
from tui.act import Ask
from tui.console.actions import Risk
from tui.console.board import Board
from tui.console.dialogs import Dialog
from tui.console.lines import Line, safe, span
from tui.console.order import Command, Order
from tui.console.views.plan import plan


class Planned(Dialog[str]):
    """Ends with the id of the run that has begun, or with nothing. `why_not` says why nothing may be done now."""

    BINDINGS: ClassVar = [
        Binding("y", "yes", "yes", show=False),
        Binding("n,q", "no", "no", show=False),
        Binding("d", "dry_run", "dry run", show=False),
    ]

    def __init__(self, command: Command, ask: Ask, risk: Risk, why_not: Callable[[], str]) -> None:
        super().__init__()
        self._command, self._ask, self._risk, self._why_not = command, ask, risk, why_not
        self._order = Order(command, ask)
        self._plan: Proposal | None = None
        self._begun = time.monotonic()
        self._prechecks: list[Line] = []
        self._sent = False

    def inside(self) -> ComposeResult:
        """The plan, why, and the name."""
        yield Static(safe(self._ask.runbook, 60), id="title", markup=False)
        yield Static("Looking at every host, and planning…", id="said", markup=False)
        yield Board(id="plan")
        # In the order of the tab key: from no, over why and the name, to yes.
        with Horizontal(id="buttons"):
            yield Button("Cancel (esc)", id="no")
            yield Button("Dry run (d)", id="dry", disabled=True)
        yield Input(placeholder="reason, for the journal and for who waits", value=self._ask.reason, id="reason")
        yield Input(id="typed")
        yield Button("Go", id="go", disabled=True)

    def on_mount(self) -> None:
        """Textual's."""
        self.query_one("#typed").display = False
        self.set_focus(self.query_one("#no"))
        self.run_worker(self._plan_it(), group="plan")
        self.set_interval(1.0, self._wait)

    def _wait(self) -> None:
        if self._plan is None and not self._order.said:
            self._say(f"Looking at every host, and planning… {time.monotonic() - self._begun:.0f} s")

    async def _plan_it(self) -> None:
        ended = False
        async for message in self._order.messages():
            match message:
                case Proposal():
                    self._show(message)
                case Ended(outcome, reason):
                    ended = True
                    self._say(f"{outcome}: {reason}", over=True)
                case Journaled(run):
                    self.dismiss(run)
                    return
        if not ended and (self._sent or not self._plan or self._plan.steps):
            self._say(self._order.silence(), over=True)

    def _show(self, told: Proposal) -> None:
        if self.gone:
            return
        self._plan = told
        self.query_one("#title", Static).update(Text(safe(told.title, 160)))
        self._lay_out()
        if told.refused:
            self._say(f"REFUSED: {told.refused}", over=True)
        elif not told.steps:
            self._say("Nothing to do: it is so already.", over=True)
        else:
            self.query_one("#dry", Button).disabled = False
            typed = self.query_one("#typed", Input)
            if self.word:
                typed.display = True
                typed.placeholder = f"type {self.word} to confirm"
                self._say("Nothing has been changed. What the plan rests on is looked at again before the first step.")
            else:
                self._say("Nothing has been changed. y: go on. esc: leave it.")
            self._ready()

    @property
    def word(self) -> str:
        """What has to be typed; empty if a y is enough."""
        told = self._plan
        if told is None or (self._risk is not Risk.TRAFFIC and not told.typed):
            return ""
        given = self._ask.parameters
        return safe(told.typed or told.target or given.get("host") or given.get("layer") or self._ask.runbook, 80)

    def _lay_out(self) -> None:
        if self.gone:
            return
        board = self.query_one("#plan", Board)
        board.styles.height = max(3, self.app.size.height - 12)
        board.show([*(plan(self._plan) if self._plan else []), *self._prechecks])

    def _say(self, text: str, *, over: bool = False) -> None:
        if self.gone:
            return
        self.query_one("#said", Static).update(Text(safe(text)))
        if over:
            for name in ("#reason", "#typed"):
                self.query_one(name).display = False
            self.query_one("#go", Button).disabled = True
            self.query_one("#dry", Button).disabled = True
            self.set_focus(self.query_one("#no"))

    def _ready(self) -> None:
        """Whether all is given: the button is dead until then."""
        typed = not self.word or self.query_one("#typed", Input).value.strip() == self.word
        why = bool(self.query_one("#reason", Input).value.strip()) or self._risk is not Risk.TRAFFIC
        self.query_one("#go", Button).disabled = not (typed and why and self._plan and not self._sent)

    def on_input_changed(self) -> None:
        """Textual's."""
        self._ready()

    def on_input_submitted(self) -> None:
        """Enter in the last field: the button."""
        if not self.query_one("#go", Button).disabled:
            self.set_focus(self.query_one("#go"))

    async def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button."""
        if event.button.id == "no":
            self.action_no()
        elif event.button.id == "dry":
            self.action_dry_run()
        else:
            await self._go()

    async def action_yes(self) -> None:
        """The key y, where nothing has to be typed."""
        if not self.word and not self.query_one("#go", Button).disabled:
            await self._go()

    async def _go(self) -> None:
        if why_not := self._why_not():
            self._say(f"Not now: {why_not}")
            return
        self._sent = True
        self._ready()
        self._say("Agreed: taking the lock, and looking once more…")
        await self._order.agree(self.query_one("#reason", Input).value.strip())

    def action_no(self) -> None:
        """Leave it; nothing is done, unless it has begun."""
        self._order.leave()
        self.dismiss("")

    def action_dry_run(self) -> None:
        """Ask every step's precheck as things are now."""
        if self._plan and self._plan.steps and not self._plan.refused and not self._sent:
            self.run_worker(self._dry(), group="dry", exclusive=True)

    async def _dry(self) -> None:
        ask = Ask(self._ask.inventory, self._ask.runbook, self._ask.parameters, dry_run=True)
        order = Order(self._command, ask)
        self._prechecks = [Line((("Dry run: each step's precheck, now", "head"),))]
        self._lay_out()
        async for message in order.messages():
            if isinstance(message, Precheck):
                number, reason = message.step, message.reason
                said = span(reason or "nothing against it", "warn" if reason else "ok")
                self._prechecks.append(Line(((f"  {number + 1:2} ", "dim"), said), f"precheck/{number}"))
                self._lay_out()
        order.leave()
        self._say("The dry run is over; nothing was changed.")
