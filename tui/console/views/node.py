"""One node: everything that its facts say, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cluster.health.verdict import Verdict
from cluster.layers import layer_of
from cluster.wire.observed import Snapshot
from tui.console.known import Known
from tui.console.lines import Line, Span, blank, fitted, span, verdict

_PART_OF = {"lock": "hosts"}
"""Records that no layer is judged by, and the layer whose screen they lead to."""
_QUIET: Mapping[str, Any] = {"edited": [], "known": True, "frozen": False}
"""Facts of a unit that are worth a line only where they are not so."""
_FOR_PROGRAMS = ("started", "alike")
"""Facts that are there to be compared, and tell a person nothing."""
_NAME = 26
"""Columns of a fact's name."""


def names(known: Known) -> list[str]:
    """Every host that is told of, in the order of the inventory."""
    seen = known.snapshot
    return list(dict.fromkeys(host.host for layer in seen.layers for host in layer.hosts)) if seen else []


def node(known: Known, now: float, name: str) -> list[Line]:
    """The host of that name."""
    seen = known.snapshot
    if seen is None or name not in names(known):
        return [Line(((f"  {known.trouble or 'Not seen yet.'}", "unknown"),))]
    stale = bool(known.stale(now))
    lines: list[Line] = []
    for record, hosts in seen.state.items():
        if not isinstance(hosts, Mapping) or name not in hosts:
            continue
        layer = layer_of(record)
        lines += [_heading(seen, record, layer, name, stale=stale)]
        for path, value in _facts(hosts[name], ""):
            spans: tuple[Span, ...] = (("  ", ""), fitted(span(path, "dim"), _NAME), ("  ", ""), span(value))
            plain = f"{name} {record} {path}: {span(value)[0]}"
            lines.append(Line(spans, f"{record}/{path}", plain, layer=_PART_OF.get(record, layer), host=name))
        lines.append(blank())
    return lines[:-1]


def _heading(seen: Snapshot, record: str, layer: str, name: str, *, stale: bool) -> Line:
    judged = next((host for one in seen.layers if one.layer == layer for host in one.hosts if host.host == name), None)
    age = seen.ages.get(record, {}).get(name)
    old = "" if age is None else f"  read {age:.0f} s ago"
    if judged is None:
        return Line(((" ", ""), span(record, "head"), (old, "dim")))
    said = Verdict.UNKNOWN if stale else judged.verdict
    spans = ((" ", ""), span(record, "head"), ("  ", ""), verdict(said), ("  ", ""), span(judged.shows), (old, "dim"))
    return Line(spans, f"{record}/", f"{name} {layer}: {said} {judged.shows}", layer=layer, host=name)


def _facts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each fact below `path`, by its name with dots."""
    if isinstance(value, Mapping):
        if not value:
            yield path, "none"
        for key, inner in value.items():
            if key in _FOR_PROGRAMS or (key in _QUIET and inner == _QUIET[key]):
                continue
            yield from _facts(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        if not value:
            yield path, "none"
        elif not any(isinstance(one, Mapping) for one in value):
            yield path, ", ".join(map(str, value))
        else:
            for number, one in enumerate(value):
                yield f"{path}.{number}", _brief(one)
    else:
        yield path, _value(value)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    return "unknown" if value is None else str(value)


def _brief(one: Any) -> str:
    """A record in a line: what it has, without what is empty."""
    if not isinstance(one, Mapping):
        return str(one)
    return "  ".join(f"{key} {value}" for key, value in one.items() if value not in (None, "", [], {}))
