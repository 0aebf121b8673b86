"""What a step tells while it lasts, and why it must or should not go on: heard and asked by whoever carries it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Heard:
    """Nobody listens, and nothing is against going on, unless steps are carried out: one at a time in a process."""

    own: Callable[[], str | None] = staticmethod(lambda: None)
    """Why this process has lost a lock that it took for all of its work."""
    note: Callable[[str], None] = staticmethod(lambda _: None)
    why_lost: Callable[[], str | None] = staticmethod(lambda: None)
    why_stop: Callable[[], str | None] = staticmethod(lambda: None)


_heard = _Heard()


def note(text: str) -> None:
    """Tell whoever follows, in a line, how far a step is that takes long."""
    _heard.note(text)


def why_lost() -> str | None:
    """Why nothing more may be changed, in the middle of a step: the cluster's lock is lost. None while it is held."""
    return _heard.own() or _heard.why_lost()


def why_stop() -> str | None:
    """Why a step that only waits need not wait any longer: the run was asked to stop, or `why_lost`."""
    return _heard.own() or _heard.why_stop()


def under(why_lost: Callable[[], str | None]) -> None:
    """From now on all that this process does is done under a lock; `why_lost` says why it is lost, or None."""
    _heard.own = why_lost


def listeners() -> tuple[Callable[[str], None], Callable[[], str | None]]:
    """Who is told by `note` now, and who says `why_lost`: for steps that are a part of another."""
    return _heard.note, _heard.why_lost


@contextmanager
def heard(
    note: Callable[[str], None], why_lost: Callable[[], str | None], why_stop: Callable[[], str | None]
) -> Iterator[None]:
    """While this is open, `note` has what steps tell; the others say whether they may, and should, go on."""
    before = _heard.note, _heard.why_lost, _heard.why_stop
    _heard.note, _heard.why_lost, _heard.why_stop = note, why_lost, why_stop
    try:
        yield
    finally:
        _heard.note, _heard.why_lost, _heard.why_stop = before
