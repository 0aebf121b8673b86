"""A connection that stays open and is used all the time, in a thread of its own: begun, stopped, and waited for."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod

from engine.probes.felt import Heard

BEAT = 0.05
"""Seconds between two uses of a stream."""
AGAIN = 0.05
"""Seconds after which a stream that was cut is opened again."""


class Stream(ABC):
    """What both services' streams have; `heard` is complete after `wait`."""

    def __init__(self) -> None:
        self.heard = Heard()
        self._stop = threading.Event()
        self._stopped = 0.0
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Open the connection, and begin."""
        self._thread.start()

    def stop(self) -> None:
        """No more beats from now on."""
        self._stopped = time.monotonic()
        self._stop.set()

    def wait(self) -> None:
        """Until it has ended and taken away what it made, which takes some seconds where the service hangs."""
        self._thread.join()
        self.heard.ended(self._stopped)

    @abstractmethod
    def _run(self) -> None:
        """Use the connection until `_stop` is set; one that was cut is opened again."""
