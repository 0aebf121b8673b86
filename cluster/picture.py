"""What is where: the part of a snapshot that a plan rests on, as short values by name, and how two of them differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cluster.layer import Thing
from cluster.layers import layer_of, wanted
from cluster.spec import Cluster
from cluster.state import HOSTS, ClusterState, Unknown

Picture = Mapping[Thing, str]


@dataclass(frozen=True, slots=True)
class Where:
    """Where something of the whole cluster is, such as the writer. `layer` is one of the verdicts'."""

    layer: str
    name: str
    value: str
    vip: str = ""
    holders: tuple[str, ...] = ()


def whereabouts(seen: Picture) -> tuple[Where, ...]:
    """The things of a picture that are about no single host."""
    return tuple(
        Where(layer_of(thing.fact), thing.name, value, thing.vip, thing.holders)
        for thing, value in seen.items()
        if not thing.host
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A thing that is not what it was."""

    thing: Thing
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.thing.name} was {self.before}, and is {self.now}"


def picture(spec: Cluster, state: ClusterState) -> dict[Thing, str]:
    """What is where in `state`."""
    there = {
        Thing(HOSTS, name, name): "not answering" if isinstance(answer, Unknown) else "there"
        for name, answer in state.hosts.items()
    }
    return there | {thing: value for layer in wanted(spec) for thing, value in layer.things(spec, state)}


def changes(before: Picture, now: Picture) -> list[Change]:
    """What differs, in the order of `now`; a thing that only one of them has is "absent" in the other."""
    names = dict.fromkeys((*now, *before))
    return [
        Change(thing, before.get(thing, "absent"), now.get(thing, "absent"))
        for thing in names
        if before.get(thing, "absent") != now.get(thing, "absent")
    ]
