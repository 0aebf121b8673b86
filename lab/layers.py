"""What a host's disk is made of: its own changes, the snapshots below them, what makes it itself, the cached trees."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.config import Config
from lab.errors import LabError
from lab.process import replace_file
from lab.topology import Lab

MOST = 16
"""Snapshots that may lie below each other: a mount's options have 4096 bytes at most (mount(2))."""


@dataclass(frozen=True, slots=True)
class Saved:
    """`hosts` that were there, to the snapshot that each stood on (empty: on none); `on`: those that had power.

    `at`: seconds since the epoch.
    """

    name: str
    at: float
    hosts: dict[str, str]
    on: list[str]


def note(folder: Path, taken: Saved) -> None:
    """Write down in `folder` what `read` reads."""
    replace_file(folder / "snapshot.json", json.dumps({"at": taken.at, "hosts": taken.hosts, "on": taken.on}))


def read(folder: Path) -> Saved:
    """The snapshot that is kept in `folder`. LabError if its note can't be read."""
    path = folder / "snapshot.json"
    try:
        noted = json.loads(path.read_text())
        return Saved(folder.name, float(noted["at"]), dict(noted["hosts"]), list(noted["on"]))
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise LabError(f"{path} can't be read ({why}); remove {folder} by hand") from why


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
    below = ":".join(str(path) for path in [*_below(lab, host), home / "seed", *config.below(host)])
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
        name = read(folder).hosts.get(host, "")
    return found


def _note(lab: Lab, host: str) -> Path:
    return lab.host_dir(host) / "stands_on"
