"""The screens: what each shows, and where its cursor leads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Input, Static

from tui.console.actions import Scope
from tui.console.board import Board
from tui.console.lines import Line, matching, safe
from tui.console.palette import style
from tui.console.views.gates import gates
from tui.console.views.help import bar
from tui.console.views.layer import layer
from tui.console.views.layer import names as layer_names
from tui.console.views.node import names as node_names
from tui.console.views.node import node
from tui.console.views.overview import overview
from tui.console.views.runs import run, runs

if TYPE_CHECKING:
    from tui.console.app import Console


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

    app: Console
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
        self.query(Board).first().focus()

    def on_screen_resume(self) -> None:
        """Textual's: it is shown (again)."""
        self.redraw()

    def on_resize(self) -> None:
        """Textual's."""
        self.call_after_refresh(self.redraw)

    def lines(self) -> list[Line]:
        """What the main board shows."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Show what is known now."""
        if not self.is_mounted or not self.size:
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
        asked.focus()

    def back(self) -> bool:
        """Leave what is open on this screen; whether anything was."""
        asked = self.query_one("#filter", Input)
        if asked.display:
            asked.value = ""
            asked.display = False
            self.query(Board).first().focus()
            self.redraw()
            return True
        return False

    def on_input_changed(self) -> None:
        """Textual's: filter as it is typed."""
        self.redraw()

    def on_input_submitted(self) -> None:
        """Textual's: keep the filter, and go back to the lines."""
        self.query(Board).first().focus()

    def on_board_moved(self, message: Board.Moved) -> None:
        """The line below says in full what the cursor is on."""
        if message.board.has_focus:
            line = message.board.line
            self._put("#detail", Text(f" {line.whole}" if line else "", overflow="fold"))

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
        """All of the main board as plain text."""
        return "\n".join(line.text.rstrip() for line in self.query_one("#main", Board).lines)

    def on_board_chosen(self, message: Board.Chosen) -> None:
        """Enter: deeper into what the cursor is on."""
        host = message.value or message.line.host
        if host and host in node_names(self.app.known):
            self.app.open_node(host)
        elif message.line.layer:
            self.app.open_layer(message.line.layer)


class Overview(View):
    """Every layer and every node, and the events below."""

    def boards(self) -> ComposeResult:
        """Textual's."""
        yield Board(id="main")
        yield Static(id="rule")
        yield Board(id="events", follows=True)

    def lines(self) -> list[Line]:
        """The rows."""
        return overview(self.app.known, self.app.now(), self.size.width)

    def redraw(self) -> None:
        """The events too; nothing is filtered on the rows, which are few."""
        if not self.is_mounted or not self.size:
            return
        lines = self.lines()
        board = self.query_one("#main", Board)
        board.styles.height = min(len(lines), max(4, self.size.height - 10))
        board.show(lines)
        self.query_one("#events", Board).show(matching(self.app.event_lines()[-300:], self.wanted))
        self.refresh_bars()

    def place(self) -> tuple[str, str]:
        """The spot names the host."""
        line, board = self.current, self.query_one("#main", Board)
        if line and board.line is line and board.spot:
            return line.layer, board.spot.value
        return super().place()


class OneOf(View):
    """One thing of several, such as a layer: left and right go to the next."""

    shown = ""

    def names(self) -> list[str]:
        """All of them, in their order."""
        raise NotImplementedError

    def one(self, name: str) -> list[Line]:
        """What is shown of one."""
        raise NotImplementedError

    def lines(self) -> list[Line]:
        """The one that is shown, below the names of all."""
        names = self.names()
        if self.shown not in names and names:
            self.shown = names[0]
        tabs = [(f" {safe(name, 20)} ", "accent" if name == self.shown else "dim") for name in names]
        return [Line(tuple(_around(tabs, self.shown, self.size.width))), *self.one(self.shown)]

    def on_board_sideways(self, message: Board.Sideways) -> None:
        """Left and right."""
        names = self.names()
        if names:
            self.shown = names[(names.index(self.shown) + message.by) % len(names)] if self.shown in names else names[0]
            self.redraw()

    def open(self, name: str) -> None:
        """Show this one."""
        self.shown = name
        if self.is_mounted:
            self.redraw()


def _around(tabs: list[tuple[str, str]], shown: str, width: int) -> list[tuple[str, str]]:
    """As many names as there is room for, the shown one among them, in brackets: no colour is needed to see it."""
    marked = [(f"[{name.strip()}]", role) if name.strip() == safe(shown, 20) else (name, role) for name, role in tabs]
    at = next((index for index, (name, _) in enumerate(marked) if name.startswith("[")), 0)
    begin = end = at
    room = width - len(marked[at][0]) if marked else 0
    while marked and (begin > 0 or end < len(marked) - 1):
        if begin > 0 and room >= len(marked[begin - 1][0]):
            begin -= 1
            room -= len(marked[begin][0])
        elif end < len(marked) - 1 and room >= len(marked[end + 1][0]):
            end += 1
            room -= len(marked[end][0])
        else:
            break
    return marked[begin : end + 1]


class LayerView(OneOf):
    """One layer in depth."""

    def names(self) -> list[str]:
        """The layers."""
        return layer_names(self.app.known)

    def one(self, name: str) -> list[Line]:
        """What is known of it."""
        return layer(self.app.known, self.app.now(), name)

    def place(self) -> tuple[str, str]:
        """Of the layer that is shown."""
        return self.shown, super().place()[1]


class NodeView(OneOf):
    """One node across its layers."""

    def names(self) -> list[str]:
        """The hosts."""
        return node_names(self.app.known)

    def one(self, name: str) -> list[Line]:
        """What is known of it."""
        return node(self.app.known, self.app.now(), name)

    def place(self) -> tuple[str, str]:
        """Of the node that is shown."""
        return super().place()[0], self.shown

    def on_board_chosen(self, message: Board.Chosen) -> None:
        """Enter: the layer that the fact belongs to."""
        if message.line.layer:
            self.app.open_layer(message.line.layer)


class EventsView(View):
    """The events."""

    def boards(self) -> ComposeResult:
        """Textual's."""
        yield Board(id="main", follows=True)

    def lines(self) -> list[Line]:
        """All that are kept."""
        return self.app.event_lines()


class GatesView(View):
    """The gates."""

    def lines(self) -> list[Line]:
        """A row a gate."""
        return gates(self.app.known, self.app.now())


class RunsView(View):
    """The runs, or one of them."""

    scopes = (Scope.ANYWHERE, Scope.REPLAY, Scope.RUNS)
    shown = ""

    def lines(self) -> list[Line]:
        """The list, or the one that was opened."""
        found = next((one for one in self.app.runs if one.id == self.shown), None)
        return run(found, self.app.wall()) if found else runs(self.app.runs)

    def open(self, name: str) -> None:
        """Show this one."""
        self.shown = name
        if self.is_mounted:
            self.redraw()

    def back(self) -> bool:
        """From one to all of them."""
        if super().back():
            return True
        if self.shown:
            former, self.shown = self.shown, ""
            self.redraw()
            self.query_one("#main", Board).put(former)
            return True
        return False

    def on_board_chosen(self, message: Board.Chosen) -> None:
        """Enter: step by step."""
        if not self.shown:
            self.open(message.line.key)


MODES = {
    "overview": Overview,
    "layer": LayerView,
    "node": NodeView,
    "events": EventsView,
    "runs": RunsView,
    "gates": GatesView,
}
"""The screens by the names that the registry gives them."""
