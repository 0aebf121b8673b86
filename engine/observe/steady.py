"""What events are told of: a view in which what is only being asked again is as it was before.

When something moves, what another host said before it is unknown until that host has answered again: mostly for some
hundredths of a second. That is no change of its own. Snapshots, verdicts and gates have it as it is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from cluster.health.verdict import Verdict
from cluster.layer import UNKNOWN
from cluster.layers import layer_of
from engine.look import WITHIN
from engine.seen import Seen


class Steady:
    """How long each host has been asked again for a layer. Times are seconds of one steady clock."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}

    def view(self, before: Seen, now: Seen, at: float) -> Seen:
        """`now`, for whoever was told of `before`. After WITHIN seconds what is not known is told to be so."""
        self._since = {one: self._since.get(one, at) for one in now.awaited}
        return _waiting(before, now, {one for one, since in self._since.items() if at - since < WITHIN})


def _waiting(before: Seen, now: Seen, awaited: Collection[tuple[str, str]]) -> Seen:
    """`now`, but as it was `before` what is unknown and may be told by `awaited`, which are layers and hosts."""
    if not awaited:
        return now
    layers = {layer for layer, _ in awaited}
    kept = {
        thing: value
        for thing, value in before.picture.items()
        if now.picture.get(thing, UNKNOWN) == UNKNOWN
        and ((thing.fact, thing.host) in awaited if thing.host else thing.fact in layers)
    }
    judged = {layer_of(layer) for layer in layers}
    was = {layer.layer: layer for layer in before.layers}
    verdicts = tuple(
        was[layer.layer] if layer.verdict is Verdict.UNKNOWN and layer.layer in judged else layer
        for layer in now.layers
    )
    return replace(now, picture={**now.picture, **kept}, layers=verdicts)
