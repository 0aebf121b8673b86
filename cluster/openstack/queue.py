"""How OpenStack's services find the queue: each broker by itself, or whichever the balancers choose."""

from __future__ import annotations

from cluster.spec import Cluster, Role

ACCOUNT = "openstack"
"""Of all of them; secret "openstack_queue"."""
QUEUE_PASSWORD = "openstack_queue"  # noqa: S105 (a secret's name)
_PORT = 5672


def brokers(spec: Cluster) -> tuple[str, ...]:
    """Address and port of each, such as 192.168.47.100:5672."""
    if spec.rabbitmq.clients == "vip":
        return (f"{spec.keepalived.vip}:{spec.haproxy.queue_port}",)
    return tuple(f"{address}:{_PORT}" for address in spec.addresses(Role.CONTROLLER))
