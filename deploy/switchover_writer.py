"""Move the database's writer by hand, with pyinfra alone.

`pyinfra inventory.py deploy/switchover_writer.py --data to=HOST`
"""

from pyinfra import host

from cluster.spec import Cluster, Role
from operations.hosts import conducts
from operations.lock import unlocked
from operations.switchovers import database_writer

unlocked(name="Nobody else changes the cluster")

cluster: Cluster = host.data.cluster
balancers = cluster.names(Role.HAPROXY)

if conducts(balancers):
    database_writer(
        name=f"Make {host.data.to} the writer",
        nodes=cluster.names(Role.GALERA),
        balancers=balancers,
        address=cluster.keepalived.vip,
        to=host.data.to,
    )
