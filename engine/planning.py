"""From the changes that a deploy would make, and what is so, to the stages in which they are rolled out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cluster.changes import Change
from cluster.layer import Layer, Load
from cluster.layers import LAYERS, UNITS, wanted
from cluster.spec import Cluster
from cluster.state import ClusterState


@dataclass(frozen=True, slots=True)
class Stage:
    """The hosts of a layer that are changed together: one, but for Corosync's."""

    name: str
    """LAYER/HOST, such as galera/mysql2; pacemaker/all."""
    layer: str
    hosts: tuple[str, ...]
    changes: tuple[Change, ...]
    effects: tuple[str, ...]
    """What follows from them."""
    why: str
    """Why it has this place in the order."""
    canary: bool
    """The first of its layer: what follows waits until the cluster has borne it for a while."""


def stages(spec: Cluster, state: ClusterState, changes: Sequence[Change], canary: str = "") -> tuple[Stage, ...]:
    """The stages of `changes`, the layers in their order; in each the canary first, and what carries traffic last.

    `canary` is the host that goes first where it is changed; by default one that carries no traffic does.
    """
    return tuple(
        stage
        for layer in LAYERS
        for stage in _of_layer(spec, state, layer, [change for change in changes if change.layer == layer.name], canary)
    )


def _of_layer(
    spec: Cluster, state: ClusterState, layer: Layer, changes: Sequence[Change], canary: str
) -> Iterator[Stage]:
    if not changes:
        return
    traffic = carried(spec, state, layer)
    members = layer.hosts(spec)
    if layer.together:
        effects = _effects(changes)
        yield Stage(f"{layer.name}/all", layer.name, members, tuple(changes), effects, layer.together, canary=True)
        return
    mine = {name: [change for change in changes if change.host == name] for name in spec.hosts}
    common = [change for change in changes if not change.host]
    changed = sorted(
        (name for name, found in mine.items() if found),
        key=lambda name: (name != canary, _clients(traffic, name)),
    )
    if not changed:
        # What is changed in the cluster as a whole is done from any host of the layer.
        changed = sorted(members, key=lambda name: _clients(traffic, name))[:1]
    for number, name in enumerate(changed):
        found = [*(common if number == 0 else []), *mine[name]]
        load = traffic[name].words if name in traffic else ""
        first = f"the canary{f', though it is {load}' if load else ': it carries no traffic'}"
        why = first if number == 0 and len(changed) > 1 else load
        yield Stage(f"{layer.name}/{name}", layer.name, (name,), tuple(found), _effects(found), why, canary=number == 0)


def _clients(traffic: Mapping[str, Load], name: str) -> int:
    return traffic[name].clients if name in traffic else 0


def _effects(changes: Sequence[Change]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(UNITS[change.unit].effect for change in changes if change.unit))


def carried(spec: Cluster, state: ClusterState, layer: Layer) -> dict[str, Load]:
    """The hosts that carry traffic of `layer`; of any, for a layer that has none of its own."""
    found: dict[str, Load] = {}
    for one in [layer] if layer.loads else wanted(spec):
        for name, load in one.loads(spec, state).items() if one.loads else ():
            found[name] = max(found.get(name, load), load, key=lambda load: load.clients)
    return found
