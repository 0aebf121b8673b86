"""A moment of a recording as a person writes it."""

from __future__ import annotations

import contextlib
from datetime import date, datetime, timedelta

from tui.recording import RecordingError

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_FORMS = {
    "%H:%M": _MINUTE,
    "%H:%M:%S": _SECOND,
    "%Y-%m-%d %H:%M": _MINUTE,
    "%Y-%m-%d %H:%M:%S": _SECOND,
}
"""How a moment is written, and how much longer what is written lasts."""
_DAYS = 40
"""Days that are gone back for a time without a date. hatui keeps one."""


class OutOfSpan(RecordingError):
    """It is a time, and not one of the recording's."""


def moment(text: str, span: tuple[float, float]) -> float:
    """The seconds since the epoch of a local time within `span`; without a date the last such time in it.

    "02:14" is that whole minute, "02:14:30" that whole second: what of it is in the span, from its beginning.
    OutOfSpan, with a sentence, if there is none; RecordingError if `text` is no time.
    """
    for form, lasts in _FORMS.items():
        with contextlib.suppress(ValueError):
            read = datetime.strptime(text.strip(), form)
            days = [read.date()] if "%Y" in form else _days(span)
            return _within(text, [datetime.combine(day, read.time()) for day in days], lasts, span)
    raise RecordingError(f"{text!r} is no time: it must be such as 02:14, 02:14:30 or 2026-11-25 02:14.")


def shown(at: float) -> str:
    """A moment as a person reads it, in local time."""
    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M:%S}"


def _days(span: tuple[float, float]) -> list[date]:
    """The days of the span, the last first."""
    first, last = (datetime.fromtimestamp(at).date() for at in span)
    return [last - timedelta(days) for days in range(min((last - first).days, _DAYS) + 1)]


def _within(text: str, times: list[datetime], lasts: timedelta, span: tuple[float, float]) -> float:
    first, last = span
    for time in times:
        # An hour that comes twice, when clocks are set back: the later one first. One that is skipped never comes.
        for fold in (1, 0):
            at = time.replace(fold=fold).timestamp()
            if at <= last and at + lasts.total_seconds() > first and datetime.fromtimestamp(at) == time:
                return max(at, first)
    raise OutOfSpan(f"{text} is not in the recording, which goes from {shown(first)} to {shown(last)}.")
