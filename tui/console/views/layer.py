"""One layer: what is to be said of it, why, and everything in depth."""

from __future__ import annotations

from cluster.health import Verdict
from tui.console.depth import DEPTHS
from tui.console.known import Known
from tui.console.lines import Line, blank, heading, span, verdict
from tui.console.state import records


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
    depth = DEPTHS.get(name)
    return lines + (depth(records(seen.state)) if depth else [heading("Nothing more is known of this layer.")])
