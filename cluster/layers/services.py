"""The services of the inventory, which the balancers spread over hosts that carry nothing else of ours for them.

What is to be said of them stands with HAProxy, which knows their servers.
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster.haproxy.loads import sessions
from cluster.haproxy.services import served_by
from cluster.haproxy.services_checks import checks
from cluster.layer import Layer, Load
from cluster.spec import Cluster, Role
from cluster.state import ClusterState


def _loads(spec: Cluster, state: ClusterState) -> Mapping[str, Load]:
    return sessions(state, spec.services, "a server with {} sessions")


SERVICES = Layer(
    name="services",
    roles=tuple(Role),
    checks=checks,
    carries=lambda spec, host: bool(served_by(spec, host)),
    loads=_loads,
    deployed=False,
)
