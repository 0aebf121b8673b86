"""The screens that show one thing: a layer, a node, the events, the gates, the runs; and all screens by their names."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.console.actions import Scope
from tui.console.board import Board
from tui.console.lines import Line, heading, safe
from tui.console.overview import Overview
from tui.console.view import View
from tui.console.views.gates import gates
from tui.console.views.layer import layer
from tui.console.views.layer import names as layer_names
from tui.console.views.node import names as node_names
from tui.console.views.node import node
from tui.console.views.runs import run, runs


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

    def choose(self, board: Board, line: Line, value: str) -> None:  # noqa: ARG002 (its lines have no spots)
        """The layer that the fact belongs to."""
        if line.layer:
            self.app.open_layer(line.layer)


class EventsView(View):
    """The events."""

    def boards(self) -> ComposeResult:
        """Textual's."""
        yield Board(id="main", follows=True, from_end=True)

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

    def boards(self) -> ComposeResult:
        """Textual's."""
        yield Board(id="main", follows=True)

    def lines(self) -> list[Line]:
        """The list, or the one that was opened; while it goes on, with what it may have to wait for."""
        app = self.app
        found = next((one for one in app.runs if one.id == self.shown), None)
        if found:
            return run(found, app.wall(), gates(app.known, app.now()) if found.alive else [])
        if self.shown:
            # It has only just begun. The others must not be taken for it.
            return [heading(f"Run {self.shown}", "has begun: its journal is being read")]
        return runs(app.runs, replay=bool(app.source.replay))

    def open(self, name: str) -> None:
        """Show this one."""
        self.shown = name
        if self.is_mounted:
            self.redraw()
            self.query_one("#main", Board).action_end(-1)

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

    def choose(self, board: Board, line: Line, value: str) -> None:  # noqa: ARG002 (its lines have no spots)
        """Step by step."""
        if not self.shown:
            self.open(line.key)


MODES = {
    "overview": Overview,
    "layer": LayerView,
    "node": NodeView,
    "events": EventsView,
    "runs": RunsView,
    "gates": GatesView,
}
"""The screens by the names that the registry gives them."""
