"""A recording, played: at its own speed or faster, paused, a step at a time, from any moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

from cluster.wire.observed import Told
from tui.console.feed import FRESH, Silent, Take
from tui.recording.read import Recording
from tui.recording.write import QUIET

SPEEDS = (1, 2, 5, 10, 60, 600)
"""Times as fast as it was."""
_TURN = 0.05
"""Seconds between two looks at what is due."""


class Player:
    """The stream of a recording. Its clock is the recording's."""

    fresh = QUIET + FRESH
    """Of a time in which nothing happened, not every snapshot was kept."""

    def __init__(self, recording: Recording, begin: float) -> None:
        self._recording = recording
        self.scene: Callable[[list[Told]], None] = lambda _: None
        """Is given all that is so after a jump, instead of all that was shown."""
        self._first, self._last = recording.span()
        self._moment = begin
        self._lines: Iterator[tuple[float, bytes]] = iter(())
        self._next: tuple[float, bytes] | None = None
        self._begun = False
        self.paused = False
        self.speed = 1

    @property
    def replay(self) -> str:
        """How it is played, as shown."""
        if self._next is None and self._begun:
            return "at its end"
        return "paused" if self.paused else f"x{self.speed}"

    def now(self) -> float:
        """The moment that is shown."""
        return self._moment

    def wall(self) -> float:
        """The same: in a recording it is always then."""
        return self._moment

    async def run(self, take: Take, silent: Silent) -> None:  # noqa: ARG002 (a recording ends, and has said all)
        """Play, without end."""
        self._take = take
        self.seek(self._moment)
        before = time.monotonic()
        while True:
            await asyncio.sleep(_TURN)
            passed, before = time.monotonic() - before, time.monotonic()
            if not self.paused:
                self._play(min(self._last, self._moment + passed * self.speed))

    def _play(self, until: float) -> None:
        # What takes longer than a turn is gone on with at the next one: keys are answered in between.
        enough = time.monotonic() + _TURN
        while self._next and self._next[0] <= until:
            if time.monotonic() > enough:
                return
            self._step()
        self._moment = max(self._moment, until)

    def _step(self) -> None:
        if self._next:
            self._moment = max(self._moment, self._next[0])
            self._take(self._next[1])
            self._next = next(self._lines, None)

    def step(self) -> None:
        """Pause, and show what came next."""
        self.paused = True
        self._step()

    def pause(self, paused: bool) -> None:
        """Stop here, or go on."""
        self.paused = paused

    def faster(self, by: int) -> None:
        """The next speed up or down."""
        self.speed = SPEEDS[max(0, min(SPEEDS.index(self.speed) + by, len(SPEEDS) - 1))]

    def jump(self, seconds: float) -> None:
        """Back or on from here."""
        self.seek(self._moment + seconds)

    def seek(self, moment: float) -> None:
        """Show that moment, or the nearest that there is."""
        self._moment = max(self._first, min(moment, self._last))
        scene = self._recording.at(self._moment)
        self.scene([*scene.events, scene.snapshot])
        self._lines = self._recording.lines(self._moment)
        self._begun = True
        self._next = next(self._lines, None)

    def close(self) -> None:
        """Nothing is held."""
