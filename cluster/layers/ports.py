"""The packet filter: what the cluster's hosts say to each other is said by nobody else."""

from __future__ import annotations

from cluster.health.verdict import LayerHealth
from cluster.layer import UNKNOWN, Layer, Thing, Things, Unit
from cluster.ports.checks import checks
from cluster.ports.names import CONFIG, UNIT
from cluster.ports.record import PORT_FILTER
from cluster.ports.settings import Ports
from cluster.ports.verdict import ports_health
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, Unknown


# Late, both: they are those of all layers, this one among them.
def _guards(spec: Cluster, host: str) -> bool:
    from cluster.ports.rules import guarded

    return bool(guarded(spec, host))


def _counts(spec: Cluster) -> dict[str, int]:
    from cluster.ports.rules import counts

    return counts(spec)


def _verdict(spec: Cluster, state: ClusterState) -> LayerHealth:
    return ports_health(state[PORT_FILTER], _counts(spec))


def _things(spec: Cluster, state: ClusterState) -> Things:
    guarding = _counts(spec)
    for name, node in state[PORT_FILTER].items():
        if name not in guarding:
            continue
        how = UNKNOWN if isinstance(node, Unknown) else "in force" if node.rules else "absent"
        yield Thing(PORT_FILTER.name, name, f"the packet filter on {name}"), how


PORTS = Layer(
    name="ports",
    roles=tuple(Role),
    carries=_guards,
    settings=Ports,
    checks=checks,
    facts=(PORT_FILTER,),
    verdict=_verdict,
    things=_things,
    loads=lambda *_: {},
    units=(Unit(UNIT, (CONFIG,), "the packet filter is tried, and stays if the host is reached"),),
    packages=lambda _: ("nftables",),
)
