"""The stream is kept on disk while the console looks: bounded, and never in the console's way."""

from __future__ import annotations

from tui.recording.folder import folder_of
from tui.recording.heads import Head, head
from tui.recording.store import Store
from tui.recording.unpack import LONGEST

SIZE = 256 << 20
"""Bytes that a cluster's recordings take at most."""
QUIET = 5.0
"""Seconds between two snapshots that are kept though nothing happens."""
CLOSEST = 1.0
"""Seconds between two snapshots that are kept because something happens; what is lost when the process is killed."""
_RETRY = 60.0
"""Seconds until a folder that can't be written to is tried again."""


class Recorder:
    """Keeps the lines of one stream. Of several at once one writes; another takes over within seconds when it ends.

    Time is what the lines say. Nothing raises; not to be used by two threads at the same time.
    """

    def __init__(self, cluster: str, *, size: int = SIZE) -> None:
        self._folder = folder_of(cluster)
        self._store = Store(self._folder, size)
        self._kept = self._flushed = 0.0
        self._tried: float | None = None
        self._news = self._waiting = False
        self._complete = True
        self._told: set[str] = set()

    def take(self, line: bytes) -> str | None:
        """Keep what is to be kept of the next line.

        Returns why nothing is kept any longer, a sentence, when that comes about, each reason once; else None.
        """
        found = head(line)
        if found is None or len(line) > LONGEST:
            return None
        if self._tried is not None and 0 <= found.at - self._tried < _RETRY:
            return None
        self._tried = None
        try:
            self._take(line.rstrip(b"\n") + b"\n", found)
        except OSError as error:
            self._store.abandon()
            self._tried, self._waiting = found.at, False
            reason = f"Nothing is recorded: {self._folder} can't be written to ({error.strerror})."
            if reason not in self._told:
                self._told.add(reason)
                return reason
        return None

    def close(self) -> None:
        """No more will come."""
        try:
            self._store.close()
        except OSError:
            self._store.abandon()
        self._store.release()

    def _take(self, line: bytes, found: Head) -> None:
        event, at = found.kind == "event", found.at
        self._news |= event
        if self._store.open if event else self._due(found) and self._store.ready(at):
            self._store.add(line, at)
            self._waiting = True
            if not event:
                self._kept, self._news, self._complete = at, False, found.complete
        # A snapshot that is kept tells what the events before it led to: both are there together.
        if self._waiting and (self._kept == at or not 0 <= at - self._flushed < CLOSEST):
            self._store.flush()
            self._flushed, self._waiting = at, False

    def _due(self, found: Head) -> bool:
        """Whether a snapshot is one to be kept. The first with every host's answer is: it is what was seen."""
        if found.complete and not self._complete:
            return True
        return not 0 <= found.at - self._kept < (CLOSEST if self._news else QUIET)
