"""One layer in depth: a file a layer, with `lines` and perhaps `numbers`, pure functions of the snapshot's records."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cluster.layers import LAYERS
from cluster.state import ClusterState
from engine.parts import part_of
from tui.console.lines import Line


def depth_of(layer: str) -> Callable[[ClusterState], list[Line]] | None:
    """What is shown of a layer, by its name in the verdicts; None where there is nothing more to show."""
    part = part_of(__name__, layer)
    if part is None:
        return None
    # A part that several layers share may have a screen for each of them.
    found: Callable[[ClusterState], list[Line]] = part.LINES[layer] if hasattr(part, "LINES") else part.lines
    return found


def numbers_of(state: ClusterState) -> Iterator[tuple[str, int | None]]:
    """The numbers of all layers whose course is shown, by what each is called; None for one that no host tells."""
    for layer in LAYERS:
        part = part_of(__name__, layer.name)
        if numbers := getattr(part, "numbers", None):
            yield from numbers(state)
