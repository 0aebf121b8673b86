"""Keystone in depth: what each controller's own keystone answers."""

from __future__ import annotations

from cluster.layers.keystone import KEYSTONE_API
from cluster.openstack.record import ApiNode
from cluster.openstack.verdict import answer
from cluster.state import ClusterState
from tui.console.depth.parts import rows, service
from tui.console.lines import Line, Span, heading, span, table


def lines(state: ClusterState) -> list[Line]:
    """Each controller's keystone."""
    names = ("HOST", "UNIT", "HEALTH", "TOKEN", "SECONDS")
    hint = "asked on each controller itself: the health path asks no database, a token does"
    return [heading("Keystone", hint), *table(names, rows("keystone", names, state[KEYSTONE_API], _row))]


def _row(_host: str, node: ApiNode) -> tuple[Span, ...]:
    return (
        service(node.service),
        span("answers" if node.healthy else answer(node.health), "ok" if node.healthy else "fail"),
        span("given" if node.works else answer(node.call), "ok" if node.works else "fail"),
        (f"{node.took:.2f}", ""),
    )
