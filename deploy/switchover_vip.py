"""Move the load balancers' VIP by hand, with pyinfra alone.

`pyinfra inventory.py deploy/switchover_vip.py --data to=HOST`
"""

from pyinfra import host

from cluster.spec import Cluster, Role
from operations.hosts import conducts
from operations.lock import unlocked
from operations.switchovers import vip

unlocked(name="Nobody else changes the cluster")

cluster: Cluster = host.data.cluster
balancers = cluster.names(Role.HAPROXY)

if conducts(balancers):
    vip(name=f"Move the VIP to {host.data.to}", balancers=balancers, address=cluster.keepalived.vip, to=host.data.to)
