"""The observer's door: who asks on this machine is told what is so, over connections that are open already.

A Unix socket beside the cluster's recordings, mode 0600. The client says which inventory it means; the observer says
at once in which version of the wire it speaks, then one snapshot, as a look tells it (engine/look.py), of which every
answer was asked for after the client had asked. A client that gets none, or one of another version, looks itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from cluster.spec import Cluster
from cluster.wire.lines import FIRST, line
from cluster.wire.observed import Snapshot
from engine.look import HELD_UP, WITHIN
from engine.paths import state_path

_ACCEPTS = 1.0
"""Seconds in which the observer must say its first line: one that is frozen does not."""
_ANSWERS = WITHIN + HELD_UP + 2
"""Seconds in which its snapshot must come: a host that does not answer is waited for as in a look."""
_LONGEST = 16 << 20
"""Bytes that a snapshot may have."""


def asked(cluster: Cluster) -> bytes | None:
    """The snapshot of an observer of this machine, a line; None if there is none that watches this very inventory."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.settimeout(_ACCEPTS)
            with _folder(cluster) as folder:
                client.connect(f"{folder}/observer")
            client.sendall(_of(cluster))
            answer = client.makefile("rb")
            if answer.readline(len(FIRST)) != FIRST:
                return None
            client.settimeout(_ANSWERS)
            told = answer.readline(_LONGEST)
        except OSError:
            return None
    return told if told.endswith(b"\n") else None


@asynccontextmanager
async def opened(cluster: Cluster, look: Callable[[], Awaitable[Snapshot]]) -> AsyncIterator[None]:
    """Let others ask, meanwhile. Of several observers the last one is asked; where no socket can be made, none is."""
    known = _of(cluster)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, TimeoutError):
            async with asyncio.timeout(_ACCEPTS):
                wanted = await reader.readline()
            if wanted == known:
                writer.write(FIRST)
                writer.write(line(await look()))
                async with asyncio.timeout(_ANSWERS):
                    await writer.drain()
        writer.close()

    with contextlib.ExitStack() as held:
        try:
            server = await asyncio.start_unix_server(answer, sock=_listening(cluster, held))
        except OSError:
            yield
            return
        async with server:
            yield


def _listening(cluster: Cluster, held: contextlib.ExitStack) -> socket.socket:
    """The socket, in place of a former observer's; its name goes with `held`."""
    state_path(cluster.name).mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = held.enter_context(_folder(cluster))
    own, name = Path(folder, f"observer.{os.getpid()}"), Path(folder, "observer")
    with contextlib.suppress(FileNotFoundError):
        own.unlink()
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(str(own))
        own.chmod(0o600)
        made = own.stat().st_ino
        own.replace(name)
        listening.listen()
    except OSError:
        listening.close()
        raise
    held.callback(_unmake, name, made)
    return listening


def _unmake(name: Path, made: int) -> None:
    with contextlib.suppress(OSError):
        if name.stat().st_ino == made:
            name.unlink()


@contextlib.contextmanager
def _folder(cluster: Cluster) -> Iterator[str]:
    """The path of the folder for sockets, short whatever its own is: a socket's has 107 bytes at most (unix(7))."""
    number = os.open(state_path(cluster.name), os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{number}"
    finally:
        os.close(number)


def _of(cluster: Cluster) -> bytes:
    """What stands for the inventory: another one has other hosts, or judges them otherwise."""
    return hashlib.sha256(msgspec.json.encode(cluster)).hexdigest().encode() + b"\n"
