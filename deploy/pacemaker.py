"""The controllers' cluster: Corosync, and Pacemaker with the controllers' VIP and a fencing device for each."""

from pyinfra import host

from cluster.stacks import CONTROLLERS
from deploy.pacemaker_stack import deployed

deployed(host.data.cluster, CONTROLLERS, "Pacemaker")
