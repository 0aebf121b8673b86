"""Processes that outlive a command: remembered by pid and start time, so that a reused pid is never killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError


@dataclass(frozen=True, slots=True)
class Process:
    """A process, named for good: `started` is field 22 of /proc/PID/stat, in clock ticks since boot (proc(5))."""

    pid: int
    started: int

    def alive(self) -> bool:
        """Whether it runs; a zombie does not."""
        return _stat(self.pid) == (self.started, True)

    def kill(self, deadline: float = 10.0) -> None:
        """SIGKILL it and wait until it is gone; LabError after `deadline` seconds."""
        if not self.alive():
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.wait_gone(deadline)

    def wait_gone(self, deadline: float) -> None:
        end = time.monotonic() + deadline
        while self.alive():
            if time.monotonic() > end:
                raise LabError(f"process {self.pid} is still there {deadline:g} s after it was killed")
            time.sleep(0.01)

    def save(self, path: Path) -> None:
        replace_file(path, json.dumps({"pid": self.pid, "started": self.started}))


def identify(pid: int) -> Process | None:
    """The process that has `pid` now, or None."""
    found = _stat(pid)
    return Process(pid, found[0]) if found and found[1] else None


def load(path: Path) -> Process | None:
    """The process remembered in `path`, if it still runs."""
    try:
        noted = json.loads(path.read_text())
        process = Process(int(noted["pid"]), int(noted["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return process if process.alive() else None


def children(parent: Process) -> list[Process]:
    """The children of `parent`, from a look through /proc."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(int(entry.name)) == parent.pid:
            child = identify(int(entry.name))
            if child:
                found.append(child)
    return found


def replace_file(path: Path, text: str, mode: int = 0o644) -> None:
    """Write `text` to `path` at once, born with `mode`: nobody ever reads half of it."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w") as out:
        out.write(text)
    new.chmod(mode)
    new.replace(path)


def _fields(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the name in brackets, and a name may hold blanks and brackets.
    return text[text.rindex(")") + 2 :].split()


def _stat(pid: int) -> tuple[int, bool] | None:
    fields = _fields(pid)
    return (int(fields[19]), fields[0] not in "ZX") if fields else None


def _parent(pid: int) -> int | None:
    fields = _fields(pid)
    return int(fields[1]) if fields else None
