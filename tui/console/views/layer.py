"""One layer: what is to be said of it, why, and everything in depth."""

from __future__ import annotations

from cluster.health.verdict import Verdict
from tui.console.depth import depth_of
from tui.console.known import Known
from tui.console.lines import Line, blank, heading, span, verdict
from tui.console.state import records
from tui.console.views.events import events

_EVENTS = 50
"""Events of one layer that are shown with it; the screen of the events has all."""


def names(known: Known) -> list[str]:
    """The layers that are told of, in the order in which they stand on each other."""
    return [layer.layer for layer in known.snapshot.layers] if known.snapshot else []


def layer(known: Known, now: float, name: str) -> list[Line]:
    """The layer of that name."""
    seen = known.snapshot
    found = next((one for one in seen.layers if one.layer == name), None) if seen else None
    if seen is None or found is None:
        return [Line(((f"  {known.trouble or 'Not seen yet.'}", "unknown"),))]
    stale = known.stale(now)
    said = Verdict.UNKNOWN if stale else found.verdict
    reason = stale or ("" if found.findings else found.reason)
    lines = [Line(((" ", ""), span(found.layer, "head"), ("  ", ""), verdict(said), ("  ", ""), span(reason)))]
    for number, finding in enumerate(found.findings):
        plain = f"{found.layer}: {finding.verdict} {finding.reason}"
        lines.append(
            Line(
                (("  ", ""), verdict(finding.verdict), ("  ", ""), span(finding.reason)),
                f"why/{number}",
                plain,
                layer=name,
            )
        )
    lines.append(blank())
    depth = depth_of(name)
    lines += depth(records(seen.state)) if depth else [heading("Nothing more is known of this layer.")]
    return lines + _events(known, name)


def _events(known: Known, name: str) -> list[Line]:
    """What happened to it, the newest first: who was the owner when, which server was down."""
    found = [one for one in known.events if one.event.layer == name][-_EVENTS:]
    return [blank(), heading("Events", "the newest first"), *reversed(events(found, named=False))] if found else []
