"""The packages of every layer at once: all hosts install side by side, which is the longest part of a first run."""

from pyinfra import host

from cluster.releases import packages
from cluster.spec import Cluster, Role
from operations.lock import unlocked
from operations.packages import installed

LAYERS = {
    Role.HAPROXY: ("haproxy", "keepalived"),
    Role.GALERA: ("galera",),
    Role.CONTROLLER: ("rabbitmq", "pacemaker"),
    Role.NETWORK: (),
}

unlocked(name="Packages: nobody else changes the cluster")

cluster: Cluster = host.data.cluster

wanted = [
    package
    for role, layers in LAYERS.items()
    if role in host.groups
    for layer in layers
    for package in packages(cluster.release, layer)
]
if wanted:
    installed(name="Packages of all layers", packages=wanted)
