"""What a client feels: new connections on a fixed schedule, whatever became of those before (an open loop).

Latency counts from the scheduled time, and probes go on while others hang: an outage shows as long as it is.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import pika
import pymysql

from cluster.wiring import PROBE_ACCOUNT

TIMEOUT = 2.0
"""Seconds after which a client gives up."""


@dataclass(frozen=True)
class Probe:
    """One connection. `error` is empty if it did what it was for."""

    scheduled: float
    took: float
    error: str = ""
    answer: str = ""


@dataclass
class Felt:
    """All probes of a run."""

    probes: list[Probe] = field(default_factory=list)

    @property
    def failed(self) -> list[Probe]:
        return [probe for probe in self.probes if probe.error]

    @property
    def gap(self) -> float:
        """The longest time in which no probe succeeded, in seconds."""
        ends = sorted(probe.scheduled + probe.took for probe in self.probes if not probe.error)
        return max((after - before for before, after in itertools.pairwise(ends)), default=float("inf"))

    def latency(self, share: float) -> float:
        """The latency that `share` of the successful probes stayed below, in seconds."""
        took = sorted(probe.took for probe in self.probes if not probe.error)
        return took[min(int(len(took) * share), len(took) - 1)] if took else float("inf")

    def __str__(self) -> str:
        kinds: dict[str, int] = {}
        for probe in self.failed:
            kinds[probe.error] = kinds.get(probe.error, 0) + 1
        answers = sorted({probe.answer for probe in self.probes if probe.answer})
        return (
            f"{len(self.failed)} of {len(self.probes)} failed, longest gap {1000 * self.gap:.0f} ms, "
            f"median {1000 * self.latency(0.5):.0f} ms, p99 {1000 * self.latency(0.99):.0f} ms, "
            f"longest {1000 * self.latency(1):.0f} ms, answers {answers} {kinds or ''}"
        ).rstrip()


class Prober:
    """Runs `attempt` `rate` times a second while its context is open; `felt` is complete after that.

    `attempt` makes a new connection, does its work within TIMEOUT and returns what it heard; any exception of it is
    a failed probe.
    """

    def __init__(self, attempt: Callable[[], str], *, rate: float = 100) -> None:
        self._attempt = attempt
        self._interval = 1 / rate
        self._stop = threading.Event()
        # Each probe may hang for as long as the timeout, and the schedule goes on.
        self._pool = ThreadPoolExecutor(max_workers=int(rate * (TIMEOUT + 1)) + 8)
        self._schedule = threading.Thread(target=self._run)
        self.felt = Felt()

    def __enter__(self) -> Self:
        self._schedule.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._schedule.join()
        self._pool.shutdown(wait=True)

    def _run(self) -> None:
        begin = time.monotonic()
        number = 0
        while not self._stop.is_set():
            due = begin + number * self._interval
            self._stop.wait(max(0.0, due - time.monotonic()))
            self._pool.submit(self._one, due)
            number += 1

    def _one(self, scheduled: float) -> None:
        answer = error = ""
        try:
            answer = self._attempt()
        except Exception as failure:
            error = f"{type(failure).__name__}: {str(failure)[:100]}"
        took = time.monotonic() - scheduled
        if not error and took > TIMEOUT:
            error = f"answered after more than {TIMEOUT:g} s"
        self.felt.probes.append(Probe(scheduled, took, error, answer))


def query(vip: str, password: str, port: int = 3306) -> Callable[[], str]:
    """An attempt that asks the database which node it is."""

    def attempt() -> str:
        connection = pymysql.connect(
            host=vip,
            port=port,
            user=PROBE_ACCOUNT,
            password=password,
            connect_timeout=int(TIMEOUT),
            read_timeout=TIMEOUT,
            write_timeout=TIMEOUT,
            ssl_disabled=True,
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT @@wsrep_node_name")
                row = cursor.fetchone()
                return str(row[0]) if row else ""
        finally:
            connection.close()

    return attempt


def publish(vip: str, password: str, port: int = 5670) -> Callable[[], str]:
    """An attempt that publishes a message to nobody, and has the broker's confirm."""
    parameters = pika.ConnectionParameters(
        vip,
        port,
        PROBE_ACCOUNT,
        pika.PlainCredentials(PROBE_ACCOUNT, password),
        socket_timeout=TIMEOUT,
        stack_timeout=TIMEOUT,
        blocked_connection_timeout=TIMEOUT,
    )

    def attempt() -> str:
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.basic_publish("", "nobody", b"probe")
            return ""

    return attempt
