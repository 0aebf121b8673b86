"""One host that is looked at all the time: its connection, which comes back by itself, and what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cluster.spec import Cluster
from cluster.state import Unknown
from cluster.text import clean
from engine.frames import Frame, Hint, Section
from engine.look import HELD_UP, NO_ANSWER, WITHIN, silent
from engine.observe.memory import Memory
from engine.observe.turns import AFTERWARDS, AT_ONCE, Turns
from engine.script import DEAF
from engine.sections import commands, record
from engine.ssh import Broken, Line

if TYPE_CHECKING:
    from pyinfra.api.facts import FactBase

    from facts.hints import Hints

_ALIVE = DEAF / 3
"""Seconds after which a host is told that it is still listened to."""
_LONGEST_WAIT = 15.0
_STEADY = 5.0
"""Seconds after which a connection counts as one that had come about."""


def wait_before(failures: int) -> float:
    """Seconds before the next connection after so many that failed in a row: 0, 1, 2, 4, 8, 15, 15, …"""
    return 0.0 if failures == 0 else min(_LONGEST_WAIT, 2.0 ** (failures - 1))


class Watched:
    """`clock` does not count what this process could not use (engine.own.OwnTime). `changed` is called when the memory
    has something new of it, `told` with the layer that it has an answer for, and `stirred` with those that it gives
    hints of."""

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        facts: Mapping[str, FactBase[Any]],
        hints: Mapping[str, Hints],
        periods: Mapping[str, float],
        memory: Memory,
        clock: Callable[[], float],
        changed: Callable[[], None],
        told: Callable[[str], None],
        stirred: Callable[[str, tuple[str, ...]], None],
    ) -> None:
        self._cluster = cluster
        self.name = name
        self._facts = facts
        self._sections = commands(cluster, name, facts)
        self._hints = {layer: hints[layer] for layer in self._sections}
        self.turns = Turns({layer: periods[layer] for layer in self._sections})
        self._memory = memory
        self._changed = changed
        self._told = told
        self._stirred = stirred
        self._woken = asyncio.Event()
        self._clock = clock
        self._heard = 0.0
        self._waited = 0.0
        """Seconds that the client had waited for a processor of this machine by then."""

    def stir(self, delays: tuple[float, ...], layers: tuple[str, ...] | None = None) -> None:
        """Ask these layers out of turn (all, if none are named)."""
        self.turns.stir(self._clock(), delays, layers)
        self._woken.set()

    async def run(self) -> None:
        """Look without end."""
        failures = 0
        while True:
            begun = self._clock()
            line = await Line.begin(self._cluster, self.name)
            try:
                gone = await self._talk(line)
            finally:
                await line.end()
            failures = failures + 1 if self._clock() - begun < _STEADY else 0
            self._memory.lost(self.name, str(gone), gone.alike)
            self._changed()
            await asyncio.sleep(wait_before(failures))

    async def _talk(self, line: Line) -> Broken:
        """Listen and ask until the connection breaks; how it did."""
        self._heard, self._waited = self._clock(), 0.0
        self.turns.begin(self._heard)
        line.teach(self._sections, self._hints)
        sides = {asyncio.ensure_future(self._listen(line)), asyncio.ensure_future(self._ask(line))}
        try:
            done, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            for side in done:
                try:
                    side.result()
                except Broken as error:
                    return error
        finally:
            for side in sides:
                side.cancel()
            await asyncio.gather(*sides, return_exceptions=True)
        raise AssertionError("neither side ends but by breaking")

    async def _listen(self, line: Line) -> None:
        async for frame in line.frames():
            now = self._clock()
            self._heard, self._waited = now, line.waited()
            if self._memory.heard(self.name, now):
                self.stir((0.0,))
                self._changed()
            self._take(frame, now)

    def _take(self, frame: Frame, now: float) -> None:
        if isinstance(frame, Hint):
            if frame.begun:
                self.turns.begun(now, frame.names)
            self.stir(AFTERWARDS if frame.begun else AT_ONCE, frame.names)
            self._stirred(self.name, tuple(name for name in frame.names if name in self._sections))
        elif isinstance(frame, Section):
            if frame.name not in self._sections:
                raise Broken(f"tells of {clean(frame.name, 20)}, which it was not asked")
            asked = self.turns.tells(frame.name)
            # What it began by itself may be told twice.
            took = self.turns.answered(frame.name, now) or 0.0
            self._memory.saw(self.name, frame.name, record(self._facts[frame.name], frame), now, asked, took)
            self._told(frame.name)
            self._changed()
            self._woken.set()

    async def _ask(self, line: Line) -> None:
        told = self._clock()
        while True:
            self._woken.clear()
            now = self._clock()
            waited = line.waited() - self._waited
            within = WITHIN + min(waited, HELD_UP)
            reason = silent(WITHIN, waited, 0)
            if overdue := self.turns.overdue(now, within):
                for layer in overdue:
                    self._memory.saw(self.name, layer, Unknown(reason, alike=NO_ANSWER), now, now - within, within)
                asked = f"when it was asked for {', '.join(overdue)}"
                raise Broken(f"{reason} {asked}", f"{NO_ANSWER} {asked}")
            if now - self._heard >= within:
                raise Broken(reason, NO_ANSWER)
            if (due := self.turns.due(now)) or now - told >= _ALIVE:
                line.ask(due)
                told = now
            until = min(self.turns.next(within), self._heard + within, told + _ALIVE)
            try:
                async with asyncio.timeout(max(until - now, 0.01)):
                    await self._woken.wait()
            except TimeoutError:
                pass
