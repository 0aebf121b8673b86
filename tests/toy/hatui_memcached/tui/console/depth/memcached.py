"""memcached in depth."""

from __future__ import annotations

from cluster.state import ClusterState
from hatui_memcached.layer import CACHE, CacheNode
from tui.console.depth.parts import rows, service
from tui.console.lines import Line, Span, heading, span, table


def lines(state: ClusterState) -> list[Line]:
    """Each cache, with its clients."""
    names = ("HOST", "CLIENTS", "UNIT")
    return [heading("Caches"), *table(names, rows("memcached", names, state[CACHE], _row))]


def _row(_: str, node: CacheNode) -> tuple[Span, ...]:
    return span(str(node.clients)), service(node.service)
