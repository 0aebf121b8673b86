"""What has changed between two views of the cluster, as events: what is where, and what is to be said of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from cluster.gates.rest import Gate, gates
from cluster.health import LayerHealth, Verdict, assess, overall
from cluster.locked import Held, held
from cluster.picture import JUDGED, Picture, Thing, Where, changes, picture, whereabouts
from cluster.spec import Cluster
from cluster.starts import Starts, restarted, starts
from cluster.state import ClusterState
from engine.observe.memory import Ages


@dataclass(frozen=True, slots=True)
class Seen:
    """A view: what is so, what is to be said of it, and what is where."""

    state: ClusterState
    layers: tuple[LayerHealth, ...]
    hosts: Mapping[tuple[str, str], Verdict]
    """Layer and host to the host's verdict."""
    picture: Picture
    lock: Held
    starts: Starts = field(default_factory=dict)
    """The last start that is known of each daemon."""
    awaited: Collection[tuple[str, str]] = ()
    """Layer and host of what is unknown only until the host, which is asked again, has answered."""
    flapping: frozenset[Thing] = frozenset()
    """What moves again and again (engine/observe/flapping.py)."""

    @classmethod
    def of(
        cls,
        spec: Cluster,
        state: ClusterState,
        latest: ClusterState | None = None,
        awaited: Collection[tuple[str, str]] = (),
    ) -> Seen:
        """What is said of the whole comes from `state`, what is said of one host from `latest`, if given."""
        layers, where = assess(spec, state), picture(spec, state)
        closer = layers
        if latest is not None:
            closer = assess(spec, latest)
            wide = {thing: value for thing, value in where.items() if not thing.host}
            where = wide | {thing: value for thing, value in picture(spec, latest).items() if thing.host}
        hosts = {(layer.layer, host.host): host.verdict for layer in closer for host in layer.hosts}
        return cls(state, layers, hosts, where, held(state), starts(latest or state), awaited)

    def after(self, before: Seen) -> Seen:
        """The view, with what was known before of the daemons that it tells nothing of."""
        return replace(self, starts={**before.starts, **self.starts})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is known at `at` (seconds since the epoch), and how old it is."""

    cluster: str
    at: float
    verdict: Verdict
    layers: tuple[LayerHealth, ...]
    state: ClusterState
    ages: Ages
    where: tuple[Where, ...]
    gates: tuple[Gate, ...]
    lock: Held
    complete: bool = True
    """False while the observer begins: some host has not answered yet, and no event tells when it does."""
    kind: str = "snapshot"


@dataclass(frozen=True, slots=True)
class Event:
    """A change that was seen at `at` (seconds since the epoch). `layer` is one of the verdicts', `host` may be empty.

    `verdict` is the host's in that layer, or the layer's.
    """

    at: float
    layer: str
    host: str
    verdict: Verdict
    text: str
    kind: str = "event"


def snapshot(spec: Cluster, seen: Seen, ages: Ages, at: float, *, complete: bool = True) -> Snapshot:
    """The view as it is told."""
    where = whereabouts(seen.picture)
    shut = gates(spec, seen.state)
    verdict = overall(seen.layers)
    return Snapshot(spec.name, at, verdict, seen.layers, seen.state, ages, where, shut, seen.lock, complete)


def events(before: Seen, now: Seen, at: float) -> list[Event]:
    """What differs: first what is where, then the verdicts that follow from it."""
    verdicts = {(layer.layer, ""): layer.verdict for layer in now.layers} | dict(now.hosts)

    def event(field: str, host: str, text: str) -> Event:
        layer = JUDGED.get(field, field)
        return Event(at, layer, host, verdicts.get((layer, host), verdicts[layer, ""]), text)

    moved = changes(before.picture, now.picture)
    found = [event(one.thing.layer, one.thing.host, str(one)) for one in moved]
    found += [event(one.layer, one.host, f"{one} was restarted") for one in restarted(before.starts, now.starts)]
    if now.lock != before.lock:
        text = f"the cluster's lock was {before.lock}, and is {now.lock}"
        found.append(Event(at, "hosts", "", verdicts["hosts", ""], text))
    was = {layer.layer: layer.verdict for layer in before.layers}
    found += [
        Event(at, layer.layer, "", layer.verdict, f"was {was[layer.layer]}, and is {layer.verdict}: {layer.reason}")
        for layer in now.layers
        if layer.verdict is not was[layer.layer]
    ]
    for thing in sorted(now.flapping ^ before.flapping, key=lambda thing: thing.name):
        name = JUDGED.get(thing.layer, thing.layer)
        verdict = verdicts[name, ""]
        # Of a layer whose verdict it changes, the line above tells why.
        if verdict is was[name] or thing in before.flapping:
            text = f"{thing.name} {'is flapping' if thing in now.flapping else 'stays where it is again'}"
            found.append(Event(at, name, "", verdict, text))
    return found
