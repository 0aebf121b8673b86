"""A way to a service that a test can cut and close, so that faults are felt without a fault in the lab."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self


class Proxy:
    """Passes on what comes to `port` of loopback, while its context is open and it is not shut."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self._target = (host, port)
        self._open: set[asyncio.StreamWriter] = set()
        self._shut = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def shut(self) -> None:
        """Cut what is open, and whatever comes."""

        async def shut() -> None:
            self._shut = True
            for writer in self._open:
                writer.transport.abort()

        asyncio.run_coroutine_threadsafe(shut(), self._loop).result(5)

    def reopen(self) -> None:
        """Pass on again."""
        self._shut = False

    def freeze(self, seconds: float) -> None:
        """Pass nothing on for `seconds`, and let connections be made all the same. Returns at once."""
        self._loop.call_soon_threadsafe(time.sleep, seconds)

    async def _listen(self) -> int:
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, backlog=1024)
        return int(server.sockets[0].getsockname()[1])

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._shut:
            writer.transport.abort()
            return
        with suppress(OSError):
            there, back = await asyncio.open_connection(*self._target)
            self._open |= {writer, back}
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
            self._open -= {writer, back}
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while said := await reader.read(65536):
            writer.write(said)
            await writer.drain()
    writer.close()
