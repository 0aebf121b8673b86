"""The engine as a process of its own: what it prints is read as lines of JSON."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import msgspec

from cluster.health import LayerHealth, Verdict
from engine.start import own


class EngineError(Exception):
    """The engine gave no answer; the text says why, as it said it, and `code` is its exit code."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.code = code


class Where(msgspec.Struct, frozen=True):
    """Where something of the whole cluster is (cluster/picture.py), such as the writer or the owner of a VIP."""

    layer: str
    name: str
    value: str
    vip: str = ""
    """The VIP whose owner this is."""
    holders: tuple[str, ...] = ()
    """The hosts that `value` names, of a VIP or of the writer."""


class Gate(msgspec.Struct, frozen=True):
    """What has to be so before anything may be taken out of the cluster, and what is so (cluster/gates/rest.py)."""

    name: str
    need: str
    now: str
    open: bool


class Holder(msgspec.Struct, frozen=True):
    """Who holds the cluster's lock; `since` in seconds since the epoch."""

    run: str
    who: str
    since: float
    why: str


class Lock(msgspec.Struct, frozen=True):
    """The cluster's lock (cluster/locked.py): `held` is None where too few hosts answer to tell."""

    held: bool | None
    by: Holder | None = None


class Snapshot(msgspec.Struct, frozen=True, tag_field="kind", tag="snapshot"):
    """What a look found (engine/look.py): times in seconds, `state` the records as plain data.

    `took` is a single look's; the observer's snapshots (engine/observe/news.py) have `ages` instead: layer to host to
    seconds since it was seen, None if it never was.
    """

    cluster: str
    at: float
    verdict: Verdict
    layers: tuple[LayerHealth, ...]
    state: dict[str, Any]
    took: float | None = None
    ages: dict[str, dict[str, float | None]] = {}
    where: tuple[Where, ...] = ()
    gates: tuple[Gate, ...] = ()
    lock: Lock = Lock(None)
    complete: bool = True
    """False: the observer has begun, and some host has not answered yet."""


class Event(msgspec.Struct, frozen=True, tag_field="kind", tag="event"):
    """A change that the observer saw (engine/observe/news.py). `host` is empty where it is about a whole layer."""

    at: float
    layer: str
    host: str
    verdict: Verdict
    text: str


Told = Snapshot | Event
"""A line of the observer's stream."""


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
        """The snapshot as it was printed, one line of JSON. EngineError if there is none."""
        printed, said = self._process.communicate()
        if self._process.returncode != 0 or not printed:
            reason = said.decode(errors="replace").strip()
            code = self._process.returncode
            raise EngineError(reason or f"The engine ended with {code} and without a word.", code)
        return printed


def snapshot(line: bytes) -> Snapshot:
    """A line of the engine as a snapshot."""
    return msgspec.json.decode(line, type=Snapshot)


def told(line: bytes) -> Told:
    """A line of the observer's stream."""
    return msgspec.json.decode(line, type=Told)  # type: ignore[no-any-return]
