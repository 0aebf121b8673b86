"""Glance, where the inventory has it, with a folder for images that all controllers share, where it says so."""

from pyinfra import host

from cluster.openstack.table import GLANCE
from cluster.spec import Cluster, Role
from deploy.openstack_service import brought_up, configured, filled, known_to_keystone, leads, renewed
from operations.shared_folder import shared

cluster: Cluster = host.data.cluster

configured(cluster, GLANCE)
if leads(cluster, GLANCE) and GLANCE.of(cluster).shared:
    shared(
        name="glance: all controllers share the images",
        hosts=list(cluster.names(Role.CONTROLLER)),
        folder=GLANCE.of(cluster).folder,
        user="glance",
    )
filled(cluster, GLANCE)
known_to_keystone(cluster, GLANCE)
brought_up(cluster, GLANCE)
renewed(cluster, GLANCE)
