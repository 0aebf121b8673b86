"""What other operators' machines did: the hosts' copies of the runs' journals, brought to this machine.

Each host that held the lock for a run has a copy of its journal (operations/locking.py): an intent is on a majority of
them before its act. `gather` asks all hosts side by side, keeps what it does not know yet beside this machine's own
journals, and says who could not be asked. A run of another machine goes on while the lock is held by its id.

What a host says is not to be trusted: it is bounded, cleaned, and an event that is none is left out.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from cluster.locked import held_by
from cluster.names import LOCK, RUNS
from cluster.number import real
from cluster.spec import Cluster
from cluster.text import clean
from cluster.wire.journal import Begin, Entries, entry_of
from cluster.wire.lines import line as as_line
from engine.known_runs import read
from engine.paths import held_path, runs_path, team_path
from operations.client import ssh_command

WITHIN = 5.0
"""Seconds in which a host must have answered."""
SOON = 1.0
"""Seconds after which the others are not waited for, once a majority has answered."""
NEWEST = 40
"""Runs that a host is asked for."""
LARGEST = 2**20
"""Bytes of one journal."""
EVENTS = 5000
"""Events of one journal."""
TEXT = 2000
"""Characters of one text in it."""

_NAME = re.compile(r"run ([0-9]{8}-[0-9]{6}-[0-9a-f]{4})[.]jsonl ([0-9]{1,9})", re.ASCII)
_LIST = f"""
if [ -e {LOCK}.holder ] && [ -e {LOCK} ] && ! flock -n {LOCK} true; then
  printf 'held '; head -c 2000 {LOCK}.holder | head -n 1; echo
fi
if cd {RUNS} 2>/dev/null; then
  names=$(ls | grep -E '^[0-9]{{8}}-[0-9]{{6}}-[0-9a-f]{{4}}[.]jsonl$' | sort -r | head -n {NEWEST})
  [ -z "$names" ] || stat -c 'run %n %s' -- $names
fi
echo asked
"""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Who was asked for the team's runs. In words: empty where all answered."""

    asked: int
    of: int
    silent: tuple[str, ...]

    def __str__(self) -> str:
        if not self.silent:
            return ""
        if not self.asked:
            return "No host could be asked: these are the runs that this machine knows."
        away = ", ".join(self.silent)
        return f"{self.asked} of {self.of} hosts could be asked; newer runs, or more of these, may lie on {away}."


def gather(cluster: Cluster) -> Gathered:
    """Bring what this machine does not know yet of the runs on `cluster` to it."""
    listed = _asked(cluster, dict.fromkeys(cluster.hosts, _LIST), 2**16)
    answers = {name: lines for name, lines in listed.items() if lines[-1:] == ["asked"]}
    silent = tuple(name for name in cluster.hosts if name not in answers)
    if len(answers) > len(cluster.hosts) // 2:
        _keep(held_path(cluster.name), _holder(answers, len(cluster.hosts) // 2 + 1).encode())
    largest: dict[str, tuple[int, str]] = {}
    for name, lines in answers.items():
        for line in lines:
            if found := _NAME.fullmatch(line):
                largest[found[1]] = max(largest.get(found[1], (-1, "")), (int(found[2]), name))
    wanted: dict[str, list[str]] = {}
    for run in sorted(largest, reverse=True)[:NEWEST]:
        if not _ended(runs_path(cluster.name) / f"{run}.jsonl") and not _ended(team_path(cluster.name, run)):
            wanted.setdefault(largest[run][1], []).append(run)
    commands = {name: _copies(runs) for name, runs in wanted.items()}
    for name, lines in _asked(cluster, commands, LARGEST * 4).items():
        for run, text in _files(lines).items():
            if run in wanted[name] and (events := journal_of(run, text)):
                _keep(team_path(cluster.name, run), b"".join(map(as_line, events)))
    return Gathered(len(answers), len(cluster.hosts), silent)


def _holder(answers: Mapping[str, Sequence[str]], needed: int) -> str:
    """The run by whose id a majority says that the lock is held; empty if none has it."""
    said = (line.removeprefix("held ") for lines in answers.values() for line in lines if line.startswith("held "))
    most = Counter(held_by(text).run for text in said).most_common(1)
    return most[0][0] if most and most[0][1] >= needed else ""


def _ended(path: Path) -> bool:
    run = read(path)
    return run is not None and run.end is not None


def _copies(runs: Iterable[str]) -> str:
    return f"cd {RUNS} && for run in {' '.join(map(shlex.quote, runs))}; do " + (
        f'echo "file $run"; head -c {LARGEST} -- "$run.jsonl"; echo; done'
    )


def _files(lines: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    into: list[str] = []
    for line in lines:
        if line.startswith("file "):
            into = found.setdefault(line.removeprefix("file "), [])
        else:
            into.append(line)
    return found


def _asked(cluster: Cluster, commands: Mapping[str, str], limit: int) -> dict[str, list[str]]:
    """What each host says, in lines, side by side; nothing of one that does not answer in time."""
    begun = time.monotonic()
    processes = {
        name: subprocess.Popen(
            ssh_command(cluster, name, f"exec bash -c {shlex.quote(command)}"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for name, command in commands.items()
    }
    said: dict[str, list[str]] = {}

    def hear(name: str, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        text = process.stdout.read(limit)
        if not process.stdout.read(1) and process.wait() == 0:
            said[name] = text.decode(errors="replace").split("\n")[:-1]

    # Daemons: whoever leaves meanwhile waits for nobody.
    threads = [threading.Thread(target=hear, args=one, daemon=True) for one in processes.items()]
    for thread in threads:
        thread.start()
    needed = len(cluster.hosts) // 2 + 1
    while any(thread.is_alive() for thread in threads) and (past := time.monotonic() - begun) < WITHIN:
        if past > SOON and needed <= len(said):
            break
        time.sleep(0.02)
    _end(processes.values())
    return dict(said)


def _end(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def journal_of(run: str, lines: Iterable[str]) -> list[Entries]:
    """The events of the journal of `run`, by a host's copy: without what is torn or no event. Empty if none is."""
    events: list[Entries] = []
    for text in lines:
        if len(events) == EVENTS:
            break
        with contextlib.suppress(ValueError, RecursionError, TypeError):
            if (event := entry_of(_safe(json.loads(text)))) is not None:
                events.append(event)
    if not events or not isinstance(begin := events[0], Begin) or begin.run != run:
        return []
    # Of another machine: it is no process here.
    return [replace(begin, pid=0), *(event for event in events[1:] if not isinstance(event, Begin))]


def _safe(said: Any, depth: int = 0) -> Any:
    """The same, with every text harmless and short, every number finite, and so much of it."""
    if depth > 6:
        raise ValueError("it is too deep")
    if isinstance(said, str):
        return clean(said, TEXT)
    if isinstance(said, dict):
        return {clean(key, 100): _safe(value, depth + 1) for key, value in list(said.items())[:100]}
    if isinstance(said, list):
        return [_safe(value, depth + 1) for value in said[:500]]
    if isinstance(said, bool) or said is None:
        return said
    value = real(said, -1e12, 1e12)
    return int(value) if isinstance(said, int) else value


def _keep(path: Path, text: bytes) -> None:
    """On this machine, whole or not at all. What can't be kept was only looked at."""
    new = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.touch(mode=0o600)
        new.write_bytes(text)
        new.replace(path)
