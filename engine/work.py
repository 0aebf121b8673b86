"""What a run does with the cluster itself: it looks, plans, asks, and takes the steps.

Apart from engine/run.py because all of pyinfra is imported for it, which takes longer than to be told that somebody
else holds the lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import gevent
import msgspec

from cluster.outcome import Outcome, Result
from cluster.spec import Cluster
from cluster.state import ClusterState
from cluster.wire.journal import Entry, Measured, Note, StepResult, UndoResult
from cluster.wire.probes import ServiceReport
from engine import session
from engine.felt import worse
from engine.foreign import Foreign
from engine.journal import Unwritten
from engine.known_runs import runs
from engine.library import Runbook
from engine.masking import hidden
from engine.probing import Probing
from engine.runbook import Broken, Plan, View
from engine.team import gather
from operations.procedure import Tell, carry_out
from operations.starting import heard_of
from operations.steps import FAILURES


class Work:
    """A runbook's work on a cluster. One for each process: it has pyinfra's one State."""

    def __init__(self, cluster: Cluster, inventory: Path, runbook: Runbook) -> None:
        self._cluster = cluster
        self._inventory = inventory
        self._runbook = runbook
        self._seen = ClusterState()
        session.begin(cluster)
        # Asked side by side with everything else, before a plan is made of it.
        self._team = gevent.spawn(gather, cluster)

    def look(self) -> ClusterState:
        """What is so now."""
        self._seen = session.seen(self._cluster)
        return self._seen

    def plan(self, state: ClusterState) -> Plan:
        """The runbook's plan; one that is refused where it can't be made."""
        self._team.join()
        view = View(self._cluster, state, self._inventory, _broken(self._cluster))
        try:
            return self._runbook.plan(view, **self._runbook.parameters)
        except FAILURES as failure:
            return Plan(title=self._runbook.name, refused=str(failure))

    def prechecks(self, plan: Plan) -> Iterator[str]:
        """For each step why it must not be taken as things are now; empty: nothing is against it."""
        for step in plan.steps:
            try:
                yield step.precheck() or ""
            except FAILURES as failure:
                yield str(failure)

    def carry_out(
        self, plan: Plan, tell: Tell, stop: Callable[[], str | None], lost: Callable[[], str | None]
    ) -> Result:
        """Take the steps, while what clients feel is measured. As operations.procedure.carry_out.

        What was restarted since the last look, and not by the steps, is told.
        """

        def masked_tell(entry: Entry, /) -> None:
            if isinstance(entry, StepResult | UndoResult):
                entry = msgspec.structs.replace(entry, reason=hidden(self._cluster, entry.reason))
            tell(entry)

        probing = Probing(self._cluster, plan.measures) if plan.measures else None
        if probing and (why_not := probing.start()):
            # What can't be written is known by the journal, and met again before the first step.
            with suppress(Unwritten):
                tell(Note(f"What clients feel can't be measured: {why_not}"))
        foreign = Foreign(self._seen, lambda text: tell(Note(text)))
        try:
            with heard_of(foreign.began):
                result = carry_out(
                    plan.steps,
                    masked_tell,
                    stop,
                    lost=lost,
                    in_stages=plan.in_stages,
                    pause_after=plan.pause_after,
                )
        finally:
            measured = probing.stop() if probing else Measured()
            if probing:
                with suppress(Unwritten):
                    tell(measured)
        # What a service said on its way down is part of a reason.
        result = in_the_end(replace(result, reason=hidden(self._cluster, result.reason)), plan, measured.services)
        return foreign.beside(result)


def in_the_end(result: Result, plan: Plan, services: Mapping[str, ServiceReport]) -> Result:
    """What is so after everything else: the goal is looked at once more, and what clients felt is told beside it."""
    if result.outcome is not Outcome.DONE:
        return result
    clients = worse(services, plan.gap)
    try:
        elsewhere = plan.holds()
    except FAILURES as failure:
        why = f"Every step was done, and whether it is still so could not be seen: {failure}"
        return Result(Outcome.UNKNOWN, why, clients)
    if elsewhere:
        return Result(Outcome.DONE_ELSEWHERE, f"Every step was done, and by now it is not so: {elsewhere}.", clients)
    return Result(result.outcome, result.reason, clients)


def _broken(cluster: Cluster) -> list[Broken]:
    """The newest runs, as far as all of them died: what was finished since is no longer of interest."""
    found: list[Broken] = []
    for former in runs(cluster.name):
        if former.alive or former.outcome is Outcome.REFUSED:
            continue
        if not former.died:
            break
        begin = former.begin
        found.append(Broken(former.id, begin.runbook, begin.parameters, former.last_step, former.last_host))
    return found
