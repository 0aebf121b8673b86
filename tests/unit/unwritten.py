"""Runs of three steps whose journal can't be written, each in a process of its own; a line of JSON a run on stdout.

`python -m tests.unit.unwritten HOW`: with the first, second… call of write or fsync failing, until none is left that
could. `… real FILL` on the file system that XDG_STATE_HOME is on: the second step fills it up if FILL is "fill".
"""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from cluster.wire.runs import Ended, Said
from engine import journal as journal_module
from engine import run
from engine.known_runs import read
from engine.paths import journal_path
from engine.runbook import Plan
from operations.procedure import Tell, carry_out
from operations.progress import note
from operations.steps import Refused, Step
from tests.unit.test_health import SPEC
from tests.unit.wired import tag

NAMES = ("a", "b", "c")


class Disk:
    """Stands for the module os in the journal: what is written there fails from the `count`th call on."""

    def __init__(self, how: str, count: int) -> None:
        self.how, self.left, self.failed = how, count, False

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _fails(self) -> bool:
        self.left -= 1
        now = self.left == 0 if self.how == "once" else self.left <= 0
        self.failed = self.failed or now
        return now

    def write(self, file: int, data: bytes) -> int:
        if self._fails():
            if self.how == "short":
                return os.write(file, data[:7])
            if self.how == "torn":
                os.write(file, data[:7])
            raise OSError(errno.EROFS if self.how == "read-only" else errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(file, data)

    def fsync(self, file: int) -> None:
        if self.how != "short" and self._fails():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fsync(file)

    def ftruncate(self, file: int, size: int) -> None:
        if self.how == "read-only":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        os.ftruncate(file, size)


def one(begun: run._Run, fill: bool = False, fails: bool = False) -> dict[str, Any]:
    """Carry it out: what was done, with what was in the journal by then."""
    path = journal_path(SPEC.name, begun.id)
    done: list[str] = []
    bare: list[str] = []

    def step(name: str) -> Step:
        def act() -> None:
            intents = [json.loads(line) for line in path.read_text().splitlines() if '"intent"' in line]
            if name not in [intent["name"] for intent in intents]:
                bare.append(name)
            done.append(name)
            if fill and name == "b":
                with (path.parent / "filler").open("wb", buffering=0) as filler:
                    try:
                        while filler.write(bytes(4096)):
                            pass
                    except OSError:
                        pass
                # More than what is left of the journal's last block.
                note("x" * 8192)
            if fails and name == "c":
                raise Refused("no")

        return Step(name, act, within=0, undo=lambda: done.remove(name))

    def work(tell: Tell) -> Any:
        return carry_out([step(name) for name in NAMES], tell)

    code = begun._journaled(Plan("Move it"), "", work)
    told = read(path)
    return {
        "code": code, "done": done, "bare": bare, "end": told and msgspec.to_builtins(told.end),
        "events": [tag(event) for event in told.events] if told else [],
    }  # fmt: skip


def forked(how: str, count: int, *, fill: bool = False, fails: bool = False) -> dict[str, Any]:
    """A run in a child, with what it said to whoever began it."""
    said_read, said_write = os.pipe()
    result_read, result_write = os.pipe()
    child = os.fork()
    if not child:
        disk = Disk(how, count)
        if how != "real":
            vars(journal_module)["os"] = disk
        order = run.Order(SPEC, Path("inventory.py"), "book", {}, "", yes=True, dry_run=False)
        begun = run._Run(order, os.fdopen(said_write, "w"))
        begun.id = f"20261125-000000-{how}{count}{int(fails)}"
        found = {**one(begun, fill, fails), "failed": disk.failed, "how": how, "count": count}
        os.write(result_write, json.dumps(found).encode())
        os._exit(0)
    os.close(said_write)
    os.close(result_write)
    with os.fdopen(result_read) as result, os.fdopen(said_read) as said:
        found = json.loads(result.read() or '{"died": true}')
        lines = [msgspec.json.decode(line, type=Said) for line in said.read().splitlines()]
    os.waitpid(child, 0)
    return {**found, "said": next((msgspec.to_builtins(line) for line in lines if isinstance(line, Ended)), None)}


def main(how: str, fill: str = "") -> None:
    if how == "real":
        print(json.dumps(forked("real", 0, fill=fill == "fill")))
        return
    # Taking back goes the same way however it is written.
    for fails in (False, True) if how in ("full", "short") else (False,):
        for count in range(1, 60):
            found = forked(how, count, fails=fails)
            print(json.dumps({**found, "fails": fails}))
            if not found.get("failed"):
                break


if __name__ == "__main__":
    main(*sys.argv[1:])
