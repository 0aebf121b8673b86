"""Where reading a recording can begin, so that a moment of it is found without reading all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tui.recording import RecordingError
from tui.recording.folder import segments
from tui.recording.heads import head
from tui.recording.unpack import lines

_APART = 64 << 10
"""Bytes of a file, as it lies on the disk, between two parts."""
_BAD = 1_000_000
"""Lines of a file that may be unreadable."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file: from `place` (see unpack.lines) up to `end`, None: to the file's end.

    `begin`: the time of its first line, seconds since the epoch.
    """

    path: Path
    place: int
    end: int | None
    begin: float


def of_folder(folder: Path) -> list[Part]:
    """A part each segment, in order of time; none if there is no folder. RecordingError if it can't be read."""
    try:
        return [Part(one.path, 0, None, one.begin) for one in segments(folder)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordingError(f"{folder} can't be read: {error.strerror}.") from None


def of_file(path: Path) -> list[Part]:
    """A part each member of a gzip file that is long enough, in order of time; all of the file is read for it.

    RecordingError if it can't be read, or is hardly a recording.
    """
    begins: list[tuple[int, float]] = []
    bad = 0
    for place, line in lines(path):
        found = head(line) if line is not None else None
        if found is None:
            bad += 1
            if bad > _BAD:
                raise RecordingError(f"{path} is no recording: more than {_BAD:,} lines of it can't be read.")
        elif not begins or place >= begins[-1][0] + _APART:
            begins.append((place, found.at))
    ends = [place for place, _ in begins[1:]]
    parts = [Part(path, place, end, at) for (place, at), end in zip(begins, [*ends, None], strict=False)]
    return sorted(parts, key=lambda part: part.begin)
