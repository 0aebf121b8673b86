"""A plan as it is told to whoever shows it: with what the last runs of its kind cost their clients."""

from __future__ import annotations

from cluster.outcome import Outcome
from cluster.spec import Cluster
from cluster.wire.runs import PlannedStep, Proposal
from engine.felt import promised
from engine.known_runs import Run, runs
from engine.library import Runbook
from engine.runbook import Plan

HISTORY = 5
"""Former runs of a kind that a plan names the measured gaps of."""


def shown(plan: Plan, runbook: Runbook, cluster: Cluster) -> Proposal:
    """The plan as it is told."""
    former = _like(cluster, runbook)
    return Proposal(
        runbook=runbook.name,
        title=plan.title,
        refused=plan.refused,
        already=plan.already,
        steps=tuple(
            PlannedStep(step.name, step.undo is not None, step.lasting, step.within, step.on, step.layer, step.stage)
            for step in plan.steps
        ),
        candidates=tuple(plan.candidates),
        origin=plan.origin,
        target=plan.target,
        expected=promised(plan.expected, plan.gap, [one.measured for one in former]),
        measured=tuple(_gaps(one) for one in former),
        undo=plan.undo,
        evidence=plan.evidence,
        typed=plan.typed,
        in_stages=plan.in_stages,
        broken=tuple(plan.broken),
    )


def _like(cluster: Cluster, runbook: Runbook) -> list[Run]:
    """The last runs of the same runbook that were DONE and measured, the newest first."""
    found: list[Run] = []
    for former in runs(cluster.name):
        if former.begin.runbook == runbook.name and former.outcome is Outcome.DONE and former.measured:
            found.append(former)
        if len(found) == HISTORY:
            break
    return found


def _gaps(former: Run) -> dict[str, float]:
    return {service: felt.gap_ms for service, felt in former.measured.items()}
