"""Lines of JSON to whoever reads: a reader that is slow holds the looking up for nobody."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable

from cluster.wire.lines import FIRST, Message, line

_WAITING = 200
"""Lines that may wait for the reader."""


class Stream:
    """Lines on the file `number`. `gone` is called, from a thread of the stream's own, when nobody reads any longer."""

    def __init__(self, number: int, gone: Callable[[], None]) -> None:
        self._number = number
        self._gone = gone
        self._lines: queue.Queue[bytes] = queue.Queue(_WAITING)
        self._lines.put_nowait(FIRST)
        threading.Thread(target=self._write, daemon=True).start()

    def tell(self, message: Message) -> bool:
        """Send a message; False, and it is left out, if too much is waiting already."""
        try:
            self._lines.put_nowait(line(message))
        except queue.Full:
            return False
        return True

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                left = self._lines.get()
                while left:
                    left = left[os.write(self._number, left) :]
        self._gone()
