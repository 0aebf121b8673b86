"""Small servers on loopback that behave as badly as real ones do."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

from pika import frame, spec

GREETING = b"\x01\x00\x00" + struct.pack(">I", 6) + b"\x00\x0a\x00\x0a\x00\x09\xce"
"""The first frame of a broker: Connection.Start, cut down to what a client looks at."""

Behaviour = Callable[[socket.socket], object]


def hang(connection: socket.socket) -> None:
    """Take what comes and never answer."""
    while connection.recv(4096):
        pass


def reset(connection: socket.socket) -> None:
    """End the connection as a host does that knows nothing of it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def saying(answer: bytes, after: float = 0.0) -> Behaviour:
    """Say `answer` to whatever comes, `after` seconds later."""

    def say(connection: socket.socket) -> None:
        connection.recv(8)
        threading.Event().wait(after)
        connection.sendall(answer)
        hang(connection)

    return say


def opened_and_reset(connection: socket.socket) -> None:
    """As a broker that lets a client in, opens its channel, and is gone before it answers what is asked there."""
    connection.recv(8)
    able = {"capabilities": {"publisher_confirms": True, "basic.nack": True}}
    start = spec.Connection.Start(server_properties=able, mechanisms="PLAIN", locales="en_US")
    tune = spec.Connection.Tune(channel_max=10, frame_max=131072, heartbeat=0)
    opened = (frame.Method(0, spec.Connection.OpenOk()), frame.Method(1, spec.Channel.OpenOk()))
    for said in (frame.Method(0, start), frame.Method(0, tune), *opened):
        connection.sendall(said.marshal())
        # Its answer; to what opens the connection, that and the next question may come in one.
        connection.recv(4096)
    reset(connection)


@contextlib.contextmanager
def serving(behaviour: Behaviour, port: int = 0) -> Iterator[int]:
    """A server whose every connection meets `behaviour`; its port. After it the port refuses connections."""
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    open_ones: set[socket.socket] = set()

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            behaviour(connection)
        open_ones.discard(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_ones.add(connection)
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        # shutdown, and not close alone, wakes the thread that waits in accept.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in list(open_ones):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
