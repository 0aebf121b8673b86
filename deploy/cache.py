"""memcached on the controllers, where OpenStack's services ask keystone for tokens of others."""

from pyinfra import host

from cluster.layers.cache import CACHES
from cluster.openstack.cache import CONFIG, PORT, UNIT
from cluster.spec import Cluster, Role
from operations.cache import rolled
from operations.files import ManagedFile, managed
from operations.hosts import conducts
from operations.lock import unlocked
from operations.packages import installed
from operations.service import drop_in, running, stamp_lines

unlocked(name="cache: nobody else changes the cluster")

cluster: Cluster = host.data.cluster
wanted = CACHES.wanted(cluster)

if wanted and Role.CONTROLLER in host.groups:
    installed(name="cache: packages", packages=CACHES.packages(cluster))
    # On its own address alone, and not by UDP, by which others would be flooded with its answers.
    settings = f"# Managed by hatui.\n-l {cluster.address(host.name)}\n-p {PORT}\n-U 0\n-u memcache\n-m 64\n"
    stamp = drop_in(UNIT, f"{stamp_lines(UNIT, (CONFIG,), reloads=False)}Restart=on-failure\nRestartSec=3\n")
    managed(name="cache: its settings", files=[ManagedFile(CONFIG, settings.encode()), stamp])
    running(name="cache: it runs", units=[UNIT])

if wanted and conducts(cluster.names(Role.CONTROLLER)):
    rolled(name="cache: restart what runs with former settings", hosts=list(cluster.names(Role.CONTROLLER)))
