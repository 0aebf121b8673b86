"""The widget that shows lines, with a cursor that stays on what it is on while everything around it changes.

Textual's DataTable has no headings between rows, and rows that go at its top move what is read; so this draws itself,
by Textual's line API: only lines that can be seen cost anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.console.lines import Line, Spot
from tui.console.palette import style


class Board(ScrollView, can_focus=True):
    """Lines with keys. The cursor is on a line with a key, or on one of its spots."""

    DEFAULT_CSS = """
    Board { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; overflow-x: hidden; }
    """
    BINDINGS: ClassVar = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "page down", show=False),
        Binding("home,g", "end(-1)", "first", show=False),
        Binding("end,G", "end(1)", "last", show=False),
        Binding("left,h", "spot(-1)", "left", show=False),
        Binding("right,l", "spot(1)", "right", show=False),
        Binding("enter", "choose", "open", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on another line, or what it is on says something else."""

        board: Board

    @dataclass
    class Scrolled(Message):
        """Other lines can be seen, or more of them."""

        board: Board

    @dataclass
    class Chosen(Message):
        """Enter or a click on a line: `line`, and the value of the spot."""

        board: Board
        line: Line
        value: str

    @dataclass
    class Sideways(Message):
        """Left or right on a line without spots: `by` is -1 or 1."""

        board: Board
        by: int

    def __init__(
        self,
        *,
        follows: bool = False,
        from_end: bool = False,
        id: str | None = None,  # noqa: A002 (Textual's own name)
    ) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []
        self._cursor = -1
        self._spot = 0
        self._follows = follows
        """Stay at the end while the cursor is on the last line."""
        self._from_end = from_end
        """Begin there."""

    @property
    def line(self) -> Line | None:
        """The line that the cursor is on."""
        return self._lines[self._cursor] if 0 <= self._cursor < len(self._lines) else None

    @property
    def spot(self) -> Spot | None:
        """The spot that the cursor is on, where its line has any."""
        line = self.line
        return line.spots[min(self._spot, len(line.spots) - 1)] if line and line.spots else None

    @property
    def below(self) -> int:
        """Lines below those that can be seen."""
        return max(0, len(self._lines) - self.scroll_offset.y - self.size.height)

    @property
    def lines(self) -> Sequence[Line]:
        """What is shown."""
        return self._lines

    def show(self, lines: list[Line]) -> None:
        """Show these instead; the cursor and what is at the top stay what they are, as far as they are still there."""
        if lines == self._lines:
            return
        before, cursor = self._lines, self._cursor
        at_end = self._from_end if cursor < 0 else self._follows and cursor >= _last(before)
        top = before[self.scroll_offset.y].key if self.scroll_offset.y < len(before) else ""
        below = self.scroll_offset.y
        key = before[cursor].key if 0 <= cursor < len(before) else ""
        self._lines = lines
        places = {line.key: index for index, line in enumerate(lines) if line.key}
        if at_end:
            self._cursor = _last(lines)
        elif key in places:
            self._cursor = places[key]
        else:
            self._cursor = _nearest(lines, max(cursor, 0))
        self.virtual_size = Size(self.size.width, len(lines))
        if at_end:
            self._reveal()
        elif top and top in places and places[top] != below:
            self.scroll_to(y=places[top], animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Moved(self))

    def put(self, key: str, value: str = "") -> None:
        """Move the cursor to the line with this key, and to the spot with this value."""
        for index, line in enumerate(self._lines):
            if line.key == key:
                self._cursor = index
                values = [spot.value for spot in line.spots]
                self._spot = values.index(value) if value in values else 0
                self._reveal()
                self.refresh()
                self.post_message(self.Moved(self))

    def render_line(self, y: int) -> Strip:
        """Textual's line API."""
        index = y + self.scroll_offset.y
        width, rich_style = self.size.width, self.rich_style
        if index >= len(self._lines):
            return Strip.blank(width, rich_style)
        line = self._lines[index]
        dark = self.app.current_theme.dark
        strip = Strip([Segment(text, style(role, dark=dark)) for text, role in line.spans if text])
        strip = strip.adjust_cell_length(width).apply_style(rich_style)
        if index == self._cursor and line.key:
            mark = Style(reverse=True, bold=True) if self.has_focus else Style(underline=True)
            if spot := self.spot:
                begin, end = min(spot.begin, width), min(spot.end, width)
                strip = Strip.join(
                    [strip.crop(0, begin), strip.crop(begin, end).apply_style(mark), strip.crop(end, width)]
                )
            else:
                # Reversed whole, so that it is seen without any colour.
                strip = Strip([Segment(part.text, rich_style + mark) for part in strip])
        return strip

    def on_resize(self) -> None:
        """Textual's: the lines are as wide as the widget."""
        self.virtual_size = Size(self.size.width, len(self._lines))
        self._reveal()
        self.post_message(self.Scrolled(self))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Textual's: by a key, by the mouse, or because the widget has another height."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Scrolled(self))

    def watch_has_focus(self, has_focus: bool) -> None:
        """Textual's: the cursor looks different then."""
        super().watch_has_focus(has_focus)
        if not has_focus and self._from_end:
            # Who looks elsewhere wants to see what comes.
            self._to(_last(self._lines))
        self.refresh()

    def action_move(self, by: int) -> None:
        """To the next line with a key."""
        index = self._cursor + by
        while 0 <= index < len(self._lines) and not self._lines[index].key:
            index += by
        if 0 <= index < len(self._lines):
            self._to(index)
        else:
            # Headings at the edges are read by scrolling.
            self.scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """As far as can be seen at once."""
        self._to(_nearest(self._lines, self._cursor + by * max(1, self.size.height - 1)))

    def action_end(self, by: int) -> None:
        """To the first or the last line."""
        self._to(_nearest(self._lines, 0 if by < 0 else len(self._lines) - 1))
        if by < 0:
            self.scroll_to(y=0, animate=False, immediate=True)

    def action_spot(self, by: int) -> None:
        """To the next spot of the line."""
        if (line := self.line) and line.spots:
            self._spot = max(0, min(min(self._spot, len(line.spots) - 1) + by, len(line.spots) - 1))
            self.refresh()
            self.post_message(self.Moved(self))
        else:
            self.post_message(self.Sideways(self, by))

    def action_choose(self) -> None:
        """Open what the cursor is on."""
        if line := self.line:
            self.post_message(self.Chosen(self, line, self.spot.value if self.spot else ""))

    def on_click(self, event: events.Click) -> None:
        """The mouse: once to go there, once more to open it."""
        index = event.y + self.scroll_offset.y
        if not 0 <= index < len(self._lines) or not self._lines[index].key:
            return
        spots = self._lines[index].spots
        spot = next((number for number, one in enumerate(spots) if one.begin <= event.x < one.end), self._spot)
        if (index, spot) == (self._cursor, self._spot):
            self.action_choose()
            return
        self._spot = spot
        self._to(index)

    def _to(self, index: int) -> None:
        if not 0 <= index < len(self._lines):
            return
        self._cursor = index
        self._reveal()
        self.refresh()
        self.post_message(self.Moved(self))

    def _reveal(self) -> None:
        if self._cursor >= 0 and self.size:
            self.scroll_to_region(
                Region(0, self._cursor, self.size.width, 1), animate=False, immediate=True, force=True
            )


def _last(lines: Sequence[Line]) -> int:
    return next((index for index in range(len(lines) - 1, -1, -1) if lines[index].key), -1)


def _nearest(lines: Sequence[Line], index: int) -> int:
    """The line with a key that is nearest to `index`; -1 if none has one."""
    keyed = [number for number, line in enumerate(lines) if line.key]
    return min(keyed, key=lambda number: abs(number - index), default=-1)
