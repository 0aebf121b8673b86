"""What a host's disk is made of: its own changes, the snapshots below them, what makes it itself, the shared base."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from lab.config import Config
from lab.errors import LabError
from lab.process import replace_file
from lab.topology import Lab

MOST = 16
"""Snapshots that may lie below each other: a mount's options have 4096 bytes at most (mount(2))."""


def snapshots(lab: Lab) -> Path:
    """Where the lab's snapshots are kept: a folder each, in it a folder a host, with its changes."""
    return lab.state / "snapshots"


def stands_on(lab: Lab, host: str) -> str:
    """The snapshot that the host's own changes lie on; empty if on none."""
    path = _note(lab, host)
    return path.read_text().strip() if path.exists() else ""


def hand_over(lab: Lab, host: str, name: str) -> None:
    """The changes of a host without power become those of the snapshot `name`, and it stands on them."""
    home = lab.host_dir(host)
    (home / "upper").rename(snapshots(lab) / name / host)
    stand_on(lab, host, name)


def stand_on(lab: Lab, host: str, name: str) -> None:
    """The host, which has no power, has no changes of its own any longer, and stands on the snapshot `name`."""
    home = lab.host_dir(host)
    shutil.rmtree(home / "upper", ignore_errors=True)
    (home / "upper").mkdir()
    replace_file(_note(lab, host), f"{name}\n")


def options(lab: Lab, host: str, config: Config) -> str:
    """The options of the overlay's mount (mount(8)).

    LabError if a snapshot that the host stands on is not there, or there are too many of them.
    """
    home = lab.host_dir(host)
    below = ":".join(str(path) for path in [*_below(lab, host), home / "seed", config.base])
    return f"lowerdir={below},upperdir={home / 'upper'},workdir={home / 'work'},volatile"


def _below(lab: Lab, host: str) -> list[Path]:
    found: list[Path] = []
    name = stands_on(lab, host)
    while name:
        folder = snapshots(lab) / name
        if not (folder / host).is_dir():
            raise LabError(f"{host} stands on the snapshot {name}, which is gone: `halab reset {host}` begins anew")
        if len(found) == MOST:
            raise LabError(f"more than {MOST} snapshots lie below {host}: load an earlier one, and go on from that")
        found.append(folder / host)
        name = json.loads((folder / "snapshot.json").read_text())["hosts"].get(host, "")
    return found


def _note(lab: Lab, host: str) -> Path:
    return lab.host_dir(host) / "stands_on"
