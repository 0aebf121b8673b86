"""What happened, run by run: appended, never changed, and on the disk before anything is done.

One file a run below `$XDG_STATE_HOME/hatui/CLUSTER/runs` (~/.local/state, XDG base directories), mode 0600, a line of
JSON an event. A live run holds flock(2) on its file, so that one that died is told from one that goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cluster.outcome import Outcome
from operations.locking import Unkept


def state_path(cluster: str) -> Path:
    """Where all that is kept on this machine of the cluster of that name lies."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "hatui" / cluster


def runs_path(cluster: str) -> Path:
    """Where the runs on the cluster of that name are written."""
    return state_path(cluster) / "runs"


def journal_path(cluster: str, run: str) -> Path:
    """The journal of that run on the cluster of that name, whether it has begun or not."""
    return runs_path(cluster) / f"{run}.jsonl"


def team_path(cluster: str, run: str) -> Path:
    """Where this machine keeps what the hosts have of the journal of that run (engine/team.py)."""
    return state_path(cluster) / "team" / f"{run}.jsonl"


def held_path(cluster: str) -> Path:
    """Where it keeps by which run the lock was held when the hosts were asked last."""
    return state_path(cluster) / "team" / "held"


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

    def tell(self, event: str, /, **fields: object) -> None:
        """Append an event, synced: when this returns it is on the disk, an intent on the team's too. Else Unwritten.

        Then nothing of it is in the file, and what was kept in reserve makes room for how the run is taken back.
        """
        line = _line(event, fields)
        before = os.fstat(self._file).st_size
        try:
            left = line.encode()
            while left:
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, before)
            with contextlib.suppress(OSError):
                self._room.unlink()
            if event != "intent":
                self._share(line, wait=False)
            why = _why(self.path, error)
            self.lost = self.lost or why
            raise Unwritten(why) from error
        self._share(line, wait=event in ("begin", "intent"))

    def leave(self, event: str, /, **fields: object) -> None:
        """Append the last event to the team's copy, as far as it can be had, and nothing more from then on."""
        if self._team:
            with contextlib.suppress(Unkept):
                self._team(_line(event, fields).rstrip("\n"), wait=True)
        self._team = None

    def _share(self, line: str, *, wait: bool) -> None:
        if self._team is None:
            return
        try:
            self._team(line.rstrip("\n"), wait=wait)
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


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its journal tells it. Times are seconds since the epoch."""

    id: str
    events: tuple[dict[str, Any], ...]
    alive: bool
    """Its process goes on."""
    path: Path | None = None
    """Its journal."""

    @property
    def theirs(self) -> bool:
        """It was begun on another machine, and is known by the hosts' copies."""
        return self.path is not None and _is_theirs(self.path)

    @property
    def begin(self) -> dict[str, Any]:
        """Who, why, what: runbook, parameters, title, from, to, who, why, steps, pid."""
        return self.events[0]

    @property
    def end(self) -> dict[str, Any] | None:
        """Outcome and reason; None while it goes on, and where it died."""
        last = self.events[-1]
        return last if last["event"] == "end" else None

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it goes on. One that died without a word is UNKNOWN."""
        if self.end:
            return Outcome(self.end["outcome"])
        return None if self.alive else Outcome.UNKNOWN

    @property
    def clients(self) -> str:
        """How its clients fared worse than planned; empty if they did not, or it goes on."""
        return str(self.end.get("clients", "")) if self.end else ""

    @property
    def died(self) -> bool:
        """Its process ended before it could say how."""
        return self.end is None and not self.alive

    @property
    def last_step(self) -> str:
        """The name of the step that had begun last; empty if none had."""
        last = self._last_begun()
        return str(last["name"]) if last else ""

    @property
    def last_host(self) -> str | None:
        """The host that it changes; empty where it is about none, None in the journal of a former version."""
        last = self._last_begun()
        return last.get("host") if last else None

    def _last_begun(self) -> dict[str, Any] | None:
        return next((event for event in reversed(self.events) if event["event"] in ("intent", "undo")), None)

    @property
    def measured(self) -> dict[str, Any]:
        """What clients felt, by service (engine/probing.py); empty if it was not measured."""
        found = [event["services"] for event in self.events if event["event"] == "measured"]
        return dict(found[-1]) if found else {}


def ask_to_stop(run: Run) -> str | None:
    """Ask a run that goes on to stop before its next step: one in stages can be resumed, others undo what they did.

    Why it was not asked, as a sentence: it is over, or another user's. None if it was.
    """
    over = "It had ended meanwhile."
    if run.theirs:
        return f"It was begun on another machine, by {run.begin['who']}: only there it can be asked to stop."
    try:
        process = os.pidfd_open(int(run.begin["pid"]))
    except ProcessLookupError:
        return over
    try:
        # It holds its journal still, so that the number can't be another process's by now.
        if run.path is None or not _is_held(run.path):
            return over
        signal.pidfd_send_signal(process, signal.SIGTERM)
    except ProcessLookupError:
        return over
    except PermissionError:
        return f"It is not yours to stop: {run.begin['who']} began it, as another user of this machine."
    finally:
        os.close(process)
    return None


def read(path: Path) -> Run | None:
    """The run of a journal file; None if there is none yet, or it has no first line. What is torn is left out."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return None
    # Asked before the lines are: a run that ends in between is then alive with an end, not dead without one.
    alive = _goes_on(path)
    text = path.read_text(errors="replace") if not alive else text
    events = []
    for line in text.splitlines():
        # One that is torn hides none of the others.
        with contextlib.suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict) and "event" in event:
                events.append(event)
    if not events or events[0]["event"] != "begin":
        return None
    return Run(path.stem, tuple(events), alive, path)


def runs(cluster: str) -> Iterator[Run]:
    """All runs on the cluster that are known here, other machines' too, the newest first."""
    here, team = runs_path(cluster), held_path(cluster).parent
    names = {path.stem for folder in (here, team) for path in folder.glob("*.jsonl")}
    for name in sorted(names, reverse=True):
        if run := known(cluster, name):
            yield run


def known(cluster: str, run: str) -> Run | None:
    """That run by this machine's journal, or by the hosts' copy where that tells more; None if it is not known here."""
    mine, theirs = read(journal_path(cluster, run)), read(team_path(cluster, run))
    if mine is None or (mine.died and theirs is not None and theirs.end):
        return theirs
    return mine


def _goes_on(path: Path) -> bool:
    """Whether the run of that journal does: by its process, or by the cluster's lock, for another machine's."""
    if not _is_theirs(path):
        return _is_held(path)
    try:
        return path.with_name("held").read_text() == path.stem
    except OSError:
        return False


def _is_theirs(path: Path) -> bool:
    return path.parent.name == "team"


def _line(event: str, fields: Mapping[str, object]) -> str:
    return json.dumps({"event": event, "at": time.time(), **fields}, ensure_ascii=False) + "\n"


def _why(path: Path, error: OSError) -> str:
    return f"The journal {path} can't be written: {error.strerror or error}. Make room there, or mend it."


def _is_held(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
