"""What moves again and again: an owner that changed so often lately is no news any longer, but a trouble of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cluster.health.verdict import Finding, LayerHealth, Verdict, layer_health
from cluster.layer import Thing
from cluster.layers import layer_of
from cluster.spec import Cluster
from engine.seen import Seen

MOVES = 4
"""Moves from one host to another within WITHIN seconds from which on a thing is flapping: a failover, and a split that
heals, make three. Those that a run made, which holds the cluster's lock, are not counted: somebody wanted them."""
WITHIN = 300.0


@dataclass(slots=True)
class _Path:
    on: str
    moves: deque[float]


class Flapping:
    """The VIPs' owners, the writer, and each resource that is on one host. Times are seconds of one steady clock."""

    def __init__(self, cluster: Cluster) -> None:
        self._hosts = cluster.hosts
        self._paths: dict[Thing, _Path] = {}

    def judge(self, seen: Seen, now: float) -> Seen:
        """The view, with what is to be said of what flaps."""
        found: dict[str, list[Finding]] = {}
        names = []
        for thing, path in self._followed(seen, now):
            if len(path.moves) >= MOVES:
                names.append(thing)
                took = now - path.moves[0]
                reason = f"flapping: {thing.name} moved {len(path.moves)} times in {took:.0f} s, and is {path.on} now"
                found.setdefault(_layer(thing), []).append(Finding(Verdict.WARN, reason))
        layers = tuple(_with(layer, found.get(layer.layer, [])) for layer in seen.layers)
        return replace(seen, layers=layers, flapping=frozenset(names)) if names else seen

    def _followed(self, seen: Seen, now: float) -> Iterator[tuple[Thing, _Path]]:
        for thing, value in seen.picture.items():
            # What is on no host, on several or not known is on its way.
            if not thing.host and value in self._hosts:
                path = self._paths.setdefault(thing, _Path(value, deque(maxlen=99)))
                if value != path.on:
                    path.on = value
                    if not seen.lock.held:
                        path.moves.append(now)
        for thing, path in self._paths.items():
            while path.moves and now - path.moves[0] > WITHIN:
                path.moves.popleft()
            yield thing, path


def _layer(thing: Thing) -> str:
    return layer_of(thing.fact)


def _with(layer: LayerHealth, more: list[Finding]) -> LayerHealth:
    if not more:
        return layer
    return layer_health(layer.layer, layer.hosts, [*layer.findings, *more], healthy=layer.reason)
