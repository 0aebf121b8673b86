"""The engine as a process of its own: what it prints is read as lines of JSON."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cluster.exits import UNTOLD
from cluster.wire.lines import OtherVersion, begins
from engine.start import own


class EngineError(Exception):
    """The engine gave no answer; the text says why, as it said it, and `code` is its exit code."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.code = code


class Look:
    """A look that has begun; what is slow to import can be imported meanwhile."""

    def __init__(self, inventory: Path, timeout: float | None = None) -> None:
        limit = ["--timeout", str(timeout)] if timeout else []
        self._process = subprocess.Popen(
            own("engine", "look", "--inventory", str(inventory), *limit),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def line(self) -> bytes:
        """The snapshot as it was printed, one line of JSON. EngineError if there is none that this program can read."""
        printed, said = self._process.communicate()
        if self._process.returncode != 0 or not printed:
            reason = said.decode(errors="replace").strip()
            code = self._process.returncode
            raise EngineError(reason or f"The engine ended with {code} and without a word.", code)
        first, _, snapshot = printed.partition(b"\n")
        try:
            begins(first)
        except OtherVersion as other:
            raise EngineError(str(other), UNTOLD) from None
        return snapshot
