"""From the changes that a deploy would make, and what is so, to the stages in which they are rolled out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cluster.changes import LAYERS, Change
from cluster.gates.haproxy import writers_of
from cluster.gates.keepalived import owners
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, ProxyNode
from cluster.wiring import RABBITMQ_BACKEND
from engine.effects import EFFECTS

_ROLES: Mapping[str, tuple[Role, ...]] = {
    "base": tuple(Role),
    "haproxy": (Role.HAPROXY,),
    "keepalived": (Role.HAPROXY,),
    "galera": (Role.GALERA,),
    "rabbitmq": (Role.CONTROLLER,),
    "pacemaker": (Role.CONTROLLER,),
}
MOST = 10**6
"""More than any number of clients: a host whose loss everybody feels."""
TOGETHER = "pacemaker"
"""The layer whose hosts are one stage: Corosync's settings must be the same on all before any takes them over."""


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

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def stages(spec: Cluster, state: ClusterState, changes: Sequence[Change], canary: str = "") -> tuple[Stage, ...]:
    """The stages of `changes`, the layers in their order; in each the canary first, and what carries traffic last.

    `canary` is the host that goes first where it is changed; by default one that carries no traffic does.
    """
    return tuple(
        stage
        for layer in LAYERS
        for stage in _of_layer(spec, state, layer, [change for change in changes if change.layer == layer], canary)
    )


def _of_layer(
    spec: Cluster, state: ClusterState, layer: str, changes: Sequence[Change], canary: str
) -> Iterator[Stage]:
    if not changes:
        return
    traffic = carried(spec, state, layer)
    if layer == TOGETHER:
        hosts = spec.names(Role.CONTROLLER)
        why = "all at once: Corosync takes new settings over on all controllers together"
        yield Stage(f"{layer}/all", layer, hosts, tuple(changes), _effects(changes), why, canary=True)
        return
    mine = {name: [change for change in changes if change.host == name] for name in spec.hosts}
    common = [change for change in changes if not change.host]
    changed = sorted(
        (name for name, found in mine.items() if found),
        key=lambda name: (name != canary, traffic.get(name, (0, ""))[0]),
    )
    if not changed:
        # What is changed in the cluster as a whole is done from any host of the layer.
        members = [name for role in _ROLES[layer] for name in spec.names(role)]
        changed = sorted(members, key=lambda name: traffic.get(name, (0, ""))[0])[:1]
    for number, name in enumerate(changed):
        found = [*(common if number == 0 else []), *mine[name]]
        load = traffic.get(name, (0, ""))[1]
        first = f"the canary{f', though it is {load}' if load else ': it carries no traffic'}"
        why = first if number == 0 and len(changed) > 1 else load
        yield Stage(f"{layer}/{name}", layer, (name,), tuple(found), _effects(found), why, canary=number == 0)


def _effects(changes: Sequence[Change]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(EFFECTS[change.unit] for change in changes if change.unit))


def carried(spec: Cluster, state: ClusterState, layer: str) -> dict[str, tuple[int, str]]:
    """The hosts that carry traffic of `layer` (of any, for the base): how much, for comparison, and in words."""
    found: dict[str, tuple[int, str]] = {}
    proxies = [node for node in state.haproxy.values() if isinstance(node, ProxyNode)]
    if layer in ("base", "rabbitmq"):
        sessions: dict[str, int] = {}
        for node in proxies:
            for server in node.servers:
                if server.backend == RABBITMQ_BACKEND:
                    sessions[server.name] = sessions.get(server.name, 0) + server.sessions
        found |= {name: (count, f"a broker with {count} clients") for name, count in sessions.items() if count}
    if layer in ("base", "pacemaker"):
        found |= dict.fromkeys(owners(state.controller_vip, spec.pacemaker.vip), (MOST, "the controllers' VIP owner"))
    if layer in ("base", "galera"):
        found |= dict.fromkeys(writers_of(state.haproxy).values(), (MOST, "the writer"))
    if layer in ("base", "haproxy", "keepalived"):
        found |= dict.fromkeys(owners(state.vrrp, spec.keepalived.vip), (MOST, "the VIP's owner"))
    return found
