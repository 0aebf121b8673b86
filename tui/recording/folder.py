"""Where a cluster's recordings lie: a folder of segments, each named by when it begins."""

from __future__ import annotations

import re
import time
from calendar import timegm
from dataclasses import dataclass
from pathlib import Path

from engine.paths import state_path

_NAME = re.compile(r"(\d{8}T\d{6})\.(\d{3})Z\.jsonl\.gz", re.ASCII)
_FORM = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of the folder; `begin` in seconds since the epoch, to a thousandth."""

    path: Path
    begin: float


def folder_of(cluster: str) -> Path:
    """Where the recordings of the cluster of that name are kept."""
    return state_path(cluster) / "recordings"


def segment(folder: Path, at: float) -> Segment:
    """The segment that begins at `at`: such as 20261125T021400.250Z.jsonl.gz, in UTC so that names sort by time."""
    thousandths = int(at * 1000)
    name = f"{time.strftime(_FORM, time.gmtime(thousandths // 1000))}.{thousandths % 1000:03}Z.jsonl.gz"
    return Segment(folder / name, thousandths / 1000)


def segments(folder: Path) -> list[Segment]:
    """What lies in the folder, in order of time; what has another name is not hatui's. OSError if it can't be read."""
    found = []
    for path in folder.iterdir():
        if match := _NAME.fullmatch(path.name):
            try:
                second = timegm(time.strptime(match[1], _FORM))
            except ValueError:
                continue
            found.append(Segment(path, second + int(match[2]) / 1000))
    return sorted(found, key=lambda one: one.begin)


def prune(folder: Path, now: float, *, age: float, size: int) -> None:
    """Delete the oldest segments: those that ended more than `age` seconds before `now`, and what exceeds `size` bytes.

    Those from after `now` go before the oldest: some clock was wrong, and nothing would ever be older than them.
    """
    kept = segments(folder)
    past = [one for one in kept if one.begin <= now]
    ends = [one.begin for one in past[1:]]
    old = {one.path for one, end in zip(past, ends, strict=False) if end < now - age}
    sizes = {one.path: one.path.stat().st_size for one in kept}
    total = sum(sizes[path] for path in sizes if path not in old)
    for one in (*(one for one in kept if one.begin > now), *past):
        if one.path not in old and total > size:
            old.add(one.path)
            total -= sizes[one.path]
    for path in old:
        path.unlink(missing_ok=True)
