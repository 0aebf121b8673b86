"""OpenStack alone, on layers that are there: its caches, its services one after another, horizon, the network nodes."""

from cluster.layers.agents import AGENTS_LAYER
from cluster.layers.cache import CACHES
from cluster.layers.horizon import HORIZON_LAYER
from cluster.layers.openstack import OPENSTACK
from deploy.parts import include

include(layer.name for layer in (CACHES, *OPENSTACK, HORIZON_LAYER, AGENTS_LAYER))
