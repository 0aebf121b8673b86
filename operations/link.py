"""The connection to a host on which the lock is held.

Only the standard library and cluster/lease.py, for operations/keeper.py.
"""

from __future__ import annotations

import contextlib
import os
import subprocess

from cluster.lease import Lease

LINE = 8192
"""Bytes that a line from a host may have."""
ROOM = 2**22
"""Bytes that may wait for a host that takes nothing."""


class Link:
    """A program that runs on a host for as long as this side speaks to it, `command`; line by line, and never waited
    for."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.lease = Lease()
        self.taken = False
        self.out = bytearray()
        self.heard = bytearray()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        assert self.process.stdin and self.process.stdout
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        os.set_blocking(self.stdin.fileno(), False)
        os.set_blocking(self.stdout.fileno(), False)

    def send(self, line: str) -> None:
        """One line more for the host; lost where too much waits for it already."""
        if len(self.out) < ROOM:
            self.out += line.encode() + b"\n"
            self.flush()

    def flush(self) -> None:
        """Give what waits to the connection, as far as it takes it. Its end is seen where it is read."""
        with contextlib.suppress(OSError, ValueError):
            while self.out and (count := self.stdin.write(self.out)):
                del self.out[:count]

    def lines(self) -> list[str] | None:
        """The lines that came; None at the end of the connection, or of what may be listened to."""
        try:
            chunk = self.stdout.read(65536)
        except OSError:
            return None
        if chunk is None:
            return []
        *lines, rest = (self.heard + chunk).split(b"\n")
        self.heard = rest
        if not chunk or len(rest) > LINE:
            return None
        return [line.decode(errors="replace").strip() for line in lines]

    def close(self) -> None:
        """End its input, by which it ends."""
        with contextlib.suppress(OSError):
            self.stdin.close()
        if not self.taken:
            # There is nothing to be freed on that host, or the end of the connection frees it.
            self.process.kill()
