"""The runs that there were, and the one that goes on, as their journals tell them (engine/journal.py writes them)."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cluster.outcome import Outcome
from cluster.wire.journal import Begin, End, Entries, Intent, Measured, UndoIntent, entry
from cluster.wire.probes import ServiceReport
from engine.paths import held_path, journal_path, runs_path, team_path


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its journal tells it. Times are seconds since the epoch."""

    id: str
    begin: Begin
    """Who, why, what."""
    after: tuple[Entries, ...]
    """What came after that."""
    alive: bool
    """Its process goes on."""
    path: Path | None = None
    """Its journal."""

    @property
    def theirs(self) -> bool:
        """It was begun on another machine, and is known by the hosts' copies."""
        return self.path is not None and _is_theirs(self.path)

    @property
    def events(self) -> tuple[Entries, ...]:
        """All of them, the begin first."""
        return (self.begin, *self.after)

    @property
    def end(self) -> End | None:
        """Outcome and reason; None while it goes on, and where it died."""
        last = self.events[-1]
        return last if isinstance(last, End) else None

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it goes on. One that died without a word is UNKNOWN."""
        if self.end:
            return self.end.outcome
        return None if self.alive else Outcome.UNKNOWN

    @property
    def clients(self) -> str:
        """How its clients fared worse than planned; empty if they did not, or it goes on."""
        return self.end.clients if self.end else ""

    @property
    def died(self) -> bool:
        """Its process ended before it could say how."""
        return self.end is None and not self.alive

    @property
    def last_step(self) -> str:
        """The name of the step that had begun last; empty if none had."""
        last = self._last_begun()
        return last.name if last else ""

    @property
    def last_host(self) -> str | None:
        """The host that it changes; empty where it is about none, None in the journal of a former version."""
        last = self._last_begun()
        return last.host if last else None

    def _last_begun(self) -> Intent | UndoIntent | None:
        return next((event for event in reversed(self.after) if isinstance(event, Intent | UndoIntent)), None)

    @property
    def felt(self) -> Measured:
        """What clients felt, and of which services that is not known; neither where nothing was to be measured."""
        return next((event for event in reversed(self.after) if isinstance(event, Measured)), Measured())

    @property
    def measured(self) -> dict[str, ServiceReport]:
        """What clients felt, by service; empty if it was not measured."""
        return self.felt.services


def ask_to_stop(run: Run) -> str | None:
    """Ask a run that goes on to stop before its next step: one in stages can be resumed, others undo what they did.

    Why it was not asked, as a sentence: it is over, or another user's. None if it was.
    """
    over = "It had ended meanwhile."
    if run.theirs:
        return f"It was begun on another machine, by {run.begin.who}: only there it can be asked to stop."
    try:
        process = os.pidfd_open(run.begin.pid)
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
        return f"It is not yours to stop: {run.begin.who} began it, as another user of this machine."
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
    # One that is torn hides none of the others.
    events = [event for line in text.splitlines() if (event := entry(line)) is not None]
    if not events or not isinstance(begin := events[0], Begin):
        return None
    return Run(path.stem, begin, tuple(events[1:]), alive, path)


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
