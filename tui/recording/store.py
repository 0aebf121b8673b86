"""The folder of recordings as its one writer sees it: segments one after another, the oldest deleted."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from cluster.wire.lines import FIRST
from tui.recording.folder import prune, segment
from tui.recording.pack import Pack

AGE = 24 * 3600.0
"""Seconds for which recordings are kept."""
SEGMENT_TIME = 600.0
"""Seconds after which another segment begins."""
_SHARE = 16
"""The part of all that a segment may take: one in so many."""
_BACK = 1.0
"""Seconds that the clock may be set back without another segment: within one, lines are in order of time."""


class Store:
    """Of several processes one writes: it holds flock(2) on the file `lock`, which ends with it.

    `size`: the bytes that all segments may take. All that is done may raise OSError; `abandon` it then.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self._size = size
        self._lock: int | None = None
        self._file: int | None = None
        self._path = folder
        self._pack: Pack | None = None
        self._begun = self._last = 0.0
        self._safe = False

    @property
    def open(self) -> bool:
        """Whether there is a segment to add to."""
        return self._pack is not None

    def ready(self, at: float) -> bool:
        """Have a segment for a snapshot of that time, with which each begins; False while another process writes."""
        if self._pack and self._full(at):
            self.close()
        if self._pack is None:
            if not self._locked():
                return False
            prune(self._folder, at, age=AGE, size=self._size - self._size // _SHARE)
            self._begin(at)
        return True

    def add(self, line: bytes, at: float) -> None:
        """A line with its end, from that time."""
        assert self._pack
        self._pack.add(line)
        self._last = at

    def flush(self) -> None:
        """What was added outlives this process."""
        assert self._pack
        self._pack.flush()
        self._safe = True

    def close(self) -> None:
        """The segment is complete."""
        if self._pack:
            self._pack.finish()
            self._safe = True
        self.abandon()

    def abandon(self) -> None:
        """The segment stays as it is; one in which nothing is safe goes."""
        if self._file is not None:
            os.close(self._file)
            if not self._safe:
                self._path.unlink(missing_ok=True)
        self._file = self._pack = None

    def release(self) -> None:
        """Another process may write."""
        if self._lock is not None:
            os.close(self._lock)
        self._lock = None

    def _full(self, at: float) -> bool:
        assert self._pack
        later = at - self._begun
        return self._pack.size >= self._size // _SHARE or later >= SEGMENT_TIME or at < self._last - _BACK

    def _locked(self) -> bool:
        if self._lock is not None:
            return True
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            if isinstance(error, BlockingIOError):
                return False
            raise
        self._lock = lock
        return True

    def _begin(self, at: float) -> None:
        begin = at
        while self._file is None:
            self._path = segment(self._folder, begin).path
            try:
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                begin += 0.001
        self._pack = Pack(self._file)
        self._pack.add(FIRST)
        self._begun = self._last = at
        self._safe = False
