"""Hints that a layer has changed: so cheap that they are looked at many times a second. They trigger a look, no more.

What is so is said by the layer's fact alone. A change without a hint is seen at the layer's next turn.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A question over a UNIX socket, asked anew each time; its hint is what `pattern` finds in the answer.

    `pattern` is a regular expression of Perl's (perlre(1)) with groups, applied to each line (/mg).
    """

    path: str
    question: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Hints:
    """What tells of a change in one layer of one host."""

    units: tuple[str, ...] = ()
    """Units of systemd: each start gives a unit another invocation, its end takes that away (/run/systemd/units)."""
    files: tuple[str, ...] = ()
    """Paths, or patterns of paths (glob(7)): replaced, written, made or removed."""
    addresses: bool = False
    """Whether an IPv4 address comes or goes; the kernel tells of it (rtnetlink(7))."""
    question: Question | None = None
