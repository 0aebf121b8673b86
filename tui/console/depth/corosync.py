"""Corosync in depth: who is a member, and whether they have quorum."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cluster.corosync.record import QuorumNode, Ring
from cluster.stacks import STACKS, Stack
from cluster.state import ClusterState
from tui.console.depth.parts import rows, service
from tui.console.lines import Line, Span, heading, span, table


def _lines(stack: Stack, state: ClusterState) -> list[Line]:
    """Each host's own view of the membership."""
    names = ("HOST", "QUORATE", "VOTES", "UNIT", "RINGS", "SEES")
    return [
        heading("Membership", f"as each of the {stack.title} sees it"),
        *table(names, rows(stack.quorum.name, names, state[stack.quorum], _row)),
    ]


def _row(_host: str, node: QuorumNode) -> tuple[Span, ...]:
    quorate: Span = ("yes", "ok") if node.quorate else ("no", "fail")
    return (
        quorate,
        (f"{node.votes} of {node.expected}", ""),
        service(node.service),
        _rings(node.rings),
        span(", ".join(node.members) or "-"),
    )


def _rings(rings: tuple[Ring, ...]) -> Span:
    """Which networks are whole; a dash where they were not asked."""
    amiss = [
        f"{ring.number} faulty" if ring.faulty else f"{ring.number} lost to {', '.join(ring.lost)}"
        for ring in rings
        if ring.faulty or ring.lost
    ]
    if amiss:
        return span("; ".join(amiss), "warn")
    return (f"{len(rings)} whole", "ok") if rings else ("-", "dim")


LINES: dict[str, Callable[[ClusterState], list[Line]]] = {stack.quorum.name: partial(_lines, stack) for stack in STACKS}
"""The screen of each cluster, by its layer's name."""
