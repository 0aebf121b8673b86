"""A verb that changes something: its plan is shown, agreed to, and then followed; who leaves stops nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO

import msgspec

from cluster.exits import WRONG_CALL
from cluster.outcome import Outcome
from cluster.wire.lines import OtherVersion, Reader, line
from cluster.wire.runs import Agreement, Ended, Journaled, Precheck, Proposal, Said
from engine.start import own
from tui.follow import NeverBegun, follow, outcome_line

_CODES = {outcome.exit_code for outcome in Outcome}
SAID = 65536
"""Bytes of the engine's last words that are shown."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for: a runbook by name or path, and how it is to be agreed to."""

    inventory: Path
    runbook: str
    parameters: Mapping[str, str]
    reason: str = ""
    yes: bool = False
    dry_run: bool = False


def act(ask: Ask) -> int:
    """Plan, ask, run, follow. The exit code of the outcome; nothing that was not seen to succeed is 0."""
    # A file takes whatever the engine may say; a pipe that nobody reads yet would hold it up.
    with tempfile.TemporaryFile() as errors:
        engine = _start(ask, errors)
        try:
            return _through(engine, ask, errors)
        except KeyboardInterrupt:
            print()
            return _stopped(engine)
        except OtherVersion as other:
            print(other, file=sys.stderr)
            return _stopped(engine)


def _stopped(engine: subprocess.Popen[str]) -> int:
    """It has not begun, or has this moment: then it takes back what it did, and its code says so."""
    engine.terminate()
    code = engine.wait()
    if code not in _CODES or code == 0:
        print("It was stopped before it had begun: nothing was changed.")
        return Outcome.REFUSED.exit_code
    print("It was stopped when it had just begun: `hatui history` tells of it.")
    return code


def _through(engine: subprocess.Popen[str], ask: Ask, errors: IO[bytes]) -> int:
    assert engine.stdin is not None and engine.stdout is not None
    plan: Proposal | None = None
    so_already = False
    heard = _heard(engine)
    for said in heard:
        match said:
            case Proposal():
                plan = said
                print(shown(plan))
                # What has to be typed is typed, whoever said yes beforehand.
                unasked = ask.dry_run or (ask.yes and not plan.typed)
                if plan.steps and not plan.refused and not unasked:
                    _send(engine.stdin, _agreement(plan, ask))
            case Precheck(step, reason) if plan is not None:
                print(f"precheck now  {plan.steps[step].name}: {reason or 'nothing against it'}")
            case Journaled(_, journal):
                # From here on the engine needs nobody, and is heard through its journal.
                try:
                    return follow(
                        Path(journal), lambda: engine.poll() is not None, last_words=lambda: _end_of(engine, heard)
                    )
                except NeverBegun:
                    # Why, is its next line, if it could say it.
                    continue
            case Ended(outcome, reason):
                print(outcome_line(outcome, reason))
                so_already = outcome is Outcome.DONE and plan is not None and not plan.steps
    engine.stdin.close()
    code = engine.wait()
    if last := _last_words(errors):
        print(last, file=sys.stderr)
    if code in WRONG_CALL:
        return code
    if code not in _CODES or (code == 0 and not ask.dry_run and not so_already):
        print(outcome_line(Outcome.REFUSED, _silent(code)))
        return Outcome.REFUSED.exit_code
    if ask.dry_run and code == 0:
        print("Nothing was changed: it was a dry run.")
    elif plan is not None and code == Outcome.REFUSED.exit_code and not plan.refused:
        print("Nothing was changed.")
    return code


def _heard(engine: subprocess.Popen[str]) -> Iterator[Said]:
    """What the engine tells, until it says nothing more, or died in the middle of a line."""
    assert engine.stdout is not None
    reader: Reader[Said] = Reader(Said)
    with contextlib.suppress(msgspec.DecodeError):
        for text in iter(engine.stdout.readline, ""):
            if (said := reader.read(text)) is not None:
                yield said


def _end_of(engine: subprocess.Popen[str], heard: Iterator[Said]) -> Ended | None:
    """How a run ended whose journal could not be written to its end, told by its engine; None if it was killed."""
    engine.wait()
    return next((said for said in heard if isinstance(said, Ended)), None)


