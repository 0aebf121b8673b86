"""For how long a lock is held for certain, counted by who holds it: from the time at which a beat was sent. Pure.

A host frees the lock when it has heard nothing for `PATIENCE` seconds. That it heard a beat is known from its echo, but
not when: no sooner than the beat was sent. An echo may come late, through a network that stood still or to a process
that did, and is then worth as little as the beat is old. Times are seconds of one clock, which goes on while the
machine sleeps (CLOCK_BOOTTIME, clock_gettime(2)).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

PATIENCE = 6.0
"""Seconds of silence after which a host frees the lock."""
MARGIN = 0.5
"""Seconds for what is begun right after the lock was looked at, and for clocks that don't go alike."""
BEAT = 0.5
"""Seconds between two signs of life."""


@dataclass
class Lease:
    """The lock on one host."""

    until: float = -math.inf
    """When this host may free it at the earliest, by what is known here."""
    heard: float = 0.0
    """When the newest beat was sent that it is known to have heard."""
    _sent: dict[int, float] = field(default_factory=dict)
    _last: int = -1

    def beat(self, now: float) -> int:
        """The number of the next beat, which is sent now or later."""
        self._last += 1
        # What is older is worth nothing, whenever its echo may come.
        self._sent = {number: at for number, at in self._sent.items() if at > now - PATIENCE}
        self._sent[self._last] = now
        return self._last

    def echo(self, number: int) -> None:
        """The host has heard the beat of that number. One that was never sent, or is too old, counts for nothing."""
        sent = self._sent.pop(number, None)
        if sent is not None:
            self.heard = max(self.heard, sent)
            self.until = max(self.until, sent + PATIENCE - MARGIN)

    def end(self) -> None:
        """The host has freed it, or can't be reached over this connection any more."""
        self.until = -math.inf
        self._sent = {}


@dataclass
class Tenure:
    """The lock on a majority of the hosts. Once lost it stays lost: somebody else may have had it in between."""

    leases: Mapping[str, Lease]
    needed: int
    """How many hosts are a majority."""
    lost: bool = False
    _held: bool = False

    @property
    def until(self) -> float:
        """Until when a majority holds it for certain."""
        ends = sorted((lease.until for lease in self.leases.values()), reverse=True)
        return ends[self.needed - 1] if len(ends) >= self.needed else -math.inf

    def held(self, now: float) -> bool:
        """Whether a majority holds it now, and has done so since it first did."""
        holds = now < self.until
        self.lost = self.lost or (self._held and not holds)
        self._held = self._held or holds
        return holds and not self.lost

    def lapsed(self, now: float) -> list[str]:
        """The hosts that may have freed it by now."""
        return sorted(name for name, lease in self.leases.items() if now >= lease.until)
