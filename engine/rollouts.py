"""Rollouts in the journal: the one that is not over, what it was asked, and how far it came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cluster.outcome import Outcome
from cluster.wire.journal import StepResult
from engine.known_runs import Run, runs
from engine.runbook import Broken

ROLLOUT, ABORT = "rollout", "rollout_abort"
"""The runbooks' names."""


@dataclass(frozen=True, slots=True)
class Open:
    """A rollout that stopped, paused or died, and can be resumed or aborted."""

    run: str
    parameters: dict[str, str]
    why: str
    """The reason that was given for it."""
    stopped: str
    """Why it is not over."""
    done: tuple[str, ...]
    """Its steps that were seen to succeed."""
    left: tuple[str, ...]


def open_rollout(cluster: str) -> Open | None:
    """The last rollout on the cluster of that name, if it is not over; None if there is none, or it runs."""
    return find(runs(cluster))


def running(cluster: str) -> Run | None:
    """The rollout that goes on, on the cluster of that name, begun on this machine; None if there is none."""
    return next((run for run in runs(cluster) if run.alive and not run.end and run.begin.runbook == ROLLOUT), None)


def find(newest_first: Iterable[Run]) -> Open | None:
    """The same, from the runs themselves. A refused one changed nothing, and does not count."""
    for run in newest_first:
        if run.begin.runbook not in (ROLLOUT, ABORT) or run.outcome is Outcome.REFUSED:
            continue
        if run.begin.runbook == ABORT or not (run.died or run.outcome is Outcome.STOPPED):
            return None
        died = f"Its process died, after it had begun {run.last_step or 'nothing'}."
        done = tuple(event.name for event in run.after if isinstance(event, StepResult) and event.ok)
        return Open(
            run.id,
            run.begin.parameters,
            run.begin.why,
            run.end.reason if run.end else died,
            done,
            tuple(name for name in run.begin.steps if name not in done),
        )
    return None


def host_of(broken: Broken) -> str:
    """The host that the last step of a rollout that died is about; empty if it is about none.

    In journals of former versions it stands in the step's name alone: LAYER/HOST: …, or HOST: …
    """
    if broken.host is not None:
        return broken.host
    return broken.step.partition(":")[0].rpartition("/")[2]
