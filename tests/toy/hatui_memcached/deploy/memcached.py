"""The cache on each network host."""

from pyinfra import host

from cluster.layer import settings_of
from cluster.spec import Cluster, Role
from hatui_memcached.facts.memcached import Memcached
from hatui_memcached.layer import CONFIG, MEMCACHED, UNIT, CacheNode, Settings
from hatui_memcached.operations.memcached import rolled
from operations.files import ManagedFile, managed
from operations.hosts import conducts
from operations.lock import unlocked
from operations.packages import installed
from operations.service import drop_in, running, stamp_lines

unlocked(name="Memcached: nobody else changes the cluster")

cluster: Cluster = host.data.cluster
hosts = cluster.names(Role.NETWORK)

if Role.NETWORK in host.groups:
    installed(name="Memcached: packages", packages=MEMCACHED.packages(cluster))
    memory = settings_of(cluster, "memcached", Settings).memory_mb
    settings = (
        f"# Managed by hatui.\n-m {memory}\n-p 11211\n-u memcache\n-l 127.0.0.1\n-l {cluster.address(host.name)}\n"
    )
    stamp = drop_in(UNIT, stamp_lines(UNIT, (CONFIG,), reloads=False))
    managed(name="Memcached: settings", files=[ManagedFile(CONFIG, settings.encode()), stamp])
    seen = host.get_fact(Memcached)
    if not (isinstance(seen, CacheNode) and seen.away):
        running(name="Memcached: it runs", units=[UNIT])

if conducts(hosts):
    rolled(name="Memcached: restart what runs with former settings", hosts=hosts)
