"""Steps as one piece of work: each in its turn, and when one fails what was done before is taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pyinfra import logger
from pyinfra.api.arguments import ConnectorArguments
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.context import ctx_host
from typing_extensions import override

from cluster.outcome import Outcome, Result
from cluster.text import sentence
from cluster.wire.journal import Entry, Intent, Note, StepResult, UndoIntent, UndoResult
from operations.interrupting import interruptible
from operations.progress import heard, listeners, why_lost
from operations.steps import FAILURES, INTERRUPTIONS, Elsewhere, Refused, Step, Unseen


class Tell(Protocol):
    """Who is told of every event before and after it: the journal, for the engine."""

    def __call__(self, entry: Entry, /) -> None: ...


def carry_out(
    steps: Sequence[Step],
    tell: Tell,
    stop: Callable[[], str | None] = lambda: None,
    *,
    lost: Callable[[], str | None] = lambda: None,
    in_stages: bool = False,
    pause_after: int | None = None,
) -> Result:
    """Take the steps in order. `tell` has the Intent before an act begins, and the StepResult after it.

    Where it can't be told (`tell` raises), no further act begins, and what was done is undone all the same: the reason
    says so, and nothing is DONE.

    After a failure, of whatever kind (an interruption and the end of the process too), the steps that were taken are
    undone, the last first; `in_stages` all but the failed one stay, and the outcome is STOPPED (REVERTED where nothing
    had been changed before), as it is after the step `pause_after`. `stop` is asked before each step, and by a step
    that only waits; `lost` also in the middle of any: a reason to go no further. What a step notes is told as a
    Note.
    """
    taken: list[tuple[int, Step]] = []
    teller = tell = _Teller(tell)

    def may_not() -> str | None:
        return stop() or teller.why or None

    def ended(reason: str, failed: tuple[int, Step, BaseException] | None = None) -> Result:
        if not taken and failed is None:
            return Result(Outcome.REFUSED, reason)
        if in_stages:
            half_way = failed is not None and failed[1].undo is not None
            stays = failed[1].stays if failed is not None else ""
            told = f"{sentence(reason)} {stays}" if stays else reason
            result = _back([], reason, tell, failed) if half_way else Result(Outcome.STOPPED, told)
            kept = any(step.changes for _, step in taken)
            return result if result.outcome is Outcome.REVERTED and not kept else Result(Outcome.STOPPED, result.reason)
        return _back(taken, reason, tell, failed)

    for number, step in enumerate(steps):
        if reason := may_not():
            return ended(reason)
        try:
            reason = step.precheck()
        except BaseException as failure:
            reason = _said(failure)
        if reason:
            tell(StepResult(number, step.name, ok=False, reason=reason))
            return ended(reason)
        tell(Intent(number, step.name, step.on, step.layer, step.stage))
        if teller.why:
            return ended(teller.why)
        try:
            with heard(lambda text: tell(Note(text)), lost, stop):
                step.complete()
        except Elsewhere as found:
            tell(StepResult(number, step.name, ok=False, reason=str(found)))
            return Result(Outcome.DONE_ELSEWHERE, str(found))
        except BaseException as failure:
            tell(StepResult(number, step.name, ok=False, reason=_said(failure)))
            return ended(f"{step.name}: {_said(failure)}", (number, step, failure))
        tell(StepResult(number, step.name, ok=True))
        taken.append((number, step))
        if number == pause_after and number < len(steps) - 1:
            return Result(Outcome.STOPPED, f"Paused after {step.name}, as it was asked for.")
    if teller.why:
        return Result(Outcome.DIRTY, f"All of it was done, and stays. {teller.why}")
    return Result(Outcome.DONE)


class _Teller:
    """Tells, and keeps in mind that something could not be told: what is being taken back goes on."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self.why = ""
        """Why not all was told; empty while all was."""

    def __call__(self, entry: Entry, /) -> None:
        try:
            self._tell(entry)
        except Exception as failure:
            self.why = self.why or (str(failure) or type(failure).__name__)


def _said(failure: BaseException) -> str:
    if isinstance(failure, INTERRUPTIONS):
        return "It was interrupted"
    # A mistake in a runbook has no sentence of its own.
    return str(failure) if isinstance(failure, FAILURES) and str(failure) else f"{type(failure).__name__}: {failure}"


def _back(
    taken: Sequence[tuple[int, Step]], reason: str, tell: Tell, failed: tuple[int, Step, BaseException] | None
) -> Result:
    """Undo what can be undone, a step that failed half-way too. REVERTED only if all of it was."""
    left: list[str] = []
    unseen = False
    begun = [*taken, failed[:2]] if failed else taken
    for number, step in reversed(begun):
        if step.undo is None:
            broken = failed is not None and step is failed[1]
            left.append(f"{step.name} ({'it broke off' if broken else step.lasting or 'it stays done'})")
            unseen = unseen or (failed is not None and step is failed[1] and isinstance(failed[2], Unseen))
            continue
        tell(UndoIntent(number, step.name, step.on, step.layer, step.stage))
        try:
            step.undo()
        except BaseException as failure:
            left.append(f"{step.name} (not undone: {_said(failure)})")
            unseen = unseen or isinstance(failure, Unseen)
            tell(UndoResult(number, step.name, ok=False, reason=_said(failure)))
        else:
            tell(UndoResult(number, step.name, ok=True))
    if not left:
        undone = "Everything" if taken else f"{begun[0][1].name}"
        return Result(Outcome.REVERTED, f"{sentence(reason)} {undone} was undone.")
    stays = f"{sentence(reason)} What was done and stays: {'; '.join(left)}."
    return Result(Outcome.UNKNOWN if unseen else Outcome.DIRTY, stays)


def taken(steps: Sequence[Step]) -> None:
    """Take the steps as a part of another. Refused, with what is left, unless all of them were seen to succeed."""
    note, lost = listeners()

    def tell(entry: Entry, /) -> None:
        match entry:
            case Note(text=said) | Intent(name=said):
                note(said)

    result = carry_out(steps, tell, why_lost, lost=lost)
    if result.outcome is not Outcome.DONE:
        raise (Unseen if result.outcome is Outcome.UNKNOWN else Refused)(result.reason)


class Procedure(PyinfraCommand):
    """Steps that belong together, as one command of an operation: for those who use plain pyinfra.

    `plan` gives them when their turn comes; it may raise Refused. `on` is the host that they change; empty where they
    change the cluster as a whole.
    """

    def __init__(self, name: str, plan: Callable[[], Sequence[Step]], *, on: str = "") -> None:
        super().__init__()
        self.name = name
        self.plan = plan
        self.on = on

    @override
    def __repr__(self) -> str:
        return f"Procedure({self.name})"

    @override
    def execute(self, state: State, host: Host, connector_arguments: ConnectorArguments) -> bool:
        """Carry the steps out. False, which stops the run, unless all of them were seen to succeed."""
        logger.info(f"{host.print_prefix}{self.name}")

        def tell(entry: Entry, /) -> None:
            match entry:
                case Intent(name=name):
                    logger.info(f"{host.print_prefix}{name}")
                case StepResult(name=name, ok=False, reason=reason):
                    logger.info(f"{host.print_prefix}{name}: stopped. {reason}")

        _, lost = listeners()
        with ctx_host.use(host), interruptible():
            try:
                result = carry_out(self.plan(), tell, why_lost, lost=lost)
            except FAILURES as failure:
                result = Result(Outcome.REFUSED, str(failure))
        if result.outcome is not Outcome.DONE:
            logger.error(f"{host.print_prefix}{self.name}: {result.outcome}. {result.reason}")
        return result.outcome is Outcome.DONE
