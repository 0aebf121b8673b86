"""Whether this process stood still, and why: a lock that is lost meanwhile is lost through no host's fault.

Only the standard library and cluster/lease.py, for operations/keeper.py.
"""

from __future__ import annotations

import time

from cluster.lease import PATIENCE

LATE = 1.0
"""Seconds that this process must have stood still for a loss to be laid on that."""


def now() -> float:
    """Seconds, those in which the machine slept too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Pauses:
    """When this process last stood still, and why, as far as it can see."""

    def __init__(self) -> None:
        self._boot, self._mono = now(), time.monotonic()
        self._worst: tuple[float, float, bool] | None = None
        """When it was seen, its seconds, and whether the machine slept."""

    def seen(self, waited_for: float) -> None:
        """Called after each wait, which was to last `waited_for` seconds at most."""
        boot, mono = now(), time.monotonic()
        took, slept = boot - self._boot, (boot - self._boot) - (mono - self._mono)
        self._boot, self._mono = boot, mono
        still = took - waited_for
        worst = self._worst
        if still >= LATE and (worst is None or still >= worst[1] or boot - worst[0] > 2 * PATIENCE):
            self._worst = (boot, still, slept > still / 2)

    def why(self) -> str | None:
        """A sentence for a loss now; None if this process did not stand still of late."""
        if self._worst is None or now() - self._worst[0] > 2 * PATIENCE:
            return None
        _, still, slept = self._worst
        if slept:
            return f"This machine slept for {still:.1f} s."
        return f"The process that keeps the lock did not run for {still:.1f} s: this machine has too much to do."
