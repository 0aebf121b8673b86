"""Whether anything may be done from this console: not before it is unlocked, and not for long. Pure."""

from __future__ import annotations

from dataclasses import dataclass

LASTS = 600.0
"""Seconds after which what was unlocked is locked again."""


@dataclass
class Unlock:
    """Times are seconds of one clock."""

    never: str = ""
    """Why it can't be unlocked at all, as shown: READ-ONLY."""
    _until: float = 0.0

    def unlock(self, now: float) -> None:
        """Unlock for LASTS seconds from now."""
        if not self.never:
            self._until = now + LASTS

    def lock(self) -> None:
        """Lock at once."""
        self._until = 0.0

    def left(self, now: float) -> float:
        """Seconds for which it is unlocked."""
        return max(0.0, self._until - now)

    def shown(self, now: float) -> str:
        """As the header has it."""
        left = int(self.left(now))
        return self.never or (f"UNLOCKED {left // 60}:{left % 60:02}" if self.left(now) else "LOCKED")
