"""What this machine did not get to: how late this process's own timers are, so that no host is blamed for it."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable

TICK = 0.25
"""Seconds between two times that the clock is looked at, while this process runs as it should."""
LATE = 0.5
"""Seconds without a look from which on this process counts as having been held up."""
_KEPT = 200
"""Times that it was held up that are remembered."""


class OwnTime:
    """A clock that stands still while this process does not run: stopped, starved of processors, or busy itself.

    What waits by it gives others the time that it says, whatever this machine does meanwhile. It has to `beat`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._longest = 0.0
        self.lost = 0.0
        """Seconds for which it stood still."""
        self._held_up: deque[tuple[float, float]] = deque(maxlen=_KEPT)

    def now(self) -> float:
        """Seconds; never goes back."""
        real = self._clock()
        gap, self._last = real - self._last, real
        if gap > LATE:
            late = gap - TICK
            self.lost += late
            self._longest = max(self._longest, late)
            self._held_up.append((real - self.lost, late))
        return real - self.lost

    def older(self, moment: float) -> float:
        """Seconds that are to be added to an age by this clock: for which it stood still since `moment`."""
        return sum(late for at, late in self._held_up if at > moment)

    def longest(self) -> float:
        """The longest time for which it stood still since this was asked last."""
        self.now()
        longest, self._longest = self._longest, 0.0
        return longest

    async def beat(self) -> None:
        """Look at the clock without end."""
        while True:
            self.now()
            await asyncio.sleep(TICK)


def waited(pid: int) -> float:
    """Seconds for which a process of this machine was ready to run and got no processor; 0 where nothing is told.

    Source: the second figure of /proc/PID/schedstat, in nanoseconds (Documentation/scheduler/sched-stats).
    """
    # Asked with each line of each host, so without the objects of a file.
    try:
        file = os.open(f"/proc/{pid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return int(os.read(file, 100).split()[1]) / 1e9
        finally:
            os.close(file)
    except (OSError, ValueError, IndexError):
        return 0.0


def too_busy(late: float) -> str:
    """What is to be said of it."""
    return f"this machine was too busy (its own timer was {late:.1f} s late)"
