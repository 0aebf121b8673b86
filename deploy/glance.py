"""Glance on all controllers, where the inventory has it."""

from pyinfra import host

from cluster.openstack.table import GLANCE
from deploy.openstack_service import deployed

deployed(host.data.cluster, GLANCE)
