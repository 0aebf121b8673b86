"""The layers, each described in a file of its own, in the order in which they stand on each other."""

from __future__ import annotations

from importlib.metadata import entry_points

from cluster.layer import Layer
from cluster.layers.agents import AGENTS_LAYER
from cluster.layers.base import BASE
from cluster.layers.cache import CACHES
from cluster.layers.corosync import COROSYNC, NETWORK_COROSYNC
from cluster.layers.galera import GALERA
from cluster.layers.haproxy import HAPROXY
from cluster.layers.horizon import HORIZON_LAYER
from cluster.layers.keepalived import KEEPALIVED
from cluster.layers.lock import LOCK
from cluster.layers.openstack import OPENSTACK
from cluster.layers.pacemaker import NETWORK_PACEMAKER, PACEMAKER
from cluster.layers.ports import PORTS
from cluster.layers.rabbitmq import RABBITMQ
from cluster.layers.services import SERVICES
from cluster.spec import Cluster

LAYERS: tuple[Layer, ...] = (
    *(BASE, LOCK, HAPROXY, KEEPALIVED, SERVICES, GALERA, RABBITMQ, COROSYNC, PACEMAKER, CACHES),
    *(*OPENSTACK, HORIZON_LAYER, NETWORK_COROSYNC, NETWORK_PACEMAKER, AGENTS_LAYER),
    PORTS,
    *(entry.load() for entry in entry_points(group="hatui.layers")),
)
"""Those of others are loaded by the entry point `hatui.layers` of their package, and come last (docs/extending.md)."""

BY_NAME = {layer.name: layer for layer in LAYERS}
DEPLOYED = tuple(layer.name for layer in LAYERS if layer.deployed)
"""The names of the files in deploy/."""
FACTS = {fact.name: fact for layer in LAYERS for fact in layer.facts}
UNITS = {unit.name: unit for layer in LAYERS for unit in layer.units}
LAYER_OF = {fact.name: layer for layer in LAYERS for fact in layer.facts}
"""By a fact's name."""


def wanted(spec: Cluster) -> tuple[Layer, ...]:
    """The layers that the inventory has, in their order."""
    return tuple(layer for layer in LAYERS if layer.wanted(spec))


def modules_of(floor: str, name: str) -> tuple[str, ...]:
    """Where a floor, such as "facts" or "engine.layers", has its part of a layer, or else one that it shares."""
    layer = BY_NAME.get(name)
    home, shared = (layer.home, layer.shared) if layer else ("", "")
    return tuple(".".join(filter(None, (home, floor, part))) for part in (name, shared) if part)


def asked(spec: Cluster, host: str) -> tuple[str, ...]:
    """The names of the facts that a host is asked."""
    role = spec.hosts[host].role
    return tuple(fact.name for layer in wanted(spec) if role in layer.roles for fact in layer.facts)


def unit_of(path: str, layer: str = "") -> str:
    """The unit that runs with former settings once the file `path` has changed, first of those of `layer`; empty if
    none does."""
    units = (*(BY_NAME[layer].units if layer in BY_NAME else ()), *UNITS.values())
    return next((unit.name for unit in units if path in unit.files), "")


def layer_of(fact: str) -> str:
    """The name of the layer that a fact belongs to; what is no fact, such as the hosts, stands for itself."""
    layer = LAYER_OF.get(fact)
    return layer.name if layer else fact
