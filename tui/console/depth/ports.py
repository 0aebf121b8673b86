"""The packet filter in depth: each host's rules, and its unit."""

from __future__ import annotations

from cluster.ports.record import PORT_FILTER, FilterNode
from cluster.state import ClusterState
from tui.console.depth.parts import rows, service
from tui.console.lines import Line, Span, heading, span, table


def lines(state: ClusterState) -> list[Line]:
    """Each host."""
    names = ("HOST", "RULES", "UNIT")
    return [heading("Packet filter"), *table(names, rows("ports", names, state[PORT_FILTER], _row))]


def _row(_: str, node: FilterNode) -> tuple[Span, ...]:
    return span(str(node.rules), "" if node.rules else "warn"), service(node.service)
