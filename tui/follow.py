"""A run, followed in its journal: the same for who began it and for who comes back to it."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cluster.exits import NOT_FOLLOWED
from cluster.outcome import Outcome
from cluster.wire.journal import Begin, Entries, Intent, Measured, Note, StepResult, UndoIntent, UndoResult
from cluster.wire.probes import ServiceReport
from cluster.wire.runs import Ended
from engine.known_runs import Run, read

EVERY = 0.05
"""Seconds between two looks at the journal."""
LATE = 20.0
"""Milliseconds that the prober may be behind its schedule before the figures say so."""


class NeverBegun(Exception):
    """The engine ended before its journal had a first line, and so before it changed anything."""


def follow(
    path: Path,
    ended: Callable[[], bool] = lambda: True,
    told: int = 0,
    last_words: Callable[[], Ended | None] = lambda: None,
    renew: Callable[[], None] = lambda: None,
) -> int:
    """Print each event of the run as it comes, after the first `told`, until its end. The outcome's exit code.

    The journal may not be there yet: it is waited for until its engine has `ended`, and then it is NeverBegun. One that
    ends without an end may have told it in its `last_words`, where it could not be written. `renew` brings what
    there is anew, where it does not come by itself.
    """
    run: Run | None = None
    try:
        while True:
            renew()
            # Asked before the journal is read: what an engine left that ends in between is read in the next turn.
            over = ended()
            run = read(path)
            if run:
                for line in _lines(run, told):
                    print(line, flush=True)
                told = len(run.events)
                if run.outcome:
                    break
            elif over:
                raise NeverBegun
            time.sleep(EVERY)
    except KeyboardInterrupt:
        print(f"\nThe run goes on without you: hatui history show {path.stem} --follow")
        return NOT_FOLLOWED
    end = last_words() or _end(run)
    print(outcome_line(end.outcome, end.reason, run.clients if run.end else ""))
    return end.outcome.exit_code


def _end(run: Run) -> Ended:
    if run.end is None:
        return Ended(Outcome.UNKNOWN, died(run))
    return Ended(run.end.outcome, run.end.reason)


def died(run: Run) -> str:
    """What to do about a run whose process ended without a word."""
    step = f'in or after the step "{run.last_step}"' if run.last_step else "before its first step"
    return f"The engine of run {run.id} died {step}. Run the same again: it looks, and does what is left."


def outcome_line(outcome: str, reason: str, clients: str = "") -> str:
    """The last line of a run, and a second one if its clients fared worse than planned."""
    felt = f"\nCLIENTS  {clients}" if clients else ""
    return folded(f"{outcome}{f'  {reason}' if reason else ''}{felt}")


def folded(text: str) -> str:
    """Lines no longer than the terminal is wide, where there is one; the journal and --json have them whole."""
    if not sys.stdout.isatty():
        return text
    width = max(40, shutil.get_terminal_size().columns)
    lines = (
        textwrap.wrap(line, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )
    return "\n".join("\n".join(line) for line in lines)


def _lines(run: Run, begin: int) -> Iterator[str]:
    for event in run.events[begin:]:
        if line := event_line(event):
            yield folded(f"{time.strftime('%H:%M:%S', time.localtime(event.at))}  {line}")


def event_line(event: Entries) -> str:
    """An event of a journal in a line; empty for those that say nothing new."""
    match event:
        case Begin(run=run, title=title):
            return f"run {run}: {title}"
        case Intent(name=name):
            return f"   …  {name}"
        case StepResult(name=name, ok=ok, reason=reason):
            return f"  ok  {name}" if ok else f"stop  {name}: {reason}"
        case UndoIntent(name=name):
            return f"   …  undo: {name}"
        case UndoResult(name=name, ok=ok, reason=reason):
            return f"  ok  undone: {name}" if ok else f"stop  not undone: {name}: {reason}"
        case Note(text=text):
            return f"      {text}"
        case Measured():
            return "; ".join(felt_lines(event).values())
    return ""


def felt_lines(measured: Measured) -> dict[str, str]:
    """What clients felt, in words, by service; and why a service was not measured."""
    felt = {service: _felt_line(service, felt) for service, felt in measured.services.items()}
    return felt | {service: f"{service}: not measured ({why})" for service, why in measured.unmeasured.items()}


def _felt_line(service: str, felt: ServiceReport) -> str:
    stream = felt.stream
    line = f"{service}: {felt.failed} of {felt.probes} new connections failed{_kinds(felt.kinds)}"
    line += f", longest gap {_ms(felt.gap_ms)}, p99 {_ms(felt.p99_ms)}; open stream: "
    if stream.gap_ms is None:
        line += f"never opened{_kinds(stream.kinds)}"
    else:
        line += f"{stream.resets} resets{_kinds(stream.kinds)}, longest gap {_ms(stream.gap_ms)}"
    if felt.late_ms > LATE:
        line += f"; measured with up to {_ms(felt.late_ms)} of delay of its own"
    return f"{line}; {felt.note}" if felt.note else line


def _kinds(kinds: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{kind}: {count}' for kind, count in kinds.items())})" if kinds else ""


def _ms(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f} ms"
