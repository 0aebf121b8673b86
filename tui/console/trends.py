"""How a few numbers have moved over the last minutes: as much as a line of small bars can say."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from tui.console.depth import numbers_of
from tui.console.lines import Line, Span
from tui.console.state import records

EVERY = 5.0
"""Seconds between two samples: what moves faster is not asked of the hosts either."""
KEPT = 120
"""Samples: ten minutes."""
_BARS = "▁▂▃▄▅▆▇█"
_NAME, _NUMBERS = 13, 24
"""Columns of a name, and of the numbers behind the bars."""


class Trends:
    """Samples of a stream's snapshots, by the clock of who tells the time."""

    def __init__(self) -> None:
        self._samples: deque[Mapping[str, int | None]] = deque(maxlen=KEPT)
        self._last = float("-inf")

    def take(self, state: Mapping[str, Any], now: float) -> None:
        """The state of a snapshot as it travels; it is sampled if the last one is old enough."""
        if now - self._last >= EVERY:
            self._last = now
            self._samples.append(dict(numbers_of(records(state))))

    def forget(self) -> None:
        """Begin again."""
        self._samples.clear()
        self._last = float("-inf")

    def lines(self, width: int) -> list[Line]:
        """A line a number that was ever known, the newest at the right."""
        newest = self._samples[-1] if self._samples else {}
        return [_line(name, [sample[name] for sample in self._samples], width) for name in newest]


def _line(name: str, values: list[int | None], width: int) -> Line:
    """What was not known is a gap, and never a bar."""
    shown = values[-max(1, width - _NAME - _NUMBERS - 2) :]
    known = [value for value in shown if value is not None]
    most = max(known, default=0)
    bars = "".join(
        " " if value is None else _BARS[value * (len(_BARS) - 1) // most] if most else _BARS[0] for value in shown
    )
    now: Span = ("?", "unknown") if values[-1] is None else (str(values[-1]), "strong")
    return Line(
        (
            (f" {name:<{_NAME}}", "dim"),
            (bars, "accent"),
            ("  now ", "dim"),
            now,
            (f"  most {most}" if known else "", "dim"),
        )
    )
