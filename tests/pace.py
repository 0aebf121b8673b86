"""The times in the tests are a quiet machine's: one with more work than cores may take as much longer.

They say when to give up, and how long is far too long. What something really takes is measured in bench/.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

MOST = 8.0
"""Nothing is waited for longer than so many times what it takes on a quiet machine."""


def slower() -> float:
    """How many times as long as on a quiet machine something may take now: the work there is for each core.

    The first number of /proc/loadavg is the last minute's, the fourth what is ready to run at this moment (proc(5)).
    """
    minute, _, _, now, _ = Path("/proc/loadavg").read_text().split()
    work = max(float(minute), float(now.split("/")[0]))
    return min(MOST, max(1.0, work / (os.cpu_count() or 1)))


def stretched(seconds: float) -> float:
    """So many seconds of a quiet machine, on this one as it is now."""
    return seconds * slower()


class Limit:
    """`seconds` of a quiet machine from now on; whenever the machine was busy meanwhile, it is later."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun = time.monotonic()
        self._slowest = 1.0

    @property
    def taken(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._begun

    def is_over(self) -> bool:
        """Whether it is later than that."""
        self._slowest = max(self._slowest, slower())
        return self.taken > self._seconds * self._slowest


def wait_until(condition: Callable[[], object], within: float, what: str = "", every: float = 0.25) -> float:
    """Wait until `condition` gives something true, and return the seconds it took.

    AssertionError after `within` seconds of a quiet machine.
    """
    limit = Limit(within)
    while not condition():
        assert not limit.is_over(), f"not within {limit.taken:.0f} s: {what or condition}"
        time.sleep(every)
    return limit.taken
