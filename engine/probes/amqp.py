"""The message queue as a client meets it: the greeting on a new connection, and a publisher that stays connected."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout
from pika.exceptions import AMQPHeartbeatTimeout, ConnectionOpenAborted

from cluster.names import PROBE_ACCOUNT
from engine.probes.felt import TIMEOUT, Heard, kind_of
from engine.probes.stream import AGAIN, BEAT, Stream

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
"""AMQP 0-9-1, 4.2.2."""
HEARTBEAT = 2
"""Seconds: a broker that is frozen with the connection open is given up after about twice this."""
EXPIRES = 300
"""Seconds after which the broker deletes a queue that nobody reads from: what a killed process leaves."""
LONGEST = 100
"""Messages that the queue keeps at most."""
READ_EVERY = 60.0
"""Seconds. Only reading from a quorum queue keeps it from expiring; declaring it again or publishing does not."""
GOODBYE = 0.2
"""Seconds that a broker which does not answer is given to close the connection."""


def greet(host: str, port: int = 5670) -> Callable[[], str]:
    """An attempt that connects anew and waits for the broker's Connection.Start.

    No login: one costs a client thirty times as much, and the broker a process or two for each.
    """

    def attempt() -> str:
        deadline = time.monotonic() + TIMEOUT
        heard = b""
        with socket.create_connection((host, port), TIMEOUT) as connection:
            connection.sendall(PROTOCOL_HEADER)
            while len(heard) < 11:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                said = connection.recv(4096)
                if not said:
                    raise ConnectionError("closed before the broker greeted")
                heard += said
        # Frame type 1 (method), channel 0, four bytes of size, class 10, method 10.
        if heard[:3] != b"\x01\x00\x00" or heard[7:11] != b"\x00\x0a\x00\x0a":
            raise ConnectionError("something else than a broker's greeting")
        return ""

    return attempt


class AmqpStream(Stream):
    """A connection that publishes confirmed, persistent messages to a quorum queue of its own all the time.

    Messages are published on a schedule, whether the former ones were confirmed or not; a connection on which nothing
    is confirmed for TIMEOUT is given up, and one that was cut is opened again.
    """

    def __init__(self, host: str, port: int, password: str) -> None:
        super().__init__()
        self.queue = f"probe-{uuid.uuid4()}"
        self._parameters = pika.ConnectionParameters(
            host,
            port,
            virtual_host=PROBE_ACCOUNT,
            credentials=pika.PlainCredentials(PROBE_ACCOUNT, password),
            heartbeat=HEARTBEAT,
            socket_timeout=TIMEOUT,
            stack_timeout=TIMEOUT,
            blocked_connection_timeout=TIMEOUT,
        )

    def _run(self) -> None:
        while not self._stop.is_set():
            session = _Session(self._parameters, self.queue, self.heard, self._stop)
            session.run()
            if session.failure:
                self.heard.broke(session.failure, was_open=session.is_open)
                self._stop.wait(AGAIN)


class _Session:
    """One connection of a stream, until it ends. All of it runs in the thread that calls `run`."""

    def __init__(self, parameters: pika.ConnectionParameters, queue: str, heard: Heard, stop: threading.Event) -> None:
        self.failure = ""
        self.is_open = False
        self._queue, self._heard, self._stop = queue, heard, stop
        self._channel: Any = None
        self._closing = False
        self._progress = self._read = 0.0
        self._connection = pika.SelectConnection(
            parameters,
            on_open_callback=self._opened,
            on_open_error_callback=self._closed,
            on_close_callback=self._closed,
        )
        self._loop = self._connection.ioloop

    def run(self) -> None:
        try:
            self._tick()
            self._loop.start()
        except Exception as error:
            self._fails(kind_of(error))
        finally:
            self._loop.close()

    def _opened(self, connection: Any) -> None:
        self._progress = self._read = time.monotonic()
        connection.channel(on_open_callback=self._channel_opened)

    def _channel_opened(self, channel: Any) -> None:
        channel.add_on_close_callback(lambda _, reason: self._give_up(_kind(reason)))
        channel.add_on_return_callback(lambda *_: self._give_up("the queue is gone"))
        channel.confirm_delivery(self._answered)
        channel.queue_declare(
            self._queue,
            durable=True,
            arguments={"x-queue-type": "quorum", "x-expires": 1000 * EXPIRES, "x-max-length": LONGEST},
            callback=lambda _: self._declared(channel),
        )

    def _declared(self, channel: Any) -> None:
        self._channel = channel

    def _answered(self, frame: Any) -> None:
        if isinstance(frame.method, pika.spec.Basic.Nack):
            self._give_up("not confirmed by the broker")
        elif not self._closing:
            self.is_open = True
            self._progress = time.monotonic()
            self._heard.beat(self._progress)

    def _tick(self) -> None:
        """What is due every BEAT, from before the connection is made until it ends."""
        self._loop.call_later(BEAT, self._tick)
        # While the connection is being made, its own timeouts hold.
        if self._closing or not self._connection.is_open:
            return
        now = time.monotonic()
        if self._stop.is_set():
            self._end(TIMEOUT)
        elif now - self._progress > TIMEOUT:
            self._give_up(f"no answer within {TIMEOUT:g} s")
        elif self._channel is not None and self._channel.is_open:
            self._channel.basic_publish(
                "", self._queue, b"probe", pika.BasicProperties(delivery_mode=2), mandatory=True
            )
            if now - self._read > READ_EVERY:
                self._read = now
                self._channel.basic_get(self._queue, callback=lambda *_: None, auto_ack=True)

    def _give_up(self, failure: str) -> None:
        self._fails(failure)
        self._end(GOODBYE)

    def _fails(self, failure: str) -> None:
        # The first reason is the cause of all others.
        if not self._closing and not self.failure:
            self.failure = failure

    def _end(self, within: float) -> None:
        """Leave: politely, if the broker goes along `within` seconds; with the queue deleted, if nothing failed."""
        if self._closing:
            return
        self._closing = True
        self._loop.call_later(within, self._loop.stop)
        if not self.failure and self._channel is not None and self._channel.is_open:
            self._channel.queue_delete(self._queue, callback=lambda _: self._close())
        else:
            self._close()

    def _close(self) -> None:
        # One that was cut tells its channel of it first, and has nothing to close by then.
        if self._connection.is_open:
            self._connection.close()

    def _closed(self, _connection: Any, reason: BaseException) -> None:
        self._fails(_kind(reason))
        self._closing = True
        self._loop.stop()


def _kind(reason: BaseException) -> str:
    """What failed, in few words: pika wraps the system's reason several times, or has it as text alone."""
    cause: Any = reason
    while isinstance(inner := _inner(cause), BaseException):
        cause = inner
    # Nobody here closes a connection before it is open: its timeout does.
    if isinstance(cause, AMQPConnectorStackTimeout | ConnectionOpenAborted | AMQPHeartbeatTimeout):
        return f"no answer within {TIMEOUT:g} s"
    return "connection reset by peer" if "ConnectionResetError" in str(cause) else kind_of(cause)


def _inner(error: Any) -> object:
    if attempts := getattr(error, "exceptions", ()):
        return attempts[-1]
    return getattr(error, "exception", None) or next(iter(error.args), None)
