"""The load balancers: HAProxy in front of the database and the queue, reloaded one balancer at a time."""

from pyinfra import host

from cluster.haproxy.names import UNIT
from cluster.layers.haproxy import HAPROXY
from cluster.spec import Cluster, Role
from deploy.balancer_files import haproxy_files
from deploy.secrets import secret
from operations.files import managed
from operations.haproxy import reloaded
from operations.hosts import conducts
from operations.lock import unlocked
from operations.packages import installed
from operations.service import running

unlocked(name="HAProxy: nobody else changes the cluster")

cluster: Cluster = host.data.cluster
balancers = cluster.names(Role.HAPROXY)
leads = conducts(balancers)

if Role.HAPROXY in host.groups:
    installed(name="HAProxy: packages", packages=HAPROXY.packages(cluster))
    managed(name="HAProxy: settings", files=haproxy_files(cluster, host.name, secret(cluster, "haproxy_stats")))
    running(name="HAProxy: it runs", units=[UNIT])

if leads:
    reloaded(name="HAProxy: reload what runs with former settings", balancers=balancers, vip=cluster.keepalived.vip)
