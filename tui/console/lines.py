"""What a screen shows, as lines of text with roles instead of colours. Pure: no Textual, no terminal.

All text that came from a host or from a file passes through here, and is made harmless here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from cluster.health.verdict import Verdict
from cluster.text import clean
from tui.words import GLYPHS

Role = str
"""What a piece of text is for: ok, warn, fail, unknown, dim, strong, head, accent, or empty. What that looks like in a
light and in a dark terminal is tui.console.palette's to say."""
Span = tuple[str, Role]

LONGEST = 2000
"""Characters that are kept of one text, on screens and for copying."""

ROLES: dict[Verdict, Role] = {Verdict.OK: "ok", Verdict.WARN: "warn", Verdict.FAIL: "fail", Verdict.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Spot:
    """A part of a line that can be chosen by itself: from column `begin` to before `end`, and what it stands for."""

    begin: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `key` stays the same as long as the thing is shown; without one the cursor passes over it."""

    spans: tuple[Span, ...]
    key: str = ""
    plain: str = ""
    """All that is to be said of it, for the line below the screen and for copying; the line itself if empty."""
    spots: tuple[Spot, ...] = ()
    layer: str = ""
    host: str = ""
    """What the line is about, for who acts on it or goes deeper; empty where it is about nothing like that."""

    def __post_init__(self) -> None:
        # Whoever made the line: what a terminal would obey never leaves here.
        if not all(text.isprintable() for text, _ in self.spans):
            harmless = tuple(("".join(filter(str.isprintable, text)), role) for text, role in self.spans)
            object.__setattr__(self, "spans", harmless)
        if not self.plain.isprintable():
            object.__setattr__(self, "plain", safe(self.plain))

    @property
    def text(self) -> str:
        """The line without roles."""
        return "".join(text for text, _ in self.spans)

    @property
    def whole(self) -> str:
        """All that is to be said of it."""
        return self.plain or self.text.rstrip()


def safe(text: str, limit: int = LONGEST) -> str:
    """`text` as one harmless line."""
    return clean(text, limit)


def span(text: object, role: Role = "") -> Span:
    """A piece of text, made harmless."""
    return safe(str(text)), role


def verdict(value: Verdict) -> Span:
    """A verdict: glyph and word."""
    return f"{GLYPHS[value]} {value}", ROLES[value]


def glyph(value: Verdict) -> Span:
    """A verdict's glyph alone, where the words beside it say the same."""
    return GLYPHS[value], ROLES[value]


def fitted(piece: Span, width: int) -> Span:
    """The piece, cut or filled up to `width` columns; what is cut ends with …"""
    text, role = piece
    if cell_len(text) > width:
        text = f"{set_cell_size(text, width - 1)}…" if width > 1 else "…"[:width]
    return set_cell_size(text, width), role


def heading(text: str, hint: str = "") -> Line:
    """A line above others."""
    return Line(((f" {safe(text)}", "head"), (f"  {safe(hint)}" if hint else "", "dim")))


def blank() -> Line:
    """An empty line."""
    return Line(())


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its cells, and what it is about."""

    key: str
    cells: tuple[Span, ...]
    layer: str = ""
    host: str = ""


def table(names: Sequence[str], rows: Iterable[Row], widest: int = 40) -> list[Line]:
    """Rows below the names of their columns, each column as wide as its widest cell and at most `widest` columns.

    The last column is as long as its text.
    """
    listed = list(rows)
    widths = [
        min(widest, max([cell_len(name), *(cell_len(row.cells[index][0]) for row in listed)]))
        for index, name in enumerate(names[:-1])
    ]
    lines = [Line(_aligned([(name, "dim") for name in names], widths))]
    for row in listed:
        plain = "  ".join(f"{name.lower()} {cell[0]}" for name, cell in zip(names, row.cells, strict=True) if cell[0])
        lines.append(Line(_aligned(row.cells, widths), key=row.key, plain=plain, layer=row.layer, host=row.host))
    return lines


def _aligned(cells: Sequence[Span], widths: Sequence[int]) -> tuple[Span, ...]:
    pieces: list[Span] = [("  ", "")]
    for cell, width in zip(cells, widths, strict=False):
        pieces += [fitted(cell, width), ("  ", "")]
    return (*pieces, cells[-1])


def matching(lines: Iterable[Line], wanted: str) -> list[Line]:
    """The lines that hold `wanted`, in any case of letters, with the headings above them."""
    if not wanted:
        return list(lines)
    sought = wanted.casefold()
    found: list[Line] = []
    waiting: list[Line] = []
    for line in lines:
        if not line.key:
            waiting.append(line)
        elif sought in line.text.casefold() or sought in line.plain.casefold():
            found += [*waiting, line]
            waiting = []
    return found
