"""The network nodes' own cluster: Corosync, and Pacemaker with a fencing device for each, where it keeps the agents."""

from pyinfra import host

from cluster.stacks import NETWORK
from deploy.pacemaker_stack import deployed

deployed(host.data.cluster, NETWORK, "Network nodes' Pacemaker")
