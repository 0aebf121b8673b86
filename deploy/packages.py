"""The packages of every layer at once: all hosts install side by side, which is the longest part of a first run."""

from pyinfra import host

from cluster.layers import wanted
from cluster.spec import Cluster
from operations.lock import unlocked
from operations.packages import installed

unlocked(name="Packages: nobody else changes the cluster")

cluster: Cluster = host.data.cluster

mine = [layer for layer in wanted(cluster) if not set(layer.roles).isdisjoint(host.groups)]
packages = list(dict.fromkeys(package for layer in mine for package in layer.packages(cluster)))
if packages:
    installed(name="Packages of all layers", packages=packages)
