"""A publisher that keeps a journal of what was confirmed to it, for what must not get lost."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
import uuid
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import AMQPError

from cluster.wiring import PROBE_ACCOUNT

HEARTBEAT = 2
"""Seconds: a broker that is frozen with the connection open is given up after about twice this."""


class Publisher:
    """Publishes numbered messages to a quorum queue of its own, one at a time, while its context is open.

    A message whose confirm did not come is published again over a new connection, so the queue may hold it twice.
    """

    def __init__(self, host: str, password: str, port: int = 5670, interval: float = 0.02) -> None:
        self.queue = f"journal-{uuid.uuid4()}"
        self.confirmed: list[tuple[int, float]] = []
        """Number and time (monotonic, seconds) of each confirm."""
        self.errors: list[str] = []
        self._interval = interval
        self._parameters = pika.ConnectionParameters(
            host,
            port,
            virtual_host=PROBE_ACCOUNT,
            credentials=pika.PlainCredentials(PROBE_ACCOUNT, password),
            heartbeat=HEARTBEAT,
            socket_timeout=2,
            stack_timeout=3,
            blocked_connection_timeout=3,
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        with self._channel() as channel:
            channel.queue_declare(self.queue, durable=True, arguments={"x-queue-type": "quorum"})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @contextlib.contextmanager
    def _channel(self) -> Iterator[BlockingChannel]:
        connection = BlockingConnection(self._parameters)
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            yield channel
        finally:
            with contextlib.suppress(AMQPError, OSError):
                connection.close()

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            try:
                with self._channel() as channel:
                    while not self._stop.is_set():
                        self._publish(channel, number)
                        number += 1
                        self._stop.wait(self._interval)
            except Exception as failure:
                self.errors.append(f"{type(failure).__name__}: {failure}")
                self._stop.wait(0.1)

    def _publish(self, channel: BlockingChannel, number: int) -> None:
        properties = pika.BasicProperties(delivery_mode=2)
        channel.basic_publish("", self.queue, str(number).encode(), properties, mandatory=True)
        self.confirmed.append((number, time.monotonic()))

    @property
    def gap(self) -> float:
        """The longest time between two confirms, in seconds."""
        times = [when for _, when in self.confirmed]
        return max((after - before for before, after in itertools.pairwise(times)), default=float("inf"))

    def wait_for_confirms(self, count: int, within: float) -> None:
        """Wait until `count` more messages are confirmed. AssertionError after `within` seconds."""
        wanted, deadline = len(self.confirmed) + count, time.monotonic() + within
        while len(self.confirmed) < wanted:
            assert time.monotonic() < deadline, f"not confirmed within {within:g} s; {self.errors[-3:]}"
            time.sleep(0.05)

    def lost(self) -> set[int]:
        """The confirmed messages that the queue does not hold. Takes all from the queue, and deletes it."""
        received: set[int] = set()
        with self._channel() as channel:
            while True:
                method, _, body = channel.basic_get(self.queue)
                if method is None or body is None:
                    break
                received.add(int(body))
                channel.basic_ack(method.delivery_tag)
            channel.queue_delete(self.queue)
        return {number for number, _ in self.confirmed} - received
