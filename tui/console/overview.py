"""The first screen: every layer and every node, the events; on a wide terminal also the node, the runs and trends."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from tui.console.board import Board
from tui.console.lines import Line, heading, matching
from tui.console.view import View, text_of
from tui.console.views.node import names as node_names
from tui.console.views.node import node
from tui.console.views.overview import overview
from tui.console.views.runs import run, runs

LEFT = 80
"""Columns of the overview itself on a wide terminal; the rest is for what is docked at its right."""
_EVENTS = 300
"""Events that are shown; the screen of the events has all."""


class Overview(View):
    """The node at the right is the one that the cursor is on, or was on last."""

    def __init__(self) -> None:
        super().__init__()
        self._node = ""

    def boards(self) -> ComposeResult:
        """Textual's."""
        with Horizontal(id="halves"):
            with Vertical(id="left"):
                yield Board(id="main")
                yield Static(id="trends")
            with Vertical(id="right"):
                yield Board(id="node")
                yield Board(id="runs")
        yield Static(id="rule")
        yield Board(id="events", follows=True, from_end=True)

    @property
    def wide(self) -> bool:
        """Whether there is room at the right."""
        return self.has_class("-wide")

    def lines(self) -> list[Line]:
        """The rows."""
        return overview(self.app.known, self.app.now(), LEFT if self.wide else self.size.width)

    def redraw(self) -> None:
        """The events too; nothing is filtered on the rows, which are few."""
        if not self.is_there:
            return
        lines = self.lines()
        board = self.query_one("#main", Board)
        others = self.size.height // 3 if self.wide else 10
        board.styles.height = min(len(lines), max(4, self.size.height - others))
        board.show(lines)
        log = self.query_one("#events", Board)
        log.show(matching(self.app.event_lines()[-_EVENTS:], self.wanted))
        self._tell_hidden()
        if self.wide:
            self._redraw_right()
        self.refresh_bars()

    def on_board_scrolled(self, message: Board.Scrolled) -> None:
        """Textual's: how many events are below what can be seen."""
        if message.board.id == "events":
            self._tell_hidden()

    def _tell_hidden(self) -> None:
        below = self.query_one("#events", Board).below
        hidden = f" ▼ {below} newer events below (end)" if below else ""
        self._put("#rule", text_of([Line(((hidden, "accent"),))], dark=self.app.current_theme.dark))

    def _redraw_right(self) -> None:
        app = self.app
        self._redraw_node()
        replay = bool(app.source.replay)
        lines = run(app.running, app.wall()) if app.running else runs(app.runs, replay=replay)
        self.query_one("#runs", Board).show(lines)
        self._put("#trends", text_of(app.known.trends.lines(LEFT), dark=app.current_theme.dark))

    def _redraw_node(self) -> None:
        known = self.app.known
        names = node_names(known)
        if self._node not in names:
            self._node = next(iter(names), "")
        lines = node(known, self.app.now(), self._node)
        self.query_one("#node", Board).show([heading(self._node, "the node that the cursor is on"), *lines])

    def moved(self, board: Board) -> None:
        """The node at the right follows the cursor."""
        super().moved(board)
        if (host := self.place()[1]) and host != self._node:
            self._node = host
            if self.wide:
                self._redraw_node()

    def place(self) -> tuple[str, str]:
        """The spot names the host."""
        line, board = self.current, self.query_one("#main", Board)
        if line and board.line is line and board.spot:
            return line.layer, board.spot.value
        return super().place()

    def choose(self, board: Board, line: Line, value: str) -> None:
        """Deeper; on a run, that run."""
        if board.id == "runs":
            running = self.app.running
            self.app.open_run(running.id if running else line.key)
        elif board.id == "node" and line.layer:
            self.app.open_layer(line.layer)
        else:
            super().choose(board, line, value)