def _silent(code: int) -> str:
    """What to say of an engine that ended with `code` (negative: the signal) and had begun no journal.

    Nothing is done before the journal's first line, so this is no run whose end was not seen.
    """
    ended = f"was killed (signal {-code})" if code < 0 else f"ended with {code}, which is no outcome,"
    return (
        f"The engine {ended} before it had begun a journal, and so before its first step: nothing was changed. Run "
        "the same again; if it ends like this again, what it says on stderr is the reason."
    )


def _send(pipe: IO[str], answer: Agreement) -> None:
    """Answer an engine that may have died meanwhile; that is seen by its silence, and must end nobody else."""
    former = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        with contextlib.suppress(BrokenPipeError):
            # Past Python's buffer, which would try once more when it is closed.
            os.write(pipe.fileno(), line(answer))
    finally:
        signal.signal(signal.SIGPIPE, former)


def command(ask: Ask) -> list[str]:
    """The engine's command line for what is asked."""
    words = own("engine", "run", ask.runbook, "--inventory", str(ask.inventory))
    for key, value in ask.parameters.items():
        words += ["--set", f"{key}={value}"]
    words += ["--reason", ask.reason] if ask.reason else []
    words += ["--yes"] if ask.yes else []
    words += ["--dry-run"] if ask.dry_run else []
    return words


def _last_words(errors: IO[bytes]) -> str:
    """The end of what the engine said on stderr."""
    errors.seek(max(errors.seek(0, os.SEEK_END) - SAID, 0))
    return errors.read().decode(errors="replace").strip()


def _start(ask: Ask, errors: IO[bytes]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(ask),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,
    )


def _agreement(plan: Proposal, ask: Ask) -> Agreement:
    """What is sent for what a person typed; no terminal and no line is a no."""
    try:
        if plan.typed:
            agreed = input(f"Type {plan.typed} to go on: ").strip() == plan.typed
        else:
            agreed = input("Go on? [y/N] ").strip().lower() in ("y", "yes")
        reason = ask.reason or (input("Reason, for the journal: ").strip() if agreed and sys.stdin.isatty() else "")
    except (EOFError, KeyboardInterrupt):
        print()
        return Agreement(agreed=False)
    return Agreement(agreed, reason)


def shown(plan: Proposal) -> str:
    """The plan for a person: what moves, over which steps, what clients will feel, and the way back."""
    lines = [plan.title]
    if plan.origin or plan.target:
        lines.append(f"  from {plan.origin or '-'} to {plan.target or '-'}")
    for one in plan.candidates:
        now = f" ({one.now})" if one.now else ""
        lines.append(f"  candidate {one.name}{now}: {one.against or 'ok'}")
    if plan.evidence:
        lines += ["", *(f"  {line}" for line in plan.evidence.splitlines()), ""]
    if plan.broken:
        lines.append(f"  finishes what broke off: {', '.join(plan.broken)}")
    for number, step in enumerate(plan.steps, 1):
        mark = "" if step.undone or plan.in_stages else f"   (not undone: {step.lasting or 'it stays done'})"
        lines.append(f"  {number:2} {step.name}{mark}")
    if not plan.steps and not plan.refused:
        lines.append(f"  nothing to do: {nothing(plan)}")
    if plan.expected and plan.steps:
        lines.append(f"  clients   {plan.expected}")
    lines += [f"  measured  {line}" for line in measured_before(plan.measured)]
    if plan.undo:
        lines.append(f"  way back  {plan.undo}")
    return "\n".join(lines)


def nothing(plan: Proposal) -> str:
    """Why a plan without steps has none."""
    return plan.already or "it is so already"


def measured_before(gaps: Sequence[Mapping[str, float]]) -> list[str]:
    """What the last runs of the kind cost, by service, in milliseconds."""
    found = []
    for service in sorted({name for run in gaps for name in run}):
        values = [run[service] for run in gaps if service in run]
        gaps_of = f"longest gap {max(values):.0f} ms, median {median(values):.0f} ms"
        found.append(f"{service}: {gaps_of} in the last {len(values)} runs")
    return found
