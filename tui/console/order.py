"""A run that is ordered from the console: the engine's plan, the agreement to it, and where its journal is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from cluster.outcome import Outcome
from cluster.text import clean
from cluster.wire.lines import OtherVersion, Reader, line
from cluster.wire.runs import Agreement, Journaled, Said
from tui.act import Ask
from tui.console.feed import LONGEST

Command = Callable[[Ask], Sequence[str]]
"""The command line that begins the engine for what is asked (tui.act.command)."""


class Order:
    """One process of the engine, until it has begun its journal or ended. It needs nobody after that."""

    def __init__(self, command: Command, ask: Ask) -> None:
        self._words = command(ask)
        self._process: asyncio.subprocess.Process | None = None
        self.run = ""
        """The run's id, once it has begun."""
        self.said = ""
        """Its last words on stderr."""

    async def messages(self) -> AsyncIterator[Said]:
        """What the engine tells. Ends when it does, or needs nobody."""
        self._process = process = await asyncio.create_subprocess_exec(
            *self._words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=LONGEST,
        )
        assert process.stdout is not None and process.stderr is not None
        reader: Reader[Said] = Reader(Said)
        try:
            while text := await process.stdout.readline():
                message = reader.read(text)
                if isinstance(message, Journaled):
                    self.run = message.run
                if message is not None:
                    yield message
                if self.run:
                    return
        except OtherVersion as other:
            # Its first line: it has begun nothing.
            process.terminate()
            self.said = str(other)
            return
        except (ValueError, msgspec.DecodeError):
            # It died in the middle of a line, or the line has no end.
            pass
        self.said = clean((await process.stderr.read(4000)).decode(errors="replace"), 600)

    async def agree(self, reason: str) -> None:
        """Say yes to the plan."""
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._process.stdin.write(line(Agreement(agreed=True, reason=reason)))
            await self._process.stdin.drain()

    def leave(self) -> None:
        """Say no, if nothing has begun: the engine then ends by itself. What has begun goes on."""
        if self._process and self._process.stdin:
            self._process.stdin.close()

    def silence(self) -> str:
        """What is to be said when it ended without having begun or said how it ends."""
        return (
            self.said or f"{Outcome.UNKNOWN}: the engine ended without a word. Look at the runs before you try again."
        )
