"""What has changed between two views of the cluster, as events: what is where, and what is to be said of it. Pure."""

from __future__ import annotations

from cluster.layers import layer_of
from cluster.picture import changes
from cluster.starts import restarted
from cluster.wire.observed import Event
from engine.seen import Seen


def events(before: Seen, now: Seen, at: float) -> list[Event]:
    """What differs: first what is where, then the verdicts that follow from it."""
    verdicts = {(layer.layer, ""): layer.verdict for layer in now.layers} | dict(now.hosts)

    def event(field: str, host: str, text: str) -> Event:
        layer = layer_of(field)
        return Event(at, layer, host, verdicts.get((layer, host), verdicts[layer, ""]), text)

    moved = changes(before.picture, now.picture)
    found = [event(one.thing.fact, one.thing.host, str(one)) for one in moved]
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
        name = layer_of(thing.fact)
        verdict = verdicts[name, ""]
        # Of a layer whose verdict it changes, the line above tells why.
        if verdict is was[name] or thing in before.flapping:
            text = f"{thing.name} {'is flapping' if thing in now.flapping else 'stays where it is again'}"
            found.append(Event(at, name, "", verdict, text))
    return found
