"""A service of which nothing is known but its port: connections that come about, and one that stays open."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from engine.probes.felt import TIMEOUT, kind_of
from engine.probes.stream import AGAIN, BEAT, Stream

GLANCE = 0.1
"""Seconds in which a balancer without a server for it ends a connection again."""


def reach(host: str, port: int) -> Callable[[], str]:
    """An attempt that connects. One that is ended at once, without a word, has reached no server."""

    def attempt() -> str:
        with socket.create_connection((host, port), TIMEOUT) as connection:
            _still_open(connection, GLANCE)
        return ""

    return attempt


def _still_open(connection: socket.socket, within: float) -> None:
    """Listen for so many seconds. ConnectionError if the connection is ended meanwhile."""
    connection.settimeout(within)
    try:
        if not connection.recv(4096):
            raise ConnectionResetError("ended by the other side")
    except TimeoutError:
        # Who has nothing to say is there all the same.
        return


class TcpStream(Stream):
    """One connection over which nothing is said."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self._to = (host, port)

    def _run(self) -> None:
        while not self._stop.is_set():
            is_open = False
            try:
                with socket.create_connection(self._to, TIMEOUT) as connection:
                    while not self._stop.is_set():
                        _still_open(connection, BEAT)
                        is_open = True
                        self.heard.beat(time.monotonic())
            except Exception as error:
                self.heard.broke(kind_of(error), was_open=is_open)
                self._stop.wait(AGAIN)
