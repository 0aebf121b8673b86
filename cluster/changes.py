"""A change that a deploy would make on a host, as data: what, its diff, and what takes it into use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cluster.text import clean

_LINES = 400
_WIDTH = 300


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `host` is empty for what is changed in the cluster as a whole, such as an account."""

    layer: str
    host: str
    what: str
    """A few words, without secrets."""
    diff: tuple[str, ...] = ()
    """Lines of a unified diff; secrets are masked."""
    unit: str = ""
    """The unit of systemd that runs with former settings after it, until it is reloaded or restarted."""
    path: str = ""
    """The file that is written; empty if none is."""


def bounded(lines: Sequence[str]) -> tuple[str, ...]:
    """A diff's lines without control characters, each and all of them short enough to be shown; indentation stays."""
    shown = tuple(_line(line) for line in lines[:_LINES])
    more = len(lines) - _LINES
    return (*shown, f"… and {more} more lines") if more > 0 else shown


def _line(line: str) -> str:
    text = line[1:].expandtabs(4)
    indentation = min(len(text) - len(text.lstrip(" ")), 40)
    return f"{clean(line[:1]) or ' '}{' ' * indentation}{clean(text, _WIDTH)}"
