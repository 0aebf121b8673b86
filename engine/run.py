"""A run: a runbook's plan, the agreement to it, and its steps under the cluster's lock, told to the journal.

It speaks the wire (cluster/wire/runs.py): what is planned on stdout, the agreement on stdin. From the agreement on it
needs nobody: whoever began it may go, and finds the run in the journal.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from cluster.exits import USAGE
from cluster.locked import Holder
from cluster.outcome import Outcome, Result
from cluster.picture import changes, picture
from cluster.spec import Cluster
from cluster.wire.journal import Begin, End
from cluster.wire.lines import FIRST, VERSION, line
from cluster.wire.runs import Agreement, Ended, Journaled, Precheck, Said
from engine.journal import Journal, Unwritten, new_id
from engine.library import Runbook, RunbookError, load, name_of
from engine.paths import journal_path, runs_path
from engine.runbook import Plan
from engine.shown import shown
from operations.locking import Lock, Locked, whoami

if TYPE_CHECKING:
    from engine.work import Work
    from operations.procedure import Tell


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for."""

    cluster: Cluster
    inventory: Path
    runbook: str
    """By its name, or by its path."""
    parameters: Mapping[str, str]
    reason: str
    yes: bool
    """Agreed to beforehand: plan under the lock, and carry it out, unless something has to be typed."""
    dry_run: bool


def run(order: Order, lines: TextIO) -> int:
    """Plan, tell it in `lines`, and carry it out once it is agreed to. Its exit code; USAGE for no runbook."""
    lines.write(FIRST.decode())
    return _Run(order, lines).go()


