"""A view of the cluster: what is so, what is to be said of it, and what is where. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from cluster.assess import assess, overall
from cluster.health.verdict import LayerHealth, Verdict
from cluster.layer import Thing
from cluster.locked import Held, held
from cluster.picture import Picture, picture, whereabouts
from cluster.spec import Cluster
from cluster.starts import Starts, starts
from cluster.state import ClusterState
from cluster.steady import gates
from cluster.wire.observed import Ages, Snapshot


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen at one time, with all that follows from it."""

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

    def snapshot(
        self, spec: Cluster, at: float, *, took: float | None = None, ages: Ages | None = None, complete: bool = True
    ) -> Snapshot:
        """The view as it is told at `at`, in seconds since the epoch."""
        return Snapshot(
            spec.name,
            at,
            overall(self.layers),
            self.layers,
            self.state.seen,
            took,
            ages or {},
            whereabouts(self.picture),
            gates(spec, self.state),
            self.lock,
            complete,
        )
