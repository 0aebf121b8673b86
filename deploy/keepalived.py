"""The load balancers' VIP: VRRP between them, so that exactly one holds it, and one whose HAProxy serves."""

from pyinfra import host
from pyinfra.api.exceptions import PyinfraError

from cluster.keepalived.names import UNIT
from cluster.layers.keepalived import KEEPALIVED
from cluster.spec import Cluster, Role
from deploy.balancer_files import keepalived_files
from facts.keepalived import InterfaceOf
from operations.files import managed
from operations.hosts import conducts
from operations.keepalived import owned, reloaded
from operations.lock import unlocked
from operations.packages import installed
from operations.service import running

unlocked(name="Keepalived: nobody else changes the cluster")

cluster: Cluster = host.data.cluster
balancers = cluster.names(Role.HAPROXY)
leads = conducts(balancers)

if Role.HAPROXY in host.groups:
    address = cluster.address(host.name)
    interface = host.get_fact(InterfaceOf, address=address)
    if interface is None:
        raise PyinfraError(f"{host.name} has no interface with the address {address}: mend the inventory or the host.")
    installed(name="Keepalived: packages", packages=KEEPALIVED.packages(cluster))
    managed(name="Keepalived: settings and check", files=keepalived_files(cluster, host.name, interface))
    running(name="Keepalived: it runs", units=[UNIT])

if leads:
    reloaded(name="Keepalived: new settings", balancers=balancers, vip=cluster.keepalived.vip)
    owned(name="Keepalived: one owner of the VIP", balancers=balancers, vip=cluster.keepalived.vip)
