"""What the layers in depth have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from cluster.state import ServiceState, Unknown
from tui.console.lines import Row, Span, span

Record = TypeVar("Record")

Numbers = Iterable[tuple[str, int | None]]
"""What a layer's course is told by: a few numbers by their names, None for what no host tells now."""


def rows(
    layer: str,
    names: Sequence[str],
    nodes: Mapping[str, Record | Unknown],
    cells: Callable[[str, Record], Sequence[Span]],
) -> list[Row]:
    """A row a host, beginning with its name; one that nothing is known of says why.

    `cells` gives those of the columns `names` after the first.
    """
    found = []
    for host, node in nodes.items():
        if isinstance(node, Unknown):
            shown: Sequence[Span] = (
                ("unknown", "unknown"),
                *[("", "")] * (len(names) - 3),
                span(node.reason, "unknown"),
            )
        else:
            shown = cells(host, node)
        found.append(Row(f"{layer}/{host}", (span(host, "strong"), *shown), layer, host))
    return found


def service(unit: ServiceState | None) -> Span:
    """A unit of systemd in a few words."""
    if unit is None:
        return ("-", "dim")
    if unit.restart_due:
        return (f"{unit.active}, restart due", "warn")
    return span(unit.active, "ok" if unit.active == "active" else "fail")


def yes(value: bool, good: bool = True) -> Span:
    """A yes or a no, and whether that is well."""
    return ("yes" if value else "no", "" if value is good else "warn")


def duration(seconds: int) -> str:
    """Such as 3d 4h, 12m 5s."""
    for size, unit, smaller, below in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if seconds >= size:
            return f"{seconds // size}{unit} {seconds % size // smaller}{below}"
    return f"{seconds}s"
