"""The faults that are made now, and when each has to end: a note each, written before the fault begins."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import cgroup, process
from lab.cache import key, locked
from lab.topology import Lab

Value = str | int | bool | None
"""What an option of a fault may be."""


@dataclass(frozen=True, slots=True)
class Case:
    """A fault on some hosts.

    `aim`: the options that are part of what is hit. `until`: time.monotonic(), the same clock for all processes.
    `unseen`: the hosts that the machine does not reach meanwhile.
    """

    fault: str
    hosts: tuple[str, ...]
    options: Mapping[str, Value]
    aim: Mapping[str, Value]
    unseen: tuple[str, ...]
    until: float

    @property
    def id(self) -> str:
        """The same for the same fault on the same; fit for a file and for nft(8)."""
        return "-".join([self.fault, *self.hosts, *([key(self.aim)[:6]] if self.aim else [])])

    @property
    def host(self) -> str:
        """The host of a fault that each host has for itself."""
        return self.hosts[0]

    @property
    def left(self) -> float:
        """Seconds until it heals by itself."""
        return max(0.0, self.until - time.monotonic())

    def __str__(self) -> str:
        said = [word if value is True else f"{word} {value}" for word, value in self.options.items() if value]
        return " ".join([self.fault, *self.hosts, *(f"--{word}" for word in said)])

    def as_json(self) -> dict[str, object]:
        return {
            "fault": self.fault,
            "hosts": list(self.hosts),
            "options": self.options,
            "heals_in": round(self.left, 1),
        }


def folder(lab: Lab) -> Path:
    return lab.state / "faults"


def lock(lab: Lab, case_id: str) -> AbstractContextManager[None]:
    """Whoever makes or heals it holds this: a person, a test and its healer may want to at the same time."""
    return locked(lab.state / "locks" / f"fault-{case_id}")


def save(lab: Lab, case: Case) -> None:
    folder(lab).mkdir(parents=True, exist_ok=True)
    process.replace_file(_note(lab, case.id), json.dumps(asdict(case)))


def load(lab: Lab, case_id: str) -> Case | None:
    """The case of that id, or None if there is none (any longer)."""
    try:
        noted = json.loads(_note(lab, case_id).read_text())
        return Case(**{**noted, "hosts": tuple(noted["hosts"]), "unseen": tuple(noted["unseen"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def found(lab: Lab) -> list[Case]:
    """All cases, by name."""
    loaded = [load(lab, path.stem) for path in sorted(folder(lab).glob("*.json"))]
    return [case for case in loaded if case]


def unseen(lab: Lab) -> set[str]:
    """The hosts that the machine can't speak with, for a fault."""
    return {host for case in found(lab) for host in case.unseen}


def healer(lab: Lab, case_id: str) -> Path:
    """Where the process is remembered that heals the case in time."""
    return folder(lab) / f"{case_id}.pid"


def forget(lab: Lab, case_id: str) -> None:
    """It is healed: there is no note of it any longer."""
    for path in (_note(lab, case_id), healer(lab, case_id)):
        path.unlink(missing_ok=True)


def forget_all(lab: Lab) -> None:
    """What was made is gone with the hosts and the network: no healer and no note stays."""
    for path in folder(lab).glob("*.pid"):
        if left := process.load(path):
            left.kill()
    for path in folder(lab).glob("*"):
        path.unlink(missing_ok=True)
    if folder(lab).exists():
        folder(lab).rmdir()
    cgroup.remove_member(lab, "faults")


def _note(lab: Lab, case_id: str) -> Path:
    return folder(lab) / f"{case_id}.json"
