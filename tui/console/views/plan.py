"""A plan as lines: what moves where, over which steps, what clients will feel, and the way back."""

from __future__ import annotations

from cluster.wire.runs import Candidate, Proposal
from tui.act import measured_before, nothing
from tui.console.lines import Line, heading, span

POINT = "== point of no return =="


def plan(told: Proposal) -> list[Line]:
    """Of the engine's plan."""
    lines = []
    if told.origin or told.target:
        lines.append(
            Line(
                (
                    ("  from ", "dim"),
                    span(told.origin or "-", "strong"),
                    (" to ", "dim"),
                    span(told.target or "-", "accent"),
                ),
                "way",
            )
        )
    lines += candidates(told)
    lines += [
        Line((("  ", ""), span(text)), f"evidence/{number}") for number, text in enumerate(told.evidence.splitlines())
    ]
    if told.broken:
        lines.append(Line((("  finishes what broke off: ", "dim"), span(", ".join(told.broken))), "broken"))
    if told.steps:
        lines.append(heading("Steps", "in stages: what is done stays" if told.in_stages else ""))
    lines += _steps(told)
    if not told.steps and not told.refused:
        lines.append(Line((("  nothing to do: ", "ok"), span(nothing(told), "ok")), "nothing"))
    if told.steps:
        lines += _said("clients", told.expected)
        for text in measured_before(told.measured):
            lines += _said("measured", text)
        lines += _said("way back", told.undo)
    return lines


def candidates(told: Proposal) -> list[Line]:
    """What could be chosen, what is so of each now, and why not the others."""
    return [_candidate(one) for one in told.candidates]


def _candidate(one: Candidate) -> Line:
    name, now, against = one.name, one.now, one.against
    role = "warn" if against else "ok"
    spans = (
        ("  ", ""),
        ("✖ " if against else "● ", role),
        span(name, "strong"),
        ("  " if now else "", ""),
        span(now, "dim"),
        ("  ", ""),
        span(against or "ok", role),
    )
    return Line(spans, f"candidate/{name}", host="" if against else name)


def _steps(told: Proposal) -> list[Line]:
    lines = []
    passed = False
    for number, step in enumerate(told.steps, 1):
        lasting = not step.undone and not told.in_stages
        if lasting and not passed:
            passed = True
            lines.append(Line(((f"     {POINT}", "warn"),), "point"))
        mark = f"not undone: {step.lasting or 'it stays done'}" if lasting else ""
        lines.append(
            Line(((f"  {number:2} ", "dim"), span(step.name), ("  ", ""), span(mark, "dim")), f"step/{number}")
        )
    return lines


def _said(name: str, text: str) -> list[Line]:
    return [Line(((f"  {name:<9} ", "dim"), span(text)), f"{name}/{text}")] if text else []