class _Run:
    def __init__(self, order: Order, lines: TextIO) -> None:
        self.order = order
        self.lines = lines
        self.cluster = order.cluster
        self.id = new_id()
        self.name = name_of(order.runbook)
        self.lock: Lock | None = None
        self.asked_to_stop = ""

    def go(self) -> int:
        try:
            # Who is second is told so before anything else is done, or imported.
            if not self.order.dry_run:
                self._take(self.order.reason)
            from engine.work import Work

            runbook = load(self.order.runbook, self.order.parameters)
            return self._go(runbook, Work(self.cluster, self.order.inventory, runbook))
        except RunbookError as error:
            print(error, file=sys.stderr)
            return USAGE
        except Locked as held:
            return self._refused(Plan(title=self.name), str(held))
        finally:
            self._free()

    def _go(self, runbook: Runbook, work: Work) -> int:
        state = work.look()
        plan = work.plan(state)
        self._say(shown(plan, runbook, self.cluster))
        if plan.refused:
            return self._refused(plan, plan.refused)
        if self.order.dry_run:
            for number, reason in enumerate(work.prechecks(plan)):
                self._say(Precheck(number, reason))
            return Outcome.DONE.exit_code
        if not plan.steps:
            return self._nothing_to_do(plan)
        reason = self.order.reason
        if not self.order.yes or plan.typed:
            # Nobody is kept waiting while a person thinks.
            self._free()
            agreed = _agreement()
            if agreed is None:
                return Outcome.REFUSED.exit_code
            reason = agreed or reason
            self._take(reason)
            now = work.look()
            found = changes(picture(self.cluster, state), picture(self.cluster, now))
            changed = [one for one in found if not plan.rests_on or one.thing.fact in plan.rests_on]
            if changed:
                said = "; ".join(map(str, changed))
                return self._refused(plan, f"What the plan rests on has changed: {said}. Look, and plan again.")
            agreed_to, plan = plan, work.plan(now)
            if plan.refused:
                return self._refused(plan, plan.refused)
            if _steps(plan) != _steps(agreed_to):
                return self._refused(plan, "The plan would be another by now. Look, and plan again.")
        return self._journaled(plan, reason, lambda tell: work.carry_out(plan, tell, self._stop, self._lost))

    def _take(self, reason: str) -> None:
        if self.lock is None:
            why = f"{self.name} {_words(self.order.parameters)}".strip()
            self.lock = Lock(
                self.cluster, Holder(self.id, whoami(), time.time(), f"{why} ({reason})" if reason else why)
            )

    def _free(self) -> None:
        if self.lock is not None:
            self.lock.release()
            self.lock = None

    def _nothing_to_do(self, plan: Plan) -> int:
        """That is no run, and is not in the journal, unless it closes one that broke off."""
        reason = plan.already or "It is so already."
        if plan.broken:
            return self._journaled(plan, self.order.reason, lambda _: Result(Outcome.DONE, reason))
        self._say(Ended(Outcome.DONE, reason))
        return Outcome.DONE.exit_code

    def _refused(self, plan: Plan, reason: str) -> int:
        """A refusal of what was agreed to is part of what happened; one of a mere plan is not."""
        if self.order.yes:
            return self._journaled(plan, self.order.reason, lambda _: Result(Outcome.REFUSED, reason))
        self._say(Ended(Outcome.REFUSED, reason))
        return Outcome.REFUSED.exit_code

    def _journaled(self, plan: Plan, reason: str, work: Callable[[Tell], Result]) -> int:
        # Told before there is one: whoever follows finds the run however soon this process may die.
        self._say(Journaled(self.id, str(journal_path(self.cluster.name, self.id))))
        # From its first line on a run is in the journal, and no signal may end it without a word there.
        self._heed_signals()
        try:
            journal = Journal(self.cluster.name, self.id, self.lock.keep if self.lock else None)
            journal.tell(
                Begin(
                    run=self.id,
                    pid=os.getpid(),
                    runbook=self.name,
                    parameters=dict(self.order.parameters),
                    title=plan.title,
                    steps=tuple(step.name for step in plan.steps),
                    hosts=tuple(step.on for step in plan.steps),
                    origin=plan.origin,
                    target=plan.target,
                    who=whoami(),
                    why=reason,
                    finishes=tuple(plan.broken),
                    version=VERSION,
                )
            )
        except Unwritten as error:
            self._say(Ended(Outcome.REFUSED, str(error)))
            return Outcome.REFUSED.exit_code
        try:
            self._detach()
            result = work(journal.tell)
        except BaseException as error:
            with contextlib.suppress(OSError):
                traceback.print_exc()
            result = Result(Outcome.UNKNOWN, f"The engine broke off: {type(error).__name__}: {error}")
        result = self._end(journal, _whole(journal, result))
        journal.close()
        return result.outcome.exit_code

    def _end(self, journal: Journal, result: Result) -> Result:
        """Tell how it ended; what that is if not all of it is in the journal."""
        journal.leave(End(result.outcome, result.reason, result.clients))
        # Free before the end is told here: who reads of the end may begin at once.
        self._free()
        for _ in range(2):
            result = _whole(journal, result)
            # The first failure makes room for another try.
            with contextlib.suppress(Unwritten):
                journal.tell(End(result.outcome, result.reason, result.clients))
                return result
        result = _whole(journal, result)
        # Whoever began it may be there still, and has it from nowhere else.
        self._say(Ended(result.outcome, result.reason))
        return result

    def _heed_signals(self) -> None:
        """Whoever began it may go (SIGHUP, SIGINT); SIGTERM asks it to stop."""
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_term)

    def _detach(self) -> None:
        """Need nobody any longer: no terminal, no pipe. What is said unasked is kept beside the journal."""
        null = os.open(os.devnull, os.O_RDWR)
        try:
            path = runs_path(self.cluster.name) / f"{self.id}.log"
            log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            log = null
        for target, source in ((0, null), (1, log), (2, log)):
            os.dup2(source, target)

    def _on_term(self, _number: int, _frame: object) -> None:
        self.asked_to_stop = "It was asked to stop (SIGTERM)."

    def _stop(self) -> str | None:
        return self.asked_to_stop or self._lost()

    def _lost(self) -> str | None:
        return self.lock.why_lost() if self.lock else "The cluster's lock is not held."

    def _say(self, message: Said) -> None:
        with contextlib.suppress(OSError):
            self.lines.write(line(message).decode())
            self.lines.flush()


def _whole(journal: Journal, result: Result) -> Result:
    """The result, and that the journal lacks something: then nothing is DONE."""
    if not journal.lost or journal.lost in result.reason:
        return result
    outcome = Outcome.DIRTY if result.outcome is Outcome.DONE else result.outcome
    done = "All of it was done, and stays." if result.outcome is Outcome.DONE else result.reason
    return Result(outcome, f"{done} {journal.lost}".strip(), result.clients)


def _steps(plan: Plan) -> list[str]:
    return [plan.title, plan.typed, *(step.name for step in plan.steps)]


def _agreement() -> str | None:
    """The reason that was given with the agreement; None if there was none: the other side has gone, or said no."""
    try:
        answer = msgspec.json.decode(sys.stdin.readline(), type=Agreement)
    except (msgspec.DecodeError, UnicodeError):
        return None
    return answer.reason if answer.agreed else None


def _words(parameters: Any) -> str:
    return " ".join(f"{key}={value}" for key, value in parameters.items() if value)
