"""One layer in depth: a file a layer, each with `lines`, a pure function of the snapshot's records."""

from __future__ import annotations

from collections.abc import Callable

from cluster.state import ClusterState
from engine.parts import part_of
from tui.console.lines import Line


def depth_of(layer: str) -> Callable[[ClusterState], list[Line]] | None:
    """What is shown of a layer, by its name in the verdicts; None where there is nothing more to show."""
    part = part_of(__name__, layer)
    found: Callable[[ClusterState], list[Line]] | None = part.lines if part else None
    return found
