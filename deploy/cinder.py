"""Cinder on all controllers, where the inventory has it."""

from pyinfra import host

from cluster.openstack.table import CINDER
from deploy.openstack_service import deployed

deployed(host.data.cluster, CINDER)
