"""What every screen has: the header, its boards, the filter, the line that the cursor is on in full, and the keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Input, Static

from tui.console.actions import Scope
from tui.console.board import Board
from tui.console.lines import Line, matching
from tui.console.palette import style
from tui.console.views.help import bar
from tui.console.views.node import names as node_names

if TYPE_CHECKING:
    from tui.console.looking import Looking


def text_of(lines: Iterable[Line], *, dark: bool) -> Text:
    """Lines as a text of Rich's, of which nothing is markup."""
    text = Text(no_wrap=True, end="")
    for number, line in enumerate(lines):
        if number:
            text.append("\n")
        for piece, role in line.spans:
            text.append(piece, style(role, dark=dark))
    return text


class View(Screen[None]):
    """A screen: the header, what it is about, the line that the cursor is on in full, and the keys."""

    app: Looking
    scopes: tuple[Scope, ...] = (Scope.ANYWHERE, Scope.REPLAY)

    def compose(self) -> ComposeResult:
        """Textual's."""
        yield Static(id="header")
        yield from self.boards()
        yield Static(id="detail")
        yield Input(placeholder="show lines with … (esc ends it)", id="filter")
        yield Static(id="keys")

    def boards(self) -> ComposeResult:
        """The boards of this screen; the first has the focus."""
        yield Board(id="main")

    def on_mount(self) -> None:
        """Textual's."""
        self.query_one("#filter").display = False
        self.set_focus(self.query(Board).first())

    def on_screen_resume(self) -> None:
        """Textual's: it is shown (again)."""
        self.redraw()

    def on_resize(self) -> None:
        """Textual's."""
        self.call_after_refresh(self.redraw)

    def lines(self) -> list[Line]:
        """What the main board shows."""
        raise NotImplementedError

    @property
    def is_there(self) -> bool:
        """Whether there is something to draw on: not yet at the beginning, and no longer while the console ends."""
        return self.is_mounted and bool(self.size) and bool(self.query("#main"))

    def redraw(self) -> None:
        """Show what is known now."""
        if not self.is_there:
            return
        self.query_one("#main", Board).show(matching(self.lines(), self.wanted))
        self.refresh_bars()

    def refresh_bars(self) -> None:
        """The header and the keys: what changes with the time alone."""
        dark = self.app.current_theme.dark
        width = self.size.width
        self._put("#header", text_of(self.app.header(width), dark=dark))
        self._put("#keys", text_of([bar(self.app.actions, self.scopes, width)], dark=dark))

    def _put(self, where: str, text: Text) -> None:
        widget = self.query_one(where, Static)
        if widget.content != text:
            widget.update(text, layout=False)

    @property
    def wanted(self) -> str:
        """What lines are filtered by."""
        return self.query_one("#filter", Input).value

    def filter(self) -> None:
        """Ask what to filter by."""
        asked = self.query_one("#filter", Input)
        asked.display = True
        self.set_focus(asked)

    def back(self) -> bool:
        """Leave what is open on this screen; whether anything was."""
        asked = self.query_one("#filter", Input)
        if asked.display:
            asked.value = ""
            asked.display = False
            self.set_focus(self.query(Board).first())
            self.redraw()
            return True
        first = self.query(Board).first()
        if not first.has_focus:
            self.set_focus(first)
            return True
        return False

    def on_input_changed(self) -> None:
        """Textual's: filter as it is typed."""
        self.redraw()

    def on_input_submitted(self) -> None:
        """Textual's: keep the filter, and go back to the lines."""
        self.set_focus(self.query(Board).first())

    # Textual calls an on_… of every class in turn, also of one that a subclass overrides: hence the names below them.

    def on_board_moved(self, message: Board.Moved) -> None:
        """Textual's: the cursor moved, or what it is on changed."""
        if message.board.has_focus:
            self.moved(message.board)

    def moved(self, board: Board) -> None:
        """The line below says in full what the cursor is on."""
        self._put("#detail", Text(f" {board.line.whole}" if board.line else "", overflow="fold"))

    @property
    def current(self) -> Line | None:
        """The line that the cursor is on."""
        focused = self.focused
        board = focused if isinstance(focused, Board) else self.query(Board).first()
        return board.line

    def place(self) -> tuple[str, str]:
        """The layer and the host that the cursor is on; each empty where it is on none."""
        line = self.current
        return (line.layer, line.host) if line else ("", "")

    def all_text(self) -> str:
        """All that is shown here as plain text, also what has to be scrolled to."""
        boards = [board for board in self.query(Board) if board.size]
        return "\n\n".join("\n".join(line.text.rstrip() for line in board.lines) for board in boards)

    def on_board_chosen(self, message: Board.Chosen) -> None:
        """Textual's: enter, or a click on where the cursor is."""
        self.choose(message.board, message.line, message.value)

    def choose(self, board: Board, line: Line, value: str) -> None:  # noqa: ARG002 (for screens with several boards)
        """Deeper into what the cursor is on; `value` is that of its spot."""
        host = value or line.host
        if host and host in node_names(self.app.known):
            self.app.open_node(host)
        elif line.layer:
            self.app.open_layer(line.layer)
