"""The two lines at the top of every screen: which cluster, how fresh, who owns what, who holds the lock, the time."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

from rich.cells import cell_len

from cluster.health import Verdict
from tui.console.known import Known
from tui.console.lines import Line, Span, safe, span
from tui.engine import Snapshot
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
    left: list[Span] = [(" ", "")]
    for said, role in (
        (Verdict.OK, "ok"),
        (Verdict.WARN, "warn"),
        (Verdict.FAIL, "fail"),
        (Verdict.UNKNOWN, "unknown"),
    ):
        count = counts[said]
        # A narrow screen has room for what there is.
        if count or width >= 100 or said is Verdict.OK:
            left += [(f"{GLYPHS[said]} {said} {count}", role if count else "dim"), ("  ", "")]
    right: list[Span] = []
    for where in seen.where:
        if where.vip:
            # No owner, several of them, or not known.
            role = "" if len(where.holders) == 1 else "fail"
            owner: Span = ("?", "unknown") if stale else (safe(where.value, 40), role)
            right += [(f"VIP .{safe(where.vip, 40).rpartition('.')[2]} ", "dim"), owner, ("  ", "")]
    right += [("LOCK ", "dim"), ("?", "unknown") if stale else _lock(seen), (" ", "")]
    if run:
        right = [(safe(run, 30), "accent"), ("  ", ""), *right]
    return _spread(left, right, width)


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
