"""What the console knows: the newest snapshot, the events, and how fresh all of it is. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from cluster.health.verdict import LayerHealth, Verdict
from cluster.wire.observed import Event, Snapshot, Told
from tui.console.feed import FRESH
from tui.console.trends import Trends

EVENTS = 2000
"""Events that are kept for the screens; the recording has the older ones."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event, and its number since the console began: a name that stays."""

    number: int
    event: Event


@dataclass
class Known:
    """All that was told so far. `revision` grows with each thing that was."""

    fresh: float = FRESH
    """Seconds for which a snapshot says what is so."""
    snapshot: Snapshot | None = None
    heard: float = 0.0
    """When the newest snapshot came, by the clock of whoever tells the time."""
    trouble: str = ""
    """Why nothing is told at the moment, as a sentence; empty while the stream goes on."""
    revision: int = 0
    trends: Trends = field(default_factory=Trends)
    _events: deque[Numbered] = field(default_factory=lambda: deque(maxlen=EVENTS))
    _count: int = 0

    def take(self, told: Told, now: float) -> None:
        """One line of the stream, at `now`."""
        self.revision += 1
        if isinstance(told, Event):
            self._count += 1
            self._events.append(Numbered(self._count, told))
        else:
            self.snapshot, self.heard, self.trouble = told, now, ""
            self.trends.take(told.state, now)

    def silent(self, reason: str) -> None:
        """The stream has ended, or can't be read: `reason` is a sentence."""
        self.revision += 1
        self.trouble = reason

    def forget(self) -> None:
        """Begin again, as if nothing had been told: a replay has jumped."""
        self.snapshot, self.trouble = None, ""
        self._events.clear()
        self.trends.forget()
        self.revision += 1

    def remember(self, before: Sequence[Event]) -> None:
        """Events from before all that was told, the oldest first. There may be fewer places left for them."""
        room = EVENTS - len(self._events)
        first = self._events[0].number if self._events else self._count + 1
        for back, event in enumerate(reversed(before[max(0, len(before) - room) :]), 1):
            self._events.appendleft(Numbered(first - back, event))
        self.revision += 1

    def age(self, now: float) -> float | None:
        """Seconds since the newest snapshot came; None if there is none."""
        return None if self.snapshot is None else max(0.0, now - self.heard)

    def stale(self, now: float) -> str:
        """Why nothing may rest on what is shown, as a sentence; empty if it is fresh."""
        age = self.age(now)
        if age is None:
            return self.trouble or "Nothing has been seen yet."
        if age > self.fresh:
            return f"What is shown is {age:.0f} s old. {self.trouble}".rstrip()
        return ""

    @property
    def events(self) -> deque[Numbered]:
        """The events that are kept, the oldest first."""
        return self._events

    def last(self, count: int) -> list[Numbered]:
        """The newest `count` events, the oldest of them first."""
        return list(islice(self._events, max(0, len(self._events) - count), None))

    def layers(self, now: float) -> Iterator[tuple[LayerHealth, Verdict]]:
        """Each layer with the verdict that may be shown of it: UNKNOWN for what is stale."""
        stale = bool(self.stale(now))
        for layer in self.snapshot.layers if self.snapshot else ():
            yield layer, Verdict.UNKNOWN if stale else layer.verdict
