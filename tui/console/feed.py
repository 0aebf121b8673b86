"""What is so now: the observer as a process of its own, begun again when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cluster.text import clean
from cluster.wire.lines import OtherVersion, begins
from engine.start import own

FRESH = 3.0
"""Seconds without a snapshot after which what is shown counts as unknown (the engine tells one a second)."""
LONGEST = 16 << 20
"""Bytes of a line; a stream that has a longer one is cut off."""
_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds until the observer is begun again; the last one again and again."""
_WELL = 30.0
"""Seconds after which a stream that ends had gone well: the pauses begin again."""
_SAID = 2000
"""Bytes of its last words that are kept."""

Take = Callable[[bytes], None]
"""Is given each line."""
Silent = Callable[[str], None]
"""Is told, in a sentence, why no lines come for now."""


class Source(Protocol):
    """Where lines come from: Live, or tui.console.player.Player. `replay`: how it is played; empty for what is now."""

    @property
    def replay(self) -> str: ...

    @property
    def fresh(self) -> float:
        """Seconds for which a snapshot says what is so."""
        ...

    def now(self) -> float: ...

    def wall(self) -> float: ...

    async def run(self, take: Take, silent: Silent) -> None: ...

    def close(self) -> None: ...


def begin(inventory: Path) -> subprocess.Popen[bytes]:
    """The observer's process, which looks while what is slow to import is imported."""
    return subprocess.Popen(
        own("engine", "watch", "--inventory", str(inventory)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # What a terminal sends to all that run in it is for the console alone.
        start_new_session=True,
    )


class Live:
    """The stream of the observer. Its clock is this machine's."""

    replay = ""
    fresh = FRESH

    def __init__(self, inventory: Path, process: subprocess.Popen[bytes] | None = None) -> None:
        self._inventory = inventory
        self._process = process

    def now(self) -> float:
        """Seconds; goes on evenly, and while this machine sleeps too: what was unlocked or seen before is that old."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def run(self, take: Take, silent: Silent) -> None:
        """Give every line to `take`, without end."""
        tries = 0
        while True:
            process = self._process or begin(self._inventory)
            self._process = process
            begun = time.monotonic()
            try:
                said = await self._read(process, take)
            finally:
                self.close()
            tries = 0 if time.monotonic() - begun > _WELL else tries
            pause = _PAUSES[min(tries, len(_PAUSES) - 1)]
            silent(f"{said} It is begun again in {pause:.0f} s.")
            tries += 1
            await asyncio.sleep(pause)

    async def _read(self, process: subprocess.Popen[bytes], take: Take) -> str:
        """All lines of one process after its first, which says the version; why it ended."""
        assert process.stdout is not None and process.stderr is not None
        lines, errors = await _reader(process.stdout), await _reader(process.stderr)
        last_words = asyncio.ensure_future(_tail(errors))
        try:
            if first := await lines.readline():
                begins(first)
            while line := await lines.readline():
                take(line)
        except OtherVersion as other:
            last_words.cancel()
            return str(other)
        except ValueError:
            last_words.cancel()
            return f"The observer told a line of more than {LONGEST >> 20} MiB, and was cut off."
        said = clean((await last_words).decode(errors="replace"), 400)
        return said or "The observer ended without a word."

    def close(self) -> None:
        """End the observer, and with it its connections."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError):
                process.terminate()
            # Nobody waits for it: it ends its connections by itself.
            process.poll()


async def _reader(pipe: object) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=LONGEST)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


async def _tail(reader: asyncio.StreamReader) -> bytes:
    """The last bytes until the end."""
    kept = b""
    while part := await reader.read(4096):
        kept = (kept + part)[-_SAID:]
    return kept
