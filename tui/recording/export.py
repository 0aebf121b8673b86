"""A stretch of a recording as one file, to be handed to a colleague."""

from __future__ import annotations

import os
from pathlib import Path

from cluster.wire.lines import FIRST, line
from tui.recording import RecordingError
from tui.recording.moment import OutOfSpan, moment, shown
from tui.recording.pack import Pack
from tui.recording.read import Recording
from tui.recording.store import SEGMENT_TIME


def stretch(recording: Recording, begin: str, end: str) -> tuple[float, float]:
    """The moments that a person asked for; empty: where the recording begins and ends. RecordingError if not in it."""
    first, last = recording.span()
    since = moment(begin, (first, last)) if begin else first
    if not end:
        return since, last
    # "--from 23:50 --to 00:10" is one stretch, so the end is looked for after its begin.
    try:
        return since, moment(end, (since, last))
    except OutOfSpan:
        late = f"{end} does not come after {shown(since)} in the recording, which ends at {shown(last)}."
        raise RecordingError(f"{late} Give the date of both, if another day is meant.") from None


def save(recording: Recording, path: Path, since: float, until: float) -> int:
    """Write what was so at `since`, and all lines after it up to `until`, to a new file of mode 0600; its bytes.

    It is gzip with a member each ten minutes, so that a reader finds a moment without unpacking all. RecordingError if
    it can't be written, or is there already.
    """
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise RecordingError(f"{path} is there already: nothing was written.") from None
    except OSError as error:
        raise RecordingError(f"{path} can't be written: {error.strerror}.") from None
    try:
        return _write(recording, file, since, until)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise RecordingError(f"{path} can't be written: {error.strerror}. It was taken away again.") from None
        raise
    finally:
        os.close(file)


def _write(recording: Recording, file: int, since: float, until: float) -> int:
    pack, begun, size = Pack(file), since, 0
    pack.add(FIRST)
    pack.add(line(recording.at(since).snapshot))
    for at, told in recording.lines(since):
        if at > until:
            break
        if at - begun >= SEGMENT_TIME:
            pack.finish()
            size += pack.size
            pack, begun = Pack(file), at
        pack.add(told + b"\n")
    pack.finish()
    return size + pack.size
