"""Hosts in depth: which answer."""

from __future__ import annotations

from cluster.state import ClusterState
from tui.console.depth.parts import rows
from tui.console.lines import Line, heading, table


def lines(state: ClusterState) -> list[Line]:
    """Each host, and how long it took to answer."""
    names = ("HOST", "ANSWERS", "AFTER")
    found = rows("hosts", names, state.hosts, lambda _, answer: (("yes", "ok"), (f"{answer.took:.2f} s", "")))
    return [heading("Hosts"), *table(names, found)]
