"""How long the console takes to its first screen and its first data: on the lab, in a terminal of 80 columns."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

from bench.main_job import ROOT, fault
from bench.report import Figure

_SIGNS: Sequence[bytes] = (b"not seen yet", b"NODES")
"""What is on the first screen, and in the heading of the rows, which are of data."""
_WITHIN = 20.0


def started() -> list[float]:
    """Seconds from the command to each of _SIGNS. A file that is read, and no program that looks again and again: that
    would cost what is measured."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    begun = time.monotonic()
    console = subprocess.Popen(
        [str(Path(sys.executable).parent / "hatui"), "--read-only"],
        cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env=environment | {"TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    said = b""
    found: list[float] = []
    try:
        while len(found) < len(_SIGNS):
            left = begun + _WITHIN - time.monotonic()
            if left <= 0 or not select.select([ours], [], [], left)[0]:
                raise TimeoutError(f"the console did not show {_SIGNS[len(found)]!r} within {_WITHIN:g} s")
            said += os.read(ours, 65536)
            while len(found) < len(_SIGNS) and _SIGNS[len(found)] in said:
                found.append(time.monotonic() - begun)
    finally:
        console.terminate()
        console.wait(10)
        os.close(ours)
    return found


def _several(runs: int) -> list[list[float]]:
    """Starts with a pause between them, so that the former observer's connections are gone."""
    times = []
    for _ in range(runs):
        times.append(started())
        time.sleep(2)
    return times


def starts(runs: int = 10) -> list[Figure]:
    """Healthy, then with mysql2 without power, which it gets back."""
    times = _several(runs)
    with fault("power", "mysql2"):
        missing = _several(3)
    return [
        Figure("console: from the command to the first screen", tuple(one[0] for one in times), "s", 0.6),
        Figure("console: from the command to the first data", tuple(one[1] for one in times), "s", 1.5),
        Figure("the same, one host without power", tuple(one[1] for one in missing), "s", 1.5),
    ]
