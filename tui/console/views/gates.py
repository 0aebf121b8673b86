"""The gates: what has to be so before anything may be taken out of the cluster, and what is so."""

from __future__ import annotations

from tui.console.known import Known
from tui.console.lines import Line, Row, Span, heading, span, table


def gates(known: Known, now: float) -> list[Line]:
    """A row a gate."""
    seen = known.snapshot
    if seen is None or not seen.gates:
        return [Line(((f"  {known.trouble or 'Not seen yet.'}", "unknown"),))]
    stale = bool(known.stale(now))
    rows = []
    for gate in seen.gates:
        shut: Span = ("? unknown", "unknown") if stale else ("● open", "ok") if gate.open else ("✖ SHUT", "fail")
        now_so = span(gate.now, "" if gate.open else "fail")
        rows.append(Row(f"gate/{gate.name}", (span(gate.name, "strong"), shut, span(gate.need), now_so)))
    hint = "a step is taken only while all that it rests on are open"
    return [heading("Gates", hint), *table(("GATE", "", "NEED", "NOW"), rows)]
