"""The engine as a process of its own: what it prints is read as lines of JSON."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from cluster.health import LayerHealth, Verdict


class EngineError(Exception):
    """The engine gave no answer; the text says why, as it said it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a look found (engine/look.py): times in seconds, `state` the records as plain data."""

    cluster: str
    at: float
    took: float
    verdict: Verdict
    layers: tuple[LayerHealth, ...]
    state: dict[str, Any]


class Look:
    """A look that has begun; what is slow to import can be imported meanwhile."""

    def __init__(self, inventory: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine", "look", "--inventory", str(inventory)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def line(self) -> bytes:
        """The snapshot as it was printed, one line of JSON. EngineError if there is none."""
        printed, said = self._process.communicate()
        if self._process.returncode != 0 or not printed:
            reason = said.decode(errors="replace").strip()
            raise EngineError(reason or f"The engine ended with {self._process.returncode} and without a word.")
        return printed


def snapshot(line: bytes) -> Snapshot:
    """A line of the engine as a snapshot."""
    return msgspec.json.decode(line, type=Snapshot)
