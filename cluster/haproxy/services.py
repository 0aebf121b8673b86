"""All that the balancers spread over servers: the database, the queue, and the services of the inventory."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.galera.names import GALERA_BACKEND
from cluster.rabbitmq.names import RABBITMQ_BACKEND
from cluster.spec import Cluster, Role

BUILT_IN: Mapping[str, Role] = {GALERA_BACKEND: Role.GALERA, RABBITMQ_BACKEND: Role.CONTROLLER}
"""Those that have layers of their own behind them."""
RESERVED = ("balancers", "database", "queue", "statistics")
"""Other sections of haproxy.cfg (deploy/templates)."""


def backends(spec: Cluster) -> dict[str, Role]:
    """The backends that the inventory makes, each with the role whose hosts are its servers. Others are not ours."""
    return {**BUILT_IN, **{name: Role(service.role) for name, service in spec.services.items()}}


def served_by(spec: Cluster, host: str) -> list[str]:
    """The inventory's own services that a host serves."""
    return [name for name, service in spec.services.items() if spec.hosts[host].role == service.role]
