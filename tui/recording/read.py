"""A recording: what was so at a moment of it, and what came after."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster.wire.lines import VERSION, version_of
from cluster.wire.observed import Event, Snapshot, Told, told
from tui.recording import RecordingError, parts
from tui.recording.folder import folder_of
from tui.recording.heads import UNREADABLE, Head, head
from tui.recording.parts import Part
from tui.recording.unpack import LONGEST, lines

EVENTS = 500
"""Events that are told of what came before a moment, as far as they are not longer than a line may be, all together."""
LOOK_BACK = 3600.0
"""Seconds before a moment in which events are looked for."""
_BACK = 1.0
"""Seconds by which a line may be from before the one before it: clocks are set."""
_CANDIDATES = 4
"""Snapshots that are held, for one of them to be readable."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What was so at a moment: the last snapshot at or before it, and the events up to it, the oldest first."""

    snapshot: Snapshot
    events: tuple[Event, ...]


class Recording:
    """Its lines are in order of time over all its parts. What can't be read is left out and counted.

    RecordingError, with a sentence (`nothing`, if there is nothing in it), when it can't be read.
    """

    def __init__(self, found: Sequence[Part], nothing: str) -> None:
        self._parts = found
        self._begins = [part.begin for part in found]
        self._left_out: dict[Part, int] = {}
        self._other: set[int] = set()
        """Versions of the wire, not this program's, that parts of it are written in."""
        self._span = self._find_span(nothing)

    @classmethod
    def of_cluster(cls, cluster: str) -> Recording:
        """What this machine recorded of the cluster of that name, up to now."""
        folder = folder_of(cluster)
        nothing = f"Nothing of {cluster} is recorded on this machine ({folder}): `hatui` records while it is open."
        return cls(parts.of_folder(folder), nothing)

    @classmethod
    def of_file(cls, path: Path) -> Recording:
        """A recording that somebody handed over. All of it is read once, to learn what is where."""
        return cls(parts.of_file(path), f"{path} is no recording: there is no snapshot of the observer's in it.")

    def span(self) -> tuple[float, float]:
        """When its first snapshot and its last line are from; seconds since the epoch."""
        return self._span

    def left_out(self) -> str:
        """What could not be read of the parts that were read so far, as a sentence; empty if all could."""
        count = sum(self._left_out.values())
        said = "line is" if count == 1 else "lines are"
        left_out = f"{count} {said} left out: damaged, too long or not the observer's." if count else ""
        return f"{left_out} {self._other_version()}".strip() if count else ""

    def _other_version(self) -> str:
        if not self._other:
            return ""
        theirs = ", ".join(map(str, sorted(self._other)))
        return f"It is written in version {theirs} of the wire, this program reads version {VERSION}."

    def at(self, moment: float) -> Scene:
        """What was so then; before the first snapshot: what that one says."""
        moment = max(moment, self._span[0])
        events: list[bytes] = []
        snapshot = None
        for number in range(self._part(moment), -1, -1):
            part = self._parts[number]
            earlier, candidates = self._until(part, moment)
            events = _last([*earlier, *events])
            while snapshot is None and candidates:
                one = _told(candidates.pop())
                snapshot = one if isinstance(one, Snapshot) else None
            if snapshot is not None and (len(events) == EVENTS or part.begin < moment - LOOK_BACK):
                break
        if snapshot is None:
            raise RecordingError("No snapshot up to that moment can be read.")
        return Scene(snapshot, tuple(one for line in events if isinstance(one := _told(line), Event)))

    def lines(self, after: float) -> Iterator[tuple[float, bytes]]:
        """What came after that moment: when, and the line as the observer told it (cluster.wire.observed.told)."""
        for part in self._parts[self._part(after) :]:
            for found, line in self._read(part, whole=True):
                if found.at > after:
                    yield found.at, line

    def _part(self, moment: float) -> int:
        """The number of the last part that begins at or before a moment; the first, if none does."""
        return max(bisect_right(self._begins, moment) - 1, 0)

    def _until(self, part: Part, moment: float) -> tuple[list[bytes], deque[bytes]]:
        """The last events and snapshots of a part up to a moment."""
        events: list[bytes] = []
        snapshots: deque[bytes] = deque(maxlen=_CANDIDATES)
        held = 0
        for found, line in self._read(part):
            if found.at > moment + _BACK:
                break
            if found.at > moment:
                continue
            if found.kind == "snapshot":
                snapshots.append(line)
                continue
            events.append(line)
            held += len(line)
            if len(events) > 2 * EVENTS or held > 2 * LONGEST:
                events = _last(events)
                held = sum(map(len, events))
        return events, snapshots

    def _read(self, part: Part, *, whole: bool = False) -> Iterator[tuple[Head, bytes]]:
        """The lines of one part; `whole`: only those of which every field can be read."""
        bad = 0
        try:
            for place, line in lines(part.path, part.place):
                if part.end is not None and place >= part.end:
                    break
                if line is not None and (found := head(line)) and (not whole or _told(line)):
                    yield found, line
                elif line is not None and (version := version_of(line)) is not None:
                    if version != VERSION:
                        self._other.add(version)
                else:
                    bad += 1
                    self._left_out[part] = max(bad, self._left_out.get(part, 0))
        except RecordingError:
            # A recorder deletes what is oldest, also while it is read.
            self._left_out[part] = max(bad + 1, self._left_out.get(part, 0))

    def _find_span(self, nothing: str) -> tuple[float, float]:
        told_whole = (found for part in self._parts for found, _ in self._read(part, whole=True))
        first = next((found.at for found in told_whole if found.kind == "snapshot"), None)
        if first is None:
            raise RecordingError(f"{nothing} {self._other_version()}".strip())
        last = first
        for part in reversed(self._parts):
            for found, _ in self._read(part):
                last = max(last, found.at)
            if last > first:
                break
        return first, last


def _last(events: list[bytes]) -> list[bytes]:
    """The last of them, EVENTS at most and LONGEST bytes together."""
    kept = events[-EVENTS:]
    size = sum(map(len, kept))
    for number, line in enumerate(kept):
        if size <= LONGEST:
            return kept[number:]
        size -= len(line)
    return []


def _told(line: bytes) -> Told | None:
    try:
        return told(line)
    except UNREADABLE:
        return None
