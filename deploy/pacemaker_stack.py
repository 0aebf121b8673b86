"""The deploy of a cluster of Corosync and Pacemaker, called from the file of each on every host."""

from __future__ import annotations

from pyinfra import host

from cluster.corosync.names import UNIT as COROSYNC
from cluster.layers import BY_NAME
from cluster.pacemaker.names import UNIT
from cluster.spec import Cluster
from cluster.stacks import Stack
from deploy.pacemaker_cib import wanted_configuration
from deploy.pacemaker_files import agent_file, corosync_files, fencing_files
from deploy.secrets import secret
from operations.files import managed
from operations.hosts import conducts
from operations.lock import unlocked
from operations.pacemaker import configured, reloaded
from operations.packages import installed
from operations.service import running


def deployed(cluster: Cluster, stack: Stack, title: str) -> None:
    """Corosync, and Pacemaker with a fencing device for each host and the VIP, where it has one."""
    unlocked(name=f"{title}: nobody else changes the cluster")
    if not stack.wanted(cluster):
        return
    hosts = stack.names(cluster)
    if stack.role in host.groups:
        installed(name=f"{title}: packages", packages=BY_NAME[stack.crm.name].packages(cluster))
        files = [*corosync_files(cluster, stack, secret(cluster, stack.authkey)), agent_file()]
        if stack.fencing(cluster):
            files += fencing_files(secret(cluster, "bmc"))
        managed(name=f"{title}: settings, key, fencing, agent", files=files)
        running(name=f"{title}: Corosync and Pacemaker run", units=[COROSYNC, UNIT])
    if conducts(hosts):
        reloaded(name=f"{title}: new settings of Corosync", hosts=hosts, transport=cluster.corosync.transport)
        what = "VIP and fencing" if stack.has_vip else "fencing"
        configured(name=f"{title}: {what}", hosts=hosts, wanted=wanted_configuration(cluster, stack))
