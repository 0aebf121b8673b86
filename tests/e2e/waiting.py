"""Clients that wait for an answer, which send nothing that could tell them that nobody is there any more."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

import pymysql

from cluster.names import PROBE_ACCOUNT
from engine.probes.felt import kind_of
from tests.e2e import lab
from tests.pace import stretched, wait_until

COUNT = 8
ANSWER = 45
"""Seconds until the database answers: longer than a move takes on a busy machine, its plan included."""


class Waiting:
    """COUNT sessions through the VIP with a slow query in flight while the context is open."""

    def __init__(self) -> None:
        self.ended: list[tuple[float, str]] = []
        """Of each session that ended: when (time.time()), and how; empty for an answer."""
        self._asked = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._wait) for _ in range(COUNT)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        for _ in self._threads:
            assert self._asked.acquire(timeout=stretched(10))
        # The queries are in flight when the database has them.
        asked = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'"
        nodes = ("mysql1", "mysql2", "mysql3")
        wait_until(lambda: sum(int(lab.ssh(node, f'mariadb -Ne "{asked}"')) for node in nodes) >= COUNT, 10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for thread in self._threads:
            thread.join()

    def told_by(self, moved: float) -> None:
        """Each was told within 2 s of `moved` (time.time()) that its session is over. AssertionError otherwise."""
        most = stretched(2)
        wait_until(lambda: len(self.ended) == COUNT or time.time() > moved + most, 20)
        assert len(self.ended) == COUNT, f"{COUNT - len(self.ended)} of {COUNT} still wait: {self.ended}"
        assert all(said for _, said in self.ended), self.ended
        assert max(at for at, _ in self.ended) < moved + most, self.ended

    def _wait(self) -> None:
        try:
            connection = pymysql.connect(
                host=lab.VIP,
                user=PROBE_ACCOUNT,
                password=lab.secret_of("probe"),
                connect_timeout=5,
                read_timeout=ANSWER + 5,
                ssl_disabled=True,
            )
        finally:
            self._asked.release()
        said = ""
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT SLEEP({ANSWER})")
        except Exception as error:
            said = kind_of(error)
        self.ended.append((time.time(), said))
