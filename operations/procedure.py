"""Steps as one piece of work: each in its turn, and when one fails what was done before is taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pyinfra import logger
from pyinfra.api.arguments import ConnectorArguments
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.context import ctx_host
from typing_extensions import override

from cluster.outcome import Outcome
from operations.steps import FAILURES, Elsewhere, Step, Unseen


class Tell(Protocol):
    """Who is told of every event before and after it: the journal, for the engine."""

    def __call__(self, event: str, /, **fields: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Result:
    """How the steps ended, and the sentence that says why."""

    outcome: Outcome
    reason: str = ""


def carry_out(steps: Sequence[Step], tell: Tell, stop: Callable[[], str | None] = lambda: None) -> Result:
    """Take the steps in order. `tell` has the intent before an act begins: events intent, result, undo, undone.

    After a failure the steps that were taken are undone, the last first. `stop` is asked between two steps: a reason
    to go no further.
    """
    taken: list[tuple[int, Step]] = []
    for number, step in enumerate(steps):
        if taken and (reason := stop()):
            return _back(taken, reason, tell)
        try:
            reason = step.precheck()
        except FAILURES as failure:
            reason = str(failure)
        if reason:
            tell("result", step=number, name=step.name, ok=False, reason=reason)
            return _back(taken, reason, tell) if taken else Result(Outcome.REFUSED, reason)
        tell("intent", step=number, name=step.name)
        try:
            step.complete()
        except Elsewhere as found:
            tell("result", step=number, name=step.name, ok=False, reason=str(found))
            return Result(Outcome.DONE_ELSEWHERE, str(found))
        except FAILURES as failure:
            tell("result", step=number, name=step.name, ok=False, reason=str(failure))
            return _back([*taken, (number, step)], f"{step.name}: {failure}", tell, failed=failure)
        tell("result", step=number, name=step.name, ok=True)
        taken.append((number, step))
    return Result(Outcome.DONE)


def _back(
    taken: Sequence[tuple[int, Step]], reason: str, tell: Tell, failed: BaseException | None = None
) -> Result:
    """Undo what can be undone. REVERTED only if all of it was."""
    left: list[str] = []
    unseen = False
    for number, step in reversed(taken):
        if step.undo is None:
            left.append(f"{step.name} ({step.lasting or 'it stays done'})")
            unseen = unseen or (isinstance(failed, Unseen) and step is taken[-1][1])
            continue
        tell("undo", step=number, name=step.name)
        try:
            step.undo()
        except FAILURES as failure:
            left.append(f"{step.name} (not undone: {failure})")
            unseen = unseen or isinstance(failure, Unseen)
            tell("undone", step=number, name=step.name, ok=False, reason=str(failure))
        else:
            tell("undone", step=number, name=step.name, ok=True)
    if not left:
        return Result(Outcome.REVERTED, f"{reason} Everything was undone.")
    return Result(Outcome.UNKNOWN if unseen else Outcome.DIRTY, f"{reason} What was done and stays: {'; '.join(left)}.")


class Procedure(PyinfraCommand):
    """Steps that belong together, as one command of an operation: for those who use plain pyinfra."""

    def __init__(self, steps: Sequence[Step]) -> None:
        super().__init__()
        self.steps = steps

    @override
    def __repr__(self) -> str:
        return f"Procedure({', '.join(step.name for step in self.steps)})"

    @override
    def execute(self, state: State, host: Host, connector_arguments: ConnectorArguments) -> bool:
        """Carry the steps out. False, which stops the run, unless all of them were seen to succeed."""

        def tell(event: str, /, **fields: object) -> None:
            said = {"intent": "", "result": "" if fields.get("ok") else f"stopped. {fields.get('reason')}"}
            if event in said and (event == "intent" or said[event]):
                logger.info(f"{host.print_prefix}{fields['name']}{': ' if said[event] else ''}{said[event]}")

        with ctx_host.use(host):
            result = carry_out(self.steps, tell)
        if result.outcome is not Outcome.DONE:
            logger.error(f"{host.print_prefix}{result.outcome}: {result.reason}")
        return result.outcome is Outcome.DONE
