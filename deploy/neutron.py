"""Neutron on all controllers, where the inventory has it."""

from pyinfra import host

from cluster.openstack.table import NEUTRON
from deploy.openstack_service import deployed

deployed(host.data.cluster, NEUTRON)
