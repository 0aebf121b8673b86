"""Text that comes from a host, made harmless and short where it enters; sentences and tables for a person."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def clean(text: str, limit: int = 200) -> str:
    """`text` as one line of at most `limit` characters, blanks folded.

    Taken out: control characters (C0, C1, DEL), and those that turn or hide text (bidirectional controls, zero
    widths): all of Unicode's categories Cc, Cf, Cs, Co and Cn.
    """
    # Four times the limit leaves room for what is taken out, and bounds the work on a huge answer.
    kept = (
        character if unicodedata.category(character)[0] != "C" else " " if character.isspace() else ""
        for character in text[: 4 * limit]
    )
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def sentence(text: str) -> str:
    """`text` ended, so that another sentence can follow it."""
    said = text.rstrip()
    return said if not said or said.endswith((".", "!", "?")) else f"{said}."


def columns(rows: Sequence[Sequence[str]]) -> str:
    """A line a row, its cells below each other. The last cell of a row that ends early may be wider than its column."""
    last = len(rows[0]) - 1
    widths = [
        max(len(row[column]) for row in rows if column < len(row) - 1 or column == last < len(row))
        for column in range(last + 1)
    ]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows
    )
