"""A program on a host, over OpenSSH's own client: one connection, answers in frames, sizes bounded.

OpenSSH and not pyinfra's connector: a host that hangs can't hold the others up, what a person has in ssh_config(5)
counts (jump hosts, agents), and no State of pyinfra's is needed to look.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import signal
from collections.abc import AsyncIterator, Iterable, Mapping

from cluster.spec import Cluster
from cluster.text import clean
from engine.frames import Frame, Frames, Garbled
from engine.own import waited
from engine.script import START, compose
from facts.hints import Hints
from operations.client import ssh_command

FLOOD = 8 * 2**20
"""Bytes that a host may say within a second."""
_UNREACHED = 255
"""ssh(1): its own failure, not the command's."""


class Broken(Exception):
    """A connection has ended, or never began; the text is a sentence without the host's name. `alike`: as Unknown's."""

    def __init__(self, reason: str, alike: str = "") -> None:
        super().__init__(reason)
        self.alike = alike


class Line:
    """A connection to a host whose program waits to be asked for sections."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waited = waited(os.getpid())
        self._mark = secrets.token_hex(8)
        self._frames = Frames(self._mark)
        assert process.stderr is not None
        self._errors = asyncio.ensure_future(process.stderr.read(4096))

    @classmethod
    async def begin(cls, cluster: Cluster, name: str) -> Line:
        """Start a client that connects."""
        process = await asyncio.create_subprocess_exec(
            *ssh_command(cluster, name, START),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # A group of its own, so that what it started (ProxyCommand) ends with it.
            start_new_session=True,
        )
        return cls(process)

    def teach(self, sections: Mapping[str, str], hints: Mapping[str, Hints] | None = None) -> None:
        """Send the program. With `hints` the host tells by itself when one changes, and once a second that it is."""
        self._write(compose(self._mark, sections, hints or {}, stays=hints is not None))

    def ask(self, names: Iterable[str]) -> None:
        """Have these sections run, side by side; none: have a beat."""
        self._write(f"{' '.join(names)}\n".encode())

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        # That the connection has ended is told by `frames`.
        with contextlib.suppress(OSError):
            self._process.stdin.write(data)

    async def frames(self) -> AsyncIterator[Frame]:
        """What the host says. Ends with Broken, when the connection does or when the host says what it must not."""
        assert self._process.stdout is not None
        clock = asyncio.get_running_loop().time
        since, heard = clock(), 0
        while chunk := await self._process.stdout.read(65536):
            if clock() - since > 1:
                since, heard = clock(), 0
            heard += len(chunk)
            if heard > FLOOD:
                raise Broken(f"said more than {FLOOD} bytes within a second and was not listened to any longer")
            try:
                for frame in self._frames.feed(chunk):
                    yield frame
            except Garbled as error:
                raise Broken(str(error)) from error
        last = _last_line(await self._errors)
        if await self._process.wait() == _UNREACHED:
            raise Broken(f"can't be reached: {last or 'ssh ended without a word'}")
        raise Broken(f"broke off{last and f': {last}'}")

    def waited(self) -> float:
        """Seconds for which the client, and this process since it began it, were ready to run and got no processor."""
        return waited(self._process.pid) + waited(os.getpid()) - self._waited

    async def end(self) -> None:
        """End the client and all that it started. What runs on the host ends when it sees that (within its tick)."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        # asyncio waits for the ends of its pipes too, and reads none of one that has said too much at once: for ever.
        # They are closed one by one: to close the whole takes the exit code away from asyncio's own thread that waits
        # for it, which then tells of an "Unknown child process".
        transport = self._process._transport  # type: ignore[attr-defined]
        for pipe in filter(None, map(transport.get_pipe_transport, (0, 1, 2))):
            if not pipe.is_closing():
                pipe.abort() if isinstance(pipe, asyncio.WriteTransport) else pipe.close()
        await self._process.wait()
        self._errors.cancel()


def _last_line(said: bytes) -> str:
    """Without where ssh connects to: that is the host's address, and the screen has better use for the room."""
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    return re.sub(r"^ssh: connect to host \S+ port \d+: ", "", clean(lines[-1], 160)) if lines else ""
