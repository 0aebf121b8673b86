"""A run: a runbook's plan, the agreement to it, and its steps under the cluster's lock, told to the journal.

It speaks JSON lines: what is planned on stdout, the agreement on stdin. From the agreement on it needs nobody: whoever
began it may go, and finds the run in the journal.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from cluster.outcome import Outcome
from cluster.picture import changes, picture
from cluster.spec import Cluster
from cluster.state import ClusterState
from engine import session
from engine.journal import Journal, journal_path, new_id, runs, runs_path
from engine.library import Runbook
from engine.lock import Holder, Lock, Locked
from engine.probing import Probing
from engine.runbook import Broken, Plan, View
from engine.shown import shown
from operations.procedure import Result, carry_out
from operations.steps import FAILURES


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for."""

    cluster: Cluster
    inventory: Path
    runbook: Runbook
    reason: str
    yes: bool
    """Agreed to beforehand: plan under the lock, and carry it out, unless something has to be typed."""
    dry_run: bool


def run(order: Order, lines: TextIO) -> int:
    """Plan, tell it in `lines`, and carry it out once it is agreed to. The outcome's exit code."""
    return _Run(order, lines).go()


class _Run:
    def __init__(self, order: Order, lines: TextIO) -> None:
        self.order = order
        self.lines = lines
        self.cluster = order.cluster
        self.id = new_id()
        self.lock: Lock | None = None
        self.asked_to_stop = ""

    def go(self) -> int:
        try:
            # Who is second is told so before anything else is done.
            if not self.order.dry_run:
                self._take(self.order.reason)
            session.begin(self.cluster)
            state = session.seen(self.cluster)
            plan = self._plan(state)
            self._say(plan=shown(plan, self.order.runbook, self.cluster))
            if plan.refused:
                return self._refused(plan, plan.refused)
            if self.order.dry_run:
                for number, step in enumerate(plan.steps):
                    self._say(precheck={"step": number, "reason": _asked(step.precheck)})
                return Outcome.DONE.exit_code
            if not plan.steps:
                return self._journaled(plan, self.order.reason, lambda _: Result(Outcome.DONE, "It is so already."))
            reason = self.order.reason
            if not self.order.yes or plan.typed:
                # Nobody is kept waiting while a person thinks.
                self._free()
                agreed = _agreement()
                if agreed is None:
                    return Outcome.REFUSED.exit_code
                reason = agreed or reason
                self._take(reason)
                now = session.seen(self.cluster)
                found = changes(picture(self.cluster, state), picture(self.cluster, now))
                changed = [one for one in found if not plan.rests_on or one.thing.layer in plan.rests_on]
                if changed:
                    said = "; ".join(map(str, changed))
                    return self._refused(plan, f"What the plan rests on has changed: {said}. Look, and plan again.")
                agreed_to, plan = plan, self._plan(now)
                if plan.refused:
                    return self._refused(plan, plan.refused)
                if _steps(plan) != _steps(agreed_to):
                    return self._refused(plan, "The plan would be another by now. Look, and plan again.")
            return self._journaled(plan, reason, lambda tell: self._carry_out(plan, tell))
        except Locked as held:
            return self._refused(Plan(title=self.order.runbook.name), str(held))
        finally:
            self._free()

    def _take(self, reason: str) -> None:
        if self.lock is None:
            why = f"{self.order.runbook.name} {_words(self.order.runbook.parameters)}".strip()
            self.lock = Lock(self.cluster, Holder(self.id, _who(), time.time(), f"{why} ({reason})" if reason else why))

    def _free(self) -> None:
        if self.lock is not None:
            self.lock.release()
            self.lock = None

    def _plan(self, state: ClusterState) -> Plan:
        view = View(self.cluster, state, self.order.inventory, _broken(self.cluster))
        try:
            return self.order.runbook.plan(view, **self.order.runbook.parameters)
        except FAILURES as failure:
            return Plan(title=self.order.runbook.name, refused=str(failure))

    def _refused(self, plan: Plan, reason: str) -> int:
        """A refusal of what was agreed to is part of what happened; one of a mere plan is not."""
        if self.order.yes:
            return self._journaled(plan, self.order.reason, lambda _: Result(Outcome.REFUSED, reason))
        self._say(end={"outcome": Outcome.REFUSED, "reason": reason})
        return Outcome.REFUSED.exit_code

    def _journaled(self, plan: Plan, reason: str, work: Callable[[Callable[..., None]], Result]) -> int:
        # Told before there is one: whoever follows finds the run however soon this process may die.
        self._say(run=self.id, journal=str(journal_path(self.cluster.name, self.id)))
        journal = Journal(self.cluster.name, self.id)
        journal.tell(
            "begin",
            run=self.id,
            pid=os.getpid(),
            runbook=self.order.runbook.name,
            parameters=dict(self.order.runbook.parameters),
            title=plan.title,
            steps=[step.name for step in plan.steps],
            origin=plan.origin,
            target=plan.target,
            who=_who(),
            why=reason,
            finishes=list(plan.broken),
        )
        self._detach()
        try:
            result = work(journal.tell)
        except BaseException as error:
            traceback.print_exc()
            result = Result(Outcome.UNKNOWN, f"The engine broke off: {type(error).__name__}: {error}")
        # Free before the end is told: who reads of the end may begin at once.
        self._free()
        journal.tell("end", outcome=result.outcome, reason=result.reason)
        journal.close()
        return result.outcome.exit_code

    def _detach(self) -> None:
        """Need nobody any longer: no terminal, no pipe. What is said unasked is kept beside the journal."""
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_term)
        log = os.open(runs_path(self.cluster.name) / f"{self.id}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDWR)
        for target, source in ((0, null), (1, log), (2, log), (self.lines.fileno(), null)):
            os.dup2(source, target)

    def _on_term(self, _number: int, _frame: object) -> None:
        self.asked_to_stop = "It was asked to stop (SIGTERM)."

    def _stop(self) -> str | None:
        return self.asked_to_stop or self._lost()

    def _lost(self) -> str | None:
        return self.lock.why_lost() if self.lock else "The cluster's lock is not held."

    def _carry_out(self, plan: Plan, tell: Callable[..., None]) -> Result:
        probing = Probing(self.cluster, plan.measures) if plan.measures else None
        if probing and (why_not := probing.start()):
            tell("note", text=f"What clients feel can't be measured: {why_not}")
        try:
            return carry_out(
                plan.steps,
                tell,
                self._stop,
                lost=self._lost,
                in_stages=plan.in_stages,
                pause_after=plan.pause_after,
            )
        finally:
            if probing:
                tell("measured", services=probing.stop())

    def _say(self, **line: object) -> None:
        with contextlib.suppress(OSError):
            self.lines.write(json.dumps(line, ensure_ascii=False) + "\n")
            self.lines.flush()


def _steps(plan: Plan) -> list[str]:
    return [plan.title, plan.typed, *(step.name for step in plan.steps)]


def _agreement() -> str | None:
    """The reason that was given with the agreement; None if there was none: the other side has gone, or said no."""
    try:
        line = json.loads(sys.stdin.readline() or "null")
    except ValueError:
        return None
    return str(line.get("reason", "")) if isinstance(line, dict) and line.get("agreed") is True else None


def _asked(precheck: Callable[[], str | None]) -> str:
    try:
        return precheck() or ""
    except FAILURES as failure:
        return str(failure)


def _broken(cluster: Cluster) -> list[Broken]:
    """The newest runs, as far as all of them died: what was finished since is no longer of interest."""
    found: list[Broken] = []
    for former in runs(cluster.name):
        if former.alive or former.outcome is Outcome.REFUSED:
            continue
        if not former.died:
            break
        begin = former.begin
        found.append(Broken(former.id, begin["runbook"], begin["parameters"], former.last_step))
    return found


def _who() -> str:
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    return f"{user}@{socket.gethostname()}"


def _words(parameters: Any) -> str:
    return " ".join(f"{key}={value}" for key, value in parameters.items() if value)
