"""Move a resource of Pacemaker by hand, with pyinfra alone.

`pyinfra inventory.py deploy/switchover_resource.py --data resource=NAME --data to=HOST`
"""

from pyinfra import host

from cluster.spec import Cluster, Role
from operations.hosts import conducts
from operations.lock import unlocked
from operations.switchovers import resource

unlocked(name="Nobody else changes the cluster")

cluster: Cluster = host.data.cluster
controllers = cluster.names(Role.CONTROLLER)

if conducts(controllers):
    resource(
        name=f"Move {host.data.resource} to {host.data.to}",
        hosts=controllers,
        resource=host.data.resource,
        to=host.data.to,
    )
