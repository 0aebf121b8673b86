"""When a host's layers are asked: each by its period, and out of turn when something stirs. No clock of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

AFTERWARDS = (0.3, 1.0, 2.5, 5.0)
"""Seconds after a hint at which a layer is asked again: what begins then is seldom over at once."""
AT_ONCE = (0.0, *AFTERWARDS)
ELSEWHERE = (1.0, 4.0)
"""Seconds after a change at which everything is asked: what hangs together shows in other layers as well."""
_EXTRA = 10
"""Looks out of turn that a layer may have at once; each second gives one back. What flaps is asked once a second."""
_PAUSE = 1.0
"""A layer is left alone for this many times as long as its last answer took."""


@dataclass(slots=True)
class _Turn:
    period: float
    regular: float = 0.0
    """When its turn is."""
    wanted: list[float] = field(default_factory=list)
    """When it is wanted out of turn, in order."""
    asked: float | None = None
    tells: float = 0.0
    """The awaited answer tells of no moment before this."""
    free: float = 0.0
    """Before this it is left alone."""
    extra: float = _EXTRA
    counted: float = 0.0
    """When `extra` was true."""

    def due(self) -> float | None:
        """When to ask next; None while an answer is awaited."""
        if self.asked is not None:
            return None
        wanted = self.regular
        if self.wanted and self.wanted[0] < wanted:
            # Without credit it waits for the second that gives one back.
            wanted = min(wanted, max(self.wanted[0], self.counted + max(0.0, 1 - self.extra)))
        return max(wanted, self.free)

    def ask(self, now: float) -> None:
        self.extra = min(_EXTRA, self.extra + now - self.counted)
        self.counted = now
        if self.regular > now:
            self.extra -= 1
        self.wanted = [moment for moment in self.wanted if moment > now]
        self.asked, self.tells, self.regular = now, now, now + self.period


class Turns:
    """One host's layers. Times are seconds of one steady clock."""

    def __init__(self, periods: Mapping[str, float]) -> None:
        self._turns = {layer: _Turn(period) for layer, period in periods.items()}
        self._heard_of = 0.0
        """What the host says from here on tells of no moment before this: it had heard what was sent then."""

    def begin(self, now: float) -> None:
        """A new connection: everything is asked at once, and nothing is awaited."""
        self._heard_of = now
        for turn in self._turns.values():
            turn.regular, turn.asked, turn.free, turn.wanted = now, None, now, []

    def stir(self, now: float, delays: Iterable[float], layers: Iterable[str] | None = None) -> None:
        """Something happened: these layers (all, if none are named) are wanted after `delays`."""
        moments = [now + delay for delay in delays]
        for layer in self._turns if layers is None else layers:
            if turn := self._turns.get(layer):
                # What is wanted soon stays so; what was wanted later is wanted anew.
                kept = [moment for moment in turn.wanted if moment < moments[0]]
                turn.wanted = kept + moments

    def due(self, now: float) -> list[str]:
        """The layers to ask now; from here on their answers are awaited."""
        layers = [layer for layer, turn in self._turns.items() if (due := turn.due()) is not None and due <= now]
        for layer in layers:
            self._turns[layer].ask(now)
        return layers

    def begun(self, now: float, layers: Iterable[str]) -> None:
        """The host asks these by itself, since a moment that nobody knows. What it is asked meanwhile it leaves out."""
        for layer in layers:
            if turn := self._turns.get(layer):
                if turn.asked is None:
                    turn.ask(now)
                turn.tells = self._heard_of

    def tells(self, layer: str) -> float:
        """The answer for `layer` that comes now tells of no moment before this."""
        turn = self._turns.get(layer)
        return self._heard_of if turn is None or turn.asked is None else turn.tells

    def answered(self, layer: str, now: float) -> float | None:
        """The seconds that an answer took; None if none was awaited."""
        turn = self._turns.get(layer)
        if turn is None or turn.asked is None:
            return None
        took = now - turn.asked
        self._heard_of = max(self._heard_of, turn.tells)
        turn.asked, turn.free = None, now + _PAUSE * took
        return took

    def awaited(self, layer: str, now: float) -> bool:
        """Whether an answer is awaited, or is to be asked for now."""
        turn = self._turns.get(layer)
        return turn is not None and (turn.asked is not None or any(moment <= now for moment in turn.wanted))

    def overdue(self, now: float, within: float) -> list[str]:
        """The layers whose answers have been awaited for `within` seconds."""
        return [layer for layer, turn in self._turns.items() if turn.asked is not None and turn.asked + within <= now]

    def next(self, within: float) -> float:
        """When something is due, or overdue; infinity for a host without layers."""
        moments = (turn.asked + within if turn.asked is not None else turn.due() for turn in self._turns.values())
        return min((moment for moment in moments if moment is not None), default=float("inf"))
