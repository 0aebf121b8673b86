"""A service of HTTP as a client meets it: a new connection with one request, and one that stays open."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPConnection

from engine.probes.felt import TIMEOUT, kind_of
from engine.probes.stream import AGAIN, BEAT, Stream


def get(host: str, port: int, path: str) -> Callable[[], str]:
    """An attempt that asks for `path` over a new connection. An answer of 500 and more is a failure."""

    def attempt() -> str:
        connection = HTTPConnection(host, port, timeout=TIMEOUT)
        try:
            asked(connection, path)
        finally:
            connection.close()
        return ""

    return attempt


def asked(connection: HTTPConnection, path: str) -> bool:
    """Ask for `path`; whether the connection may be used again. ConnectionError for an answer of 500 and more."""
    connection.request("GET", path, headers={"User-Agent": "hatui-probe"})
    answer = connection.getresponse()
    answer.read()
    if answer.status >= 500:
        raise ConnectionError(f"HTTP {answer.status}")
    return not answer.will_close


class HttpStream(Stream):
    """One connection that asks all the time. One that the server ends in good order is opened again, and no cut."""

    def __init__(self, host: str, port: int, path: str, pause: float = BEAT) -> None:
        super().__init__()
        self._to = (host, port)
        self._path = path
        self._pause = pause

    def _run(self) -> None:
        while not self._stop.is_set():
            is_open = False
            connection = HTTPConnection(*self._to, timeout=TIMEOUT)
            try:
                again = True
                while again and not self._stop.is_set():
                    again = asked(connection, self._path)
                    is_open = True
                    self.heard.beat(time.monotonic())
                    self._stop.wait(self._pause)
            except Exception as error:
                self.heard.broke(kind_of(error), was_open=is_open)
                self._stop.wait(AGAIN)
            finally:
                connection.close()
