"""Horizon on all controllers, where the inventory has it."""

from pyinfra import host

from cluster.layers.horizon import HORIZON_LAYER
from cluster.openstack.horizon import UNIT
from cluster.spec import Cluster, Role
from deploy.horizon_files import horizon_files
from operations.files import managed
from operations.horizon import answering, rolled
from operations.hosts import conducts
from operations.lock import unlocked
from operations.packages import installed
from operations.service import resting, running

unlocked(name="horizon: nobody else changes the cluster")

cluster: Cluster = host.data.cluster
wanted = HORIZON_LAYER.wanted(cluster)

if wanted and Role.CONTROLLER in host.groups:
    installed(name="horizon: packages", packages=HORIZON_LAYER.packages(cluster))
    # Its package puts horizon into it, on all addresses, and it starts at boot.
    resting(name="horizon: nothing of Debian's own Apache", units=["apache2.service"])
    managed(name="horizon: its settings", files=horizon_files(cluster, host.name))
    running(name="horizon: it runs", units=[UNIT])

if wanted and conducts(cluster.names(Role.CONTROLLER)):
    answering(name="horizon: it lets users in", hosts=list(cluster.names(Role.CONTROLLER)))
    rolled(name="horizon: restart what runs with former settings", cluster=cluster)
