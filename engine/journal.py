"""What happens in a run: appended, never changed, and on the disk before anything is done.

One file a run, mode 0600, a line an event (cluster/wire/journal.py). A live run holds flock(2) on its file, so that one
that died is told from one that goes on (engine/known_runs.py reads them).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from cluster.wire.journal import Begin, Entry, Intent
from cluster.wire.lines import line
from engine.paths import journal_path
from operations.locking import Unkept


def new_id() -> str:
    """A name for a run that sorts by its time, such as 20261125-021459-3fa2."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


RESERVE = 2**16
"""Bytes that are kept free for the last events of a run whose journal has no room any more."""


class Team(Protocol):
    """Whoever keeps a copy of the journal, where other operators' machines find it (operations.locking.Lock.keep)."""

    def __call__(self, line: str, *, wait: bool) -> None:
        """Append a line; with `wait`, Unkept unless it is safe there."""


class Unwritten(Exception):
    """An event is not on the disk; the text says where and why."""


class Journal:
    """The journal of one run, while it lasts. Unwritten if it can't be begun."""

    def __init__(self, cluster: str, run: str, team: Team | None = None) -> None:
        self.run = run
        self.path = journal_path(cluster, run)
        self._team = team
        self.lost = ""
        """Why not all that happened is in it; empty while all is."""
        folder = self.path.parent
        self._room = folder / "room"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._reserve()
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            directory = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except FileExistsError:
            raise
        except OSError as error:
            raise Unwritten(_why(folder, error)) from error

    def tell(self, entry: Entry) -> None:
        """Append an event, synced: when this returns it is on the disk, an intent on the team's too. Else Unwritten.

        Then nothing of it is in the file, and what was kept in reserve makes room for how the run is taken back.
        """
        text = _line(entry)
        before = os.fstat(self._file).st_size
        try:
            left = text
            while left:
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, before)
            with contextlib.suppress(OSError):
                self._room.unlink()
            if not isinstance(entry, Intent):
                self._share(text, wait=False)
            why = _why(self.path, error)
            self.lost = self.lost or why
            raise Unwritten(why) from error
        self._share(text, wait=isinstance(entry, Begin | Intent))

    def leave(self, entry: Entry) -> None:
        """Append the last event to the team's copy, as far as it can be had, and nothing more from then on."""
        if self._team:
            with contextlib.suppress(Unkept):
                self._team(_line(entry).decode().rstrip("\n"), wait=True)
        self._team = None

    def _share(self, text: bytes, *, wait: bool) -> None:
        if self._team is None:
            return
        try:
            self._team(text.decode().rstrip("\n"), wait=wait)
        except Unkept as error:
            self.lost = self.lost or str(error)
            raise Unwritten(str(error)) from error

    def _reserve(self) -> None:
        if not self._room.exists():
            file = os.open(self._room, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(file, 0, RESERVE)
            finally:
                os.close(file)

    def close(self) -> None:
        """No more will come: whoever follows sees that the run is over."""
        os.close(self._file)


def _line(entry: Entry) -> bytes:
    return line(replace(entry, at=time.time()))


def _why(path: Path, error: OSError) -> str:
    return f"The journal {path} can't be written: {error.strerror or error}. Make room there, or mend it."
