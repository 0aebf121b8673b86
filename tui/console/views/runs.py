"""The runs: those of the journal, and one of them step by step."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from cluster.outcome import Outcome
from cluster.wire.journal import Entries, Intent, Note, StepResult, UndoIntent, UndoResult
from engine.known_runs import Run
from tui.console.lines import Line, Role, Row, Span, blank, fitted, heading, span, table
from tui.follow import died, event_line, felt_lines

_LOG = 200
"""Lines of a run's log that are shown, the newest."""


def outcome(run: Run) -> Span:
    """How it ended, or that it goes on."""
    if run.outcome is None:
        return ("▶ RUNNING", "accent")
    roles: dict[Outcome, tuple[str, Role]] = {Outcome.DONE: ("●", "ok"), Outcome.UNKNOWN: ("?", "unknown")}
    sign, role = roles.get(run.outcome, ("▲", "warn"))
    if run.outcome is Outcome.DIRTY:
        sign, role = "✖", "fail"
    if run.outcome is Outcome.DONE and run.clients:
        return (f"▲ {run.outcome}, clients hit", "warn")
    return (f"{sign} {run.outcome}", role)


def runs(found: Sequence[Run], *, replay: bool) -> list[Line]:
    """A line a run, the newest first."""
    rows = []
    for run in found:
        begin = run.begin
        at = time.strftime("%m-%d %H:%M:%S", time.localtime(begin.at))
        took = f"{run.events[-1].at - begin.at:.0f} s"
        cells = (
            span(at, "dim"),
            outcome(run),
            (took, "dim"),
            span(begin.who),
            span(f"{begin.title}: {begin.why or '-'}"),
        )
        rows.append(Row(run.id, cells))
    if not rows:
        return [heading("Runs", "a recording has none" if replay else "none from this machine yet")]
    return [
        heading("Runs", "enter: step by step"),
        *table(("BEGAN", "OUTCOME", "TOOK", "WHO", "WHAT, WHY"), rows, widest=22),
    ]


def run(found: Run, wall: float, rests_on: Iterable[Line] = ()) -> list[Line]:
    """One run: what it is, its steps with where each is, the lines of the gates, what clients felt, its log."""
    begin = found.begin
    last = found.events[-1].at if found.outcome else wall
    ended = f"  {found.end.reason}" if found.end else "" if found.alive else f"  {died(found)}"
    lines = [
        Line(
            (
                (" ", ""),
                span(begin.title, "head"),
                ("  ", ""),
                outcome(found),
                (f"  {last - begin.at:.0f} s", "dim"),
            ),
            "title",
        ),
    ]
    if ended:
        lines.append(Line((("  ", ""), span(ended.strip(), "strong")), "ended", ended.strip()))
    if found.clients:
        lines.append(Line((("  clients: ", "dim"), span(found.clients, "warn")), "clients"))
    moved = f"  from {begin.origin or '-'} to {begin.target or '-'}" if begin.origin or begin.target else ""
    lines += [
        Line((span(f"  run {found.id}  by {begin.who}: {begin.why or '-'}{moved}", "dim"),), "who"),
        blank(),
        heading("Steps"),
        *_steps(found, wall),
    ]
    if gates := list(rests_on):
        lines += [blank(), *gates]
    if felt := felt_lines(found.felt):
        lines += [blank(), heading("What clients felt")]
        lines += [Line((("  ", ""), span(text)), f"felt/{service}") for service, text in felt.items()]
    return [*lines, blank(), heading("Log"), *_log(found.events)]


def _steps(found: Run, wall: float) -> Iterator[Line]:
    """Each planned step, and where it is."""
    states: dict[int, Intent | StepResult | UndoIntent | UndoResult] = {}
    notes: dict[int, str] = {}
    now = -1
    for event in found.after:
        if isinstance(event, Intent | StepResult | UndoIntent | UndoResult):
            now = event.step
            states[now] = event
        elif isinstance(event, Note):
            notes[now] = event.text
    began = {event.step: event.at for event in found.after if isinstance(event, Intent)}
    names = found.begin.steps
    for number, name in enumerate(names):
        state = states.get(number)
        took = state.at - began[number] if state and number in began else 0.0
        if state is None:
            sign: Span = ("  ·  waits", "dim")
        elif isinstance(state, Intent | UndoIntent) and found.alive:
            sign, took = (
                (("  ▶  now" if isinstance(state, Intent) else "  ◀  undo"), "accent"),
                wall - began.get(number, wall),
            )
        elif isinstance(state, Intent | UndoIntent):
            sign = ("  ?  broke off", "unknown")
        elif isinstance(state, UndoResult):
            sign = ("  ◀  undone", "warn") if state.ok else ("  ✖  not undone", "fail")
        else:
            sign = ("  ●  done", "ok") if state.ok else ("  ▲  stopped", "warn")
        said = [
            fitted(sign, 16),
            span(f"{number + 1}/{len(names)} {name}"),
            ("  ", ""),
            span(f"{took:.1f} s" if took > 0.05 else "", "dim"),
        ]
        yield Line(tuple(said), f"step/{number}", f"{sign[0].strip()} {number + 1}/{len(names)} {name}")
        reason = state.reason if isinstance(state, StepResult | UndoResult) else ""
        if why := reason or (notes.get(number) if isinstance(state, Intent) else ""):
            yield Line(((" " * 16, ""), span(why, "warn" if reason else "dim")), f"why/{number}")


def _log(events: Iterable[Entries]) -> list[Line]:
    lines = []
    for number, event in enumerate(events):
        if text := event_line(event):
            at = time.strftime("%H:%M:%S", time.localtime(event.at))
            lines.append(Line(((f"  {at}  ", "dim"), span(text)), f"log/{number}", f"{at} {text.strip()}"))
    return lines[-_LOG:]
