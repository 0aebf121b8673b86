"""The two lines at the top of every screen: which cluster, how fresh, who owns what, who holds the lock, the time."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

from rich.cells import cell_len

from cluster.health.verdict import Verdict
from cluster.wire.observed import Snapshot
from tui.console.known import Known
from tui.console.lines import ROLES, Line, Span, fitted, safe, span
from tui.words import GLYPHS


@dataclass(frozen=True, slots=True)
class Mode:
    """What the person may do, and whether this is now."""

    lock: str
    """As shown: READ-ONLY, LOCKED, UNLOCKED 9:41."""
    unlocked: bool
    replay: str = ""
    """Of a replay: its speed, or that it is paused; empty for what is so now."""


def header(known: Known, now: float, wall: float, mode: Mode, run: str, width: int) -> list[Line]:
    """Two lines. `now` is the clock of `known`, `wall` the time that is shown, in seconds since the epoch."""
    return [_first(known, now, wall, mode, width), _second(known, now, run, width)]


def _first(known: Known, now: float, wall: float, mode: Mode, width: int) -> Line:
    seen = known.snapshot
    left: list[Span] = [(" hatui ", "head"), span(seen.cluster if seen else "-", "strong"), ("  ", "")]
    if mode.replay:
        left += [(f"REPLAY {mode.replay}", "accent"), ("  ", "")]
    else:
        left += [(mode.lock, "warn" if mode.unlocked else "dim"), ("  ", "")]
    left.append(_age(known, now))
    clock = time.strftime("%Y-%m-%d %H:%M:%S" if width >= 100 or mode.replay else "%H:%M:%S", time.localtime(wall))
    return _spread(left, [(f"{clock} ", "strong" if mode.replay else "")], width)


def _age(known: Known, now: float) -> Span:
    age = known.age(now)
    if age is None:
        return ("? not seen yet", "unknown")
    if known.stale(now):
        return (f"? STALE {age:.0f} s", "unknown")
    return (f"age {age:.0f} s", "dim")


def _second(known: Known, now: float, run: str, width: int) -> Line:
    seen = known.snapshot
    if seen is None:
        return Line(((" ", ""), span(known.trouble, "unknown")))
    stale = bool(known.stale(now))
    counts = Counter(said for _, said in known.layers(now))
    # A narrow screen has room for what there is.
    shown = [said for said in Verdict if counts[said] or width >= 100 or said is Verdict.OK]
    parts = [_Part((f"{GLYPHS[said]} {said} {counts[said]}", ROLES[said] if counts[said] else "dim")) for said in shown]
    # What is not well is never left out; what is, before anything else of weight.
    parts[0].keeps = _OWNER if len(parts) > 1 else _ALWAYS
    for part in parts[1:]:
        part.keeps = _ALWAYS
    lock = ("?", "unknown") if stale else _lock(seen)
    right = [_Part((f"{safe(run, 30)}", "accent"), keeps=_RUN)] if run else []
    for where in seen.where:
        if where.vip:
            # No owner, several of them, or not known.
            odd = len(where.holders) != 1
            owner: Span = ("?", "unknown") if stale else (safe(where.value, 40), "fail" if odd else "")
            name = f"VIP .{safe(where.vip, 40).rpartition('.')[2]} "
            right.append(_Part((name, "dim"), owner, keeps=_ODD if odd else _OWNER))
    right.append(_Part(("LOCK ", "dim"), lock, keeps=_LOCK))
    return _beside(parts, right, width)


_RUN, _OWNER, _LOCK, _ODD, _ALWAYS = range(5)
"""What has no room goes in this order, of the same weight the last one first; a run's name is made shorter."""


class _Part:
    """A word of the header that is shown whole or not at all."""

    def __init__(self, *spans: Span, keeps: int = _ALWAYS) -> None:
        self.spans = spans
        self.keeps = keeps

    @property
    def size(self) -> int:
        """Columns, with the gap after it."""
        return sum(cell_len(text) for text, _ in self.spans) + 2


def _beside(left: list[_Part], right: list[_Part], width: int) -> Line:
    """The ones to the left and the others to the right, as many as there is room for."""
    while (over := sum(part.size for part in [*left, *right]) - width) > 0:
        weakest = min(reversed([*left, *right]), key=lambda part: part.keeps)
        if weakest.keeps == _ALWAYS:
            break
        text, role = weakest.spans[0]
        if weakest.keeps == _RUN and weakest.size > _SHORT + 2:
            weakest.spans = (fitted((text, role), max(_SHORT, cell_len(text) - over)),)
        elif weakest.keeps == _RUN:
            # That there is one is worth as much as who holds the lock for it.
            weakest.keeps = _LOCK
        else:
            (left if weakest in left else right).remove(weakest)
    gap = width - sum(part.size for part in [*left, *right])
    spans = [span for part in left for span in (*part.spans, ("  ", ""))]
    ends = [span for part in right for span in (*part.spans, ("  ", ""))][:-1]
    return Line(((" ", ""), *spans, (" " * max(0, gap), ""), *ends, (" ", "")))


_SHORT = 14
"""Columns of a run's name at least."""


def _lock(seen: Snapshot) -> Span:
    if seen.lock.held is None:
        return ("?", "unknown")
    return span(seen.lock.by.who.partition("@")[0] or "held", "warn") if seen.lock.by else ("free", "dim")


def _spread(left: list[Span], right: list[Span], width: int) -> Line:
    """The one to the left and the other to the right; what has no room between them goes from the left."""
    used = sum(cell_len(text) for text, _ in right)
    kept: list[Span] = []
    room = width - used
    for text, role in left:
        if (size := cell_len(text)) > room:
            break
        kept.append((text, role))
        room -= size
    return Line((*kept, (" " * max(0, room), ""), *right))
