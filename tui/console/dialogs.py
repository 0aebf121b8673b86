"""The small dialogs: help, a question, a choice. Cancel has the focus, and esc is always no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from rich.text import Text
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui.console.actions import Action
from tui.console.board import Board
from tui.console.lines import Line, safe
from tui.console.views.help import keys

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A box over the screen, which goes on being refreshed below it.

    Enter is looked at before a field gets it: in a field that has another below it, it goes on to that one.
    """

    BINDINGS: ClassVar = [
        Binding("escape", "no", "cancel", show=False, priority=True),
        Binding("enter", "next_field", "next field", show=False, priority=True),
    ]

    def compose(self) -> ComposeResult:
        """Textual's."""
        with Vertical(id="box"):
            yield from self.inside()

    def inside(self) -> ComposeResult:
        """What is in the box."""
        raise NotImplementedError

    @property
    def gone(self) -> bool:
        """It is not shown yet, or no longer, though there is still something said to it."""
        return not self.query("#title")

    def action_next_field(self) -> None:
        """From a field to the one below it; the last one, and all else, takes the key itself."""
        fields = [field for field in self.query(Input) if field.display]
        if self.focused not in fields[:-1]:
            raise SkipAction
        self.set_focus(fields[fields.index(self.focused) + 1])

    def action_no(self) -> None:
        """Leave it; nothing is done."""
        self.dismiss(None)


class Help(Dialog[None]):
    """Every key, from the registry."""

    BINDINGS: ClassVar = [Binding("q,question_mark", "no", "close", show=False)]

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__()
        self._actions = actions

    def inside(self) -> ComposeResult:
        """The keys."""
        yield Static("Keys (esc: back)", id="title", markup=False)
        yield Board(id="listing")

    def on_mount(self) -> None:
        """Textual's."""
        self.query_one(Board).show(keys(self._actions))
        self.set_focus(self.query_one(Board))


class Question(Dialog[bool]):
    """Yes or no; no has the focus."""

    BINDINGS: ClassVar = [Binding("y", "yes", "yes", show=False), Binding("n,q", "no", "no", show=False)]

    def __init__(self, title: str, text: str, yes: str) -> None:
        super().__init__()
        self._title, self._text, self._yes = safe(title, 100), safe(text), yes

    def inside(self) -> ComposeResult:
        """The question."""
        yield Static(self._title, id="title", markup=False)
        yield Static(self._text, id="said", markup=False)
        with Horizontal(id="buttons"):
            yield Button("Cancel (n)", id="no")
            yield Button(f"{self._yes} (y)", id="yes")

    def on_mount(self) -> None:
        """Textual's."""
        self.set_focus(self.query_one("#no"))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button."""
        self.dismiss(event.button.id == "yes")

    def action_yes(self) -> None:
        """The key y."""
        self.dismiss(True)


class Choice(Dialog[str]):
    """One of several lines; what can't be chosen says why."""

    BINDINGS: ClassVar = [Binding("q", "no", "cancel", show=False)]

    def __init__(self, title: str, hint: str) -> None:
        super().__init__()
        self._title, self._hint = safe(title, 100), hint
        self._lines: list[Line] = []
        self._said = "Looking…"
        self._first = ""

    def inside(self) -> ComposeResult:
        """The lines, which may come later."""
        yield Static(self._title, id="title", markup=False)
        yield Static("", id="said", markup=False)
        yield Board(id="choices")
        yield Static(self._hint, id="hint", markup=False)

    def on_mount(self) -> None:
        """Textual's."""
        self._show()
        self.set_focus(self.query_one(Board))

    def offer(self, lines: list[Line], said: str = "", prefer: str = "") -> None:
        """Show these; `prefer` is the host that the cursor is put on."""
        self._lines, self._said = lines, said
        possible = [line.key for line in lines if line.host]
        preferred = [line.key for line in lines if line.host and line.host == prefer]
        self._first = next(iter(preferred or possible), "")
        if not self.gone:
            self._show()

    def _show(self) -> None:
        self.query_one("#said", Static).update(Text(self._said))
        self.query_one(Board).show(self._lines)
        if self._first:
            self.query_one(Board).put(self._first)

    def on_board_chosen(self, message: Board.Chosen) -> None:
        """Enter: this one, if it can be."""
        message.stop()
        if message.line.host:
            self.dismiss(message.line.host)
        else:
            self.query_one("#said", Static).update(Text(f"Not this one: {message.line.whole.strip()}"))


class Asked(Dialog[dict[str, str]]):
    """Some values, each with its default."""

    def __init__(self, title: str, fields: dict[str, tuple[str, str]]) -> None:
        """`fields`: name to the words for it and its default."""
        super().__init__()
        self._title, self._fields = safe(title, 100), fields

    def inside(self) -> ComposeResult:
        """A line a value."""
        yield Static(self._title, id="title", markup=False)
        for name, (words, default) in self._fields.items():
            yield Static(words, markup=False)
            yield Input(default, id=f"field-{name}")
        yield Static("enter: the next, and then the plan   esc: cancel", id="hint", markup=False)

    def on_mount(self) -> None:
        """Textual's."""
        self.set_focus(self.query(Input).first())

    def on_input_submitted(self) -> None:
        """Enter in the last one: all of them."""
        given = {str(one.id).removeprefix("field-"): one.value.strip() for one in self.query(Input)}
        self.dismiss({name: value for name, value in given.items() if value})
