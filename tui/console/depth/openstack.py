"""OpenStack's services in depth: what each controller's own answer."""

from __future__ import annotations

from cluster.openstack.record import LIMIT, ApiNode
from cluster.openstack.table import BY_NAME
from cluster.openstack.verdict import answer
from cluster.state import ClusterState, runs
from tui.console.depth.parts import rows, service
from tui.console.lines import Line, Span, heading, span, table


def lines(state: ClusterState) -> list[Line]:
    """Each controller's, of every service that the inventory has."""
    names = ("HOST", "UNIT", "HEALTH", "CALL", "SECONDS", "FURTHER UNITS")
    found: list[Line] = []
    for one in BY_NAME.values():
        if nodes := state[one.fact]:
            hint = f"asked on each controller itself: the health path asks no database, {one.gives} does"
            found += [heading(one.name.capitalize(), hint), *table(names, rows(one.name, names, nodes, _row))]
    return found


def _row(_host: str, node: ApiNode) -> tuple[Span, ...]:
    # What answers then is another host's, at a VIP.
    if not runs(node.service):
        return (service(node.service), *[span("-")] * 4)
    away = [f"{_name(unit.unit)} down" for unit in node.workers if not runs(unit)]
    wrong = [*away, *(f"{_name(one.unit)} {answer(one.health)}" for one in node.mute)]
    further = ", ".join(wrong) or (f"{len(node.workers)} run" if node.workers else "-")
    return (
        service(node.service),
        span("answers" if node.healthy else answer(node.health), "ok" if node.healthy else "fail"),
        _call(node),
        (f"{node.took:.2f}", ""),
        span(further, "fail" if wrong else ""),
    )


def _name(unit: str) -> str:
    return unit.removesuffix(".service")


def _call(node: ApiNode) -> Span:
    if node.slow:
        return span(f"none for {node.waits:.0f} s", "warn")
    if node.call is None:
        return span("no token", "unknown")
    return span("given" if node.works else answer(node.call, LIMIT), "ok" if node.works else "fail")
