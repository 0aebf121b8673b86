"""A publisher that keeps a journal of what was confirmed to it, for what must not get lost."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import AMQPError

from cluster.names import PROBE_ACCOUNT
from tests.e2e.load import Load

HEARTBEAT = 2
"""Seconds: a broker that is frozen with the connection open is given up after about twice this."""


class Publisher(Load):
    """Publishes numbered messages to a quorum queue of its own, one at a time, while its context is open.

    A message whose confirm did not come is published again over a new connection, so the queue may hold it twice.
    """

    def __init__(self, host: str, password: str, port: int = 5670, interval: float = 0.02) -> None:
        super().__init__()
        self.queue = f"journal-{uuid.uuid4()}"
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

    def _prepare(self) -> None:
        with self._channel() as channel:
            channel.queue_declare(self.queue, durable=True, arguments={"x-queue-type": "quorum"})

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
        self.acked.append(number)

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
        return set(self.acked) - received
