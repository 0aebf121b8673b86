"""Numbered work that goes on in a thread while something happens to the cluster, and what was acknowledged of it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from tests.pace import wait_until


class Load(ABC):
    """Runs while its context is open. What it works on is made before, and everything has ended after it."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.acked: list[int] = []
        """The numbers that were acknowledged, in their order."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._prepare()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def wait_for_acks(self, count: int, within: float) -> None:
        """Wait until `count` more are acknowledged. AssertionError after `within` seconds."""
        wanted = len(self.acked) + count
        wait_until(lambda: len(self.acked) >= wanted, within, f"{count} acknowledged; {self.errors[-3:]}")

    @abstractmethod
    def _prepare(self) -> None:
        """Make what is worked on."""

    @abstractmethod
    def _run(self) -> None:
        """Work until `_stop` is set."""
