"""Waiting for others by this process's own time: while it does not run itself, it has not listened either."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import gevent

T = TypeVar("T")

TICK = 0.25
"""Seconds that one wait counts for at most, however late it ends: stopped, starved of processors, or busy itself."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns. TimeoutError if it has not ended after so many seconds; it goes no further then.

    Nor does it when whoever waits for it is interrupted.
    """
    raised: list[Exception] = []

    def one() -> T | None:
        # What is raised in there would be printed, too.
        try:
            return work()
        except Exception as error:
            raised.append(error)
            return None

    running = gevent.spawn(one)
    left = seconds
    try:
        while left > 0 and not running.ready():
            begun = time.monotonic()
            running.join(min(TICK, left))
            left -= min(time.monotonic() - begun, TICK)
        if not running.ready():
            raise TimeoutError(f"no answer within {seconds:g} s")
    finally:
        running.kill(block=False)
    if raised:
        raise raised[0]
    value: T = running.value
    return value
