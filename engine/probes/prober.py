"""New connections on a fixed schedule, whatever became of those before (an open loop).

Latency counts from the scheduled time, and probes go on while others hang: an outage shows as long as it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from engine.probes.felt import TIMEOUT, Felt, kind_of

RATE = 100.0
"""Probes a second."""


class Prober:
    """Runs `attempt` `rate` times a second while its context is open; `felt` is complete after that.

    `attempt` makes a new connection, does its work within TIMEOUT and returns what it heard; any exception of it is
    a failed probe.
    """

    def __init__(self, attempt: Callable[[], str], *, rate: float = RATE) -> None:
        self._attempt = attempt
        self._interval = 1 / rate
        self._stop = threading.Event()
        # Each probe may hang for as long as the timeout, and the schedule goes on.
        most = int(rate * (TIMEOUT + 1)) + 8
        self._room = threading.BoundedSemaphore(most)
        self._pool = ThreadPoolExecutor(max_workers=most)
        self._schedule = threading.Thread(target=self._run)
        self._lock = threading.Lock()
        self._begin = self._stopped = time.monotonic()
        self.felt = Felt(self._begin)

    def start(self) -> None:
        """Begin; the time from when the prober was made counts."""
        self._schedule.start()

    def stop(self) -> None:
        """No more probes from now on."""
        self._stopped = time.monotonic()
        self._stop.set()

    def wait(self) -> None:
        """Until the probes under way have ended, which takes some seconds where they hang."""
        self._schedule.join()
        self._pool.shutdown(wait=True)
        self.felt.ended(self._stopped)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.wait()

    def _run(self) -> None:
        due = self._begin
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            if self._room.acquire(blocking=False):
                self._pool.submit(self._one, due)
            else:
                with self._lock:
                    self.felt.failed_with("not begun: all probes before it hang")
            due += self._interval
            # After a sleep of the whole machine the probes that it missed are not made up for in one burst.
            due = max(due, time.monotonic() - TIMEOUT)

    def _one(self, scheduled: float) -> None:
        late = time.monotonic() - scheduled
        answer = failure = ""
        try:
            answer = self._attempt()
        except Exception as error:
            failure = kind_of(error)
        finally:
            self._room.release()
        with self._lock:
            self.felt.late = max(self.felt.late, late)
            if failure:
                self.felt.failed_with(failure)
            else:
                # The clock is read under the lock, so that the ends are told in their order.
                self.felt.succeeded(scheduled, time.monotonic(), answer)
