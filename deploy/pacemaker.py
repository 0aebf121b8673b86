"""The controllers' cluster: Corosync, and Pacemaker with the controllers' VIP and a fencing device for each."""

from pyinfra import host

from cluster.corosync.names import UNIT as COROSYNC
from cluster.layers.pacemaker import PACEMAKER
from cluster.pacemaker.names import UNIT
from cluster.spec import Cluster, Role
from deploy.pacemaker_cib import wanted_configuration
from deploy.pacemaker_files import agent_file, corosync_files, fencing_files
from deploy.secrets import secret
from operations.files import managed
from operations.hosts import conducts
from operations.lock import unlocked
from operations.pacemaker import configured, reloaded
from operations.packages import installed
from operations.service import running

unlocked(name="Pacemaker: nobody else changes the cluster")

cluster: Cluster = host.data.cluster
controllers = cluster.names(Role.CONTROLLER)
leads = conducts(controllers)

if Role.CONTROLLER in host.groups:
    installed(name="Pacemaker: packages", packages=PACEMAKER.packages(cluster))
    files = [*corosync_files(cluster, secret(cluster, "corosync_authkey")), agent_file()]
    if cluster.pacemaker.fencing:
        files += fencing_files(secret(cluster, "bmc"))
    managed(name="Pacemaker: settings, key, fencing, agent", files=files)
    running(name="Pacemaker: Corosync and Pacemaker run", units=[COROSYNC, UNIT])

if leads:
    reloaded(name="Pacemaker: new settings of Corosync", hosts=controllers, transport=cluster.corosync.transport)
    configured(name="Pacemaker: VIP and fencing", hosts=controllers, wanted=wanted_configuration(cluster))
