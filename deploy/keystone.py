"""Keystone on all controllers, where the inventory has it: tables and keys once, then the process, then its users."""

from pyinfra import host

from cluster.openstack.keystone import KEYSTONE, region_of
from cluster.spec import Cluster, Role
from deploy.openstack_service import (
    brought_up,
    configured,
    filled,
    known_to_keystone,
    leads,
    own_keystone,
    renewed,
)
from deploy.secrets import secret
from operations.identity_known import introduced
from operations.keystone_keys import keys_shared

cluster: Cluster = host.data.cluster

configured(cluster, KEYSTONE)
if leads(cluster, KEYSTONE):
    keys_shared(name="keystone: the same keys on all controllers", hosts=list(cluster.names(Role.CONTROLLER)))
filled(cluster, KEYSTONE)
brought_up(cluster, KEYSTONE)
if leads(cluster, KEYSTONE):
    introduced(
        name="keystone: its administrator and its address",
        keystone=own_keystone(cluster),
        admin=secret(cluster, "keystone_admin"),
        region=region_of(cluster),
        url=KEYSTONE.url(cluster),
        nodes=list(cluster.names(Role.GALERA)),
    )
known_to_keystone(cluster, KEYSTONE)
renewed(cluster, KEYSTONE)
