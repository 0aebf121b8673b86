"""A module of the lab's own as a process that outlives the command which starts it, and says when it is ready."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from lab import cgroup, network, process
from lab.topology import Lab


def begin(
    lab: Lab, member: str, words: Sequence[str], *, log: IO[str], note: Path, within: float, inside: bool = False
) -> bool:
    """Start `python -m WORDS… FD` in the control group `member`; whether it wrote a byte to FD within so many seconds.

    Which process it is is written to `note` (lab.process). `inside` the lab's network, or on this machine's own.
    """
    ready, report = socket.socketpair()
    with ready:
        with report:
            command = [sys.executable, "-m", *words, str(report.fileno())]
            started = subprocess.Popen(
                network.inside(lab, command) if inside else command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=network.environment({"PYTHONPATH": str(Path(__file__).resolve().parents[1])}),
                cwd="/",
                pass_fds=[report.fileno()],
                start_new_session=True,
            )
        found = process.identify(started.pid)
        if found:
            found.save(note)
            cgroup.join(lab, member, found.pid)
        ready.settimeout(within)
        try:
            answer = ready.recv(1)
        except TimeoutError:
            answer = b""
    return found is not None and bool(answer)
