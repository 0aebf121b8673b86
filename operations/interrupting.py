"""Ctrl-C and SIGTERM under plain pyinfra: they reach the steps that are carried out, which take back what they did.

gevent would throw Ctrl-C into the program's main greenlet, which ends the process with the steps half taken.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import gevent

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[None]:
    """While this is open, the first such signal raises KeyboardInterrupt here, and any more are ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    here = gevent.getcurrent()

    def interrupt(_number: int, _frame: object) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        gevent.kill(here, KeyboardInterrupt)

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
