"""The packet filter: what the cluster's hosts say to each other is said by nobody else."""

from __future__ import annotations

from cluster.health.verdict import LayerHealth
from cluster.layer import UNKNOWN, Layer, Port, Thing, Things, Unit
from cluster.ports.checks import checks
from cluster.ports.names import CONFIG, UNIT
from cluster.ports.record import PORT_FILTER
from cluster.ports.settings import Ports
from cluster.ports.verdict import ports_health
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, Unknown


def _guarded(spec: Cluster, host: str) -> tuple[Port, ...]:
    # Late: they are those of all layers, this one among them.
    from cluster.ports.rules import guarded

    return guarded(spec, host)


def _verdict(spec: Cluster, state: ClusterState) -> LayerHealth:
    counts = {name: len(_guarded(spec, name)) for name in spec.hosts}
    return ports_health(state[PORT_FILTER], {name: count for name, count in counts.items() if count})


def _things(spec: Cluster, state: ClusterState) -> Things:
    for name, node in state[PORT_FILTER].items():
        if not PORTS.carries(spec, name):
            continue
        how = UNKNOWN if isinstance(node, Unknown) else "in force" if node.rules else "absent"
        yield Thing(PORT_FILTER.name, name, f"the packet filter on {name}"), how


PORTS = Layer(
    name="ports",
    roles=tuple(Role),
    carries=lambda spec, host: bool(_guarded(spec, host)),
    settings=Ports,
    checks=checks,
    facts=(PORT_FILTER,),
    verdict=_verdict,
    things=_things,
    loads=lambda *_: {},
    units=(Unit(UNIT, (CONFIG,), "the packet filter is tried, and stays if the host is reached"),),
    packages=lambda _: ("nftables",),
)
