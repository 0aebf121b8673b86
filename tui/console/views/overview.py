"""The overview: a row a layer, its nodes, and what is to be said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from cluster.health.verdict import RANK, HostHealth, LayerHealth, Verdict, worst
from cluster.wire.observed import Snapshot
from tui.console.known import Known
from tui.console.lines import ROLES, Line, Span, Spot, fitted, glyph, safe, span, verdict

_LAYER, _VERDICT, _NODE = 11, 10, 16
"""Columns of a layer's name and verdict, and of a node's cell at least."""
_BEFORE = 1 + _LAYER + _VERDICT
_NODES = 3
"""Cells of a row."""


def overview(known: Known, now: float, width: int) -> list[Line]:
    """The rows, for a screen of so many columns; below each that is not well, why."""
    seen = known.snapshot
    if seen is None:
        return [Line(((f"  {known.trouble or 'Asking every host…'}", "unknown" if known.trouble else "dim"),))]
    stale = bool(known.stale(now))
    cell = max(_NODE, (width - _BEFORE) // _NODES)
    lines = [Line(((f" {'LAYER':<{_LAYER}}{'VERDICT':<{_VERDICT}}NODES", "dim"),))]
    marks = _marks(seen)
    for layer in seen.layers:
        lines.append(_row(layer, cell, marks, stale=stale))
        # Of what is stale the header says why.
        if layer.verdict is not Verdict.OK and not stale:
            lines.append(Line(((" " * (1 + _LAYER), ""), span(layer.reason, ROLES[layer.verdict])), layer=layer.layer))
    return lines


def _row(layer: LayerHealth, cell: int, marks: Mapping[tuple[str, str], str], *, stale: bool) -> Line:
    said = Verdict.UNKNOWN if stale else layer.verdict
    spans: list[Span] = [(" ", ""), fitted(span(layer.layer, "strong"), _LAYER), fitted(verdict(said), _VERDICT)]
    spots: list[Spot] = []
    begin = _BEFORE
    shown, rest = _chosen(layer.hosts, _NODES)
    for host in shown:
        spans += _cell(host, cell, marks.get((layer.layer, host.host), ""), stale=stale)
        spots.append(Spot(begin, begin + cell - 1, host.host))
        begin += cell
    if rest:
        sign = Verdict.UNKNOWN if stale else worst(host.verdict for host in rest)
        spans += [glyph(sign), fitted((f" {len(rest)} more {sign}", ""), cell - 1)]
    said_of = f"{layer.layer}: {layer.reason}"
    return Line(tuple(spans), key=layer.layer, plain=safe(said_of), spots=tuple(spots), layer=layer.layer)


def _chosen(hosts: Sequence[HostHealth], room: int) -> tuple[list[HostHealth], list[HostHealth]]:
    """Those that are shown, and the rest: where there is not room for all, those in trouble come first."""
    if len(hosts) <= room:
        return list(hosts), []
    ranked = sorted(hosts, key=lambda host: -RANK.index(host.verdict))
    return ranked[: room - 1], ranked[room - 1 :]


def _cell(host: HostHealth, width: int, mark: str, *, stale: bool) -> list[Span]:
    """A node: what is well is told by what it does, anything else by its verdict."""
    said = Verdict.UNKNOWN if stale else host.verdict
    name = safe(host.host, 20)
    left = max(0, width - cell_len(name) - 4)
    well = mark or _doing(safe(host.shows), left)
    words = well if said is Verdict.OK else f"{said} {mark}".rstrip()
    # Where there is no room for both, the glyph says the one, and the layer's verdict stands beside it.
    words = mark if mark and cell_len(words) > left else words
    role = "" if said is not Verdict.OK else "accent" if mark else "dim"
    return [glyph(said), (f" {name} ", ""), fitted((words, role), left), (" ", "")]


def _doing(shows: str, room: int) -> str:
    """As much of it as there is room for, in whole parts; half of a part could say something else."""
    parts = shows.split(", ")
    while parts and cell_len(", ".join(parts)) > room:
        parts.pop()
    return ", ".join(parts) or str(Verdict.OK)


def _marks(seen: Snapshot) -> dict[tuple[str, str], str]:
    """What is to be known of a node first of all, by layer and host."""
    marks = {}
    for where in seen.where:
        if where.vip:
            marks.update({(where.layer, owner): "owner" for owner in where.holders})
        elif where.layer == "haproxy":
            marks.update({("galera", writer): "writer" for writer in where.holders})
    return marks
