"""The caches on the controllers, in which OpenStack's services keep which tokens keystone has found good."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.openstack import horizon
from cluster.openstack.table import SERVICES
from cluster.spec import Cluster, Role
from cluster.state import Fact, Record, ServiceState

UNIT = "memcached.service"
CONFIG = "/etc/memcached.conf"
PORT = 11211


@dataclass(frozen=True, slots=True)
class CacheNode(Record):
    """memcached on one host."""

    service: ServiceState
    answers: bool
    """Whether it says its version (memcached's protocol.txt)."""


CACHE = Fact("cache", CacheNode, 30)


def wanted(spec: Cluster) -> bool:
    """Where a service asks keystone for tokens of others, or horizon keeps its sessions: keystone does without."""
    return any(service.wanted(spec) for service in SERVICES) or horizon.wanted(spec)


def places(spec: Cluster) -> tuple[str, ...]:
    """Address and port of each."""
    return tuple(f"{address}:{PORT}" for address in spec.addresses(Role.CONTROLLER)) if wanted(spec) else ()
