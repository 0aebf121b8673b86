"""What is wanted: the cluster as data. Made by `cluster.validate.cluster_spec`, which checks all of it at once.

Times are seconds unless the name says otherwise, addresses are IPv4 in dotted form. A spec holds no secret, only where
one comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What a host carries; also the names of pyinfra's groups."""

    HAPROXY = "haproxy"
    GALERA = "galera"
    CONTROLLER = "controller"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Host:
    """A host and how it is reached."""

    name: str
    address: str
    role: Role


@dataclass(frozen=True, slots=True)
class Ssh:
    """How every host is reached. Host keys are always checked strictly, against `known_hosts`."""

    user: str = "root"
    key: str | None = None
    known_hosts: str | None = None
    port: int = 22


@dataclass(frozen=True, slots=True)
class Keepalived:
    """The VIP of the load balancers (keepalived.conf(5)).

    `preempt=False`: the VIP stays where a failover took it, since moving it back is a second cut for the clients.
    """

    vip: str
    virtual_router_id: int = 120
    priorities: Mapping[str, int] = field(default_factory=dict)
    """Host to priority, 1 to 254, no two alike."""
    advert_interval: float = 0.1
    """VRRP version 3 counts in hundredths of a second (RFC 5798)."""
    preempt: bool = False


@dataclass(frozen=True, slots=True)
class Haproxy:
    """The services that HAProxy balances."""

    database_port: int = 3306
    database_algorithm: str = "roundrobin"
    single_writer: bool = True
    """One Galera node takes all sessions, the others stand by."""
    queue_port: int = 5670
    queue_algorithm: str = "roundrobin"
    stats_port: int = 80
    """The statistics page, on each balancer's own address."""
    max_connections: int = 4000


@dataclass(frozen=True, slots=True)
class Service:
    """A service that the balancers spread over all hosts of a role. Its name is that of HAProxy's backend."""

    port: int
    """On the balancers' VIP."""
    role: str
    """Whose hosts serve it."""
    server_port: int = 0
    """On each of them; 0: the same."""
    mode: str = "tcp"
    """tcp, or http: requests, not connections, are spread then, and each host is asked for `check`."""
    check: str = ""
    """Of http: the path that must answer with 2xx or 3xx. Of tcp, a connection must come about."""
    algorithm: str = "roundrobin"
    timeout: int = 0
    """Seconds of silence after which a connection is ended, on both sides; 0: 90 minutes of tcp, a minute of http."""
    websocket: bool = False
    """Of http: a connection may become a tunnel, which is ended after an hour of silence."""
    check_timeout: int = 1
    """Seconds in which a server must have answered its check: one that is busy is slow, not dead. It is given up after
    two that it did not answer, and its clients are cut then."""
    max_connections: int = 0
    """What each server is sent at once; more wait in the balancer, for 5 s at most. 0: no limit."""


@dataclass(frozen=True, slots=True)
class Galera:
    """The database cluster."""

    cluster_name: str = "hatui"
    sst_method: str = "mariabackup"
    arbitrator: str | None = None
    """The host that runs garbd where there are only two database nodes."""
    settings: Mapping[str, str | int] = field(default_factory=dict)
    """Further lines of the [mariadbd] section, by name."""


@dataclass(frozen=True, slots=True)
class Rabbitmq:
    """The message brokers, on the controllers."""

    net_ticktime: int = 10
    partition_handling: str = "pause_minority"
    queue_type: str = "quorum"
    """quorum, or mirrored (RabbitMQ 3 only)."""
    clients: str = "brokers"
    """How OpenStack's services find it: brokers (they know each, and go to another by themselves), or vip (they know
    the balancers alone)."""


@dataclass(frozen=True, slots=True)
class Corosync:
    """Membership of the controllers (corosync.conf(5))."""

    cluster_name: str = "hatui"
    transport: str = "knet"
    """knet, udpu, or udp with a multicast address."""
    token_ms: int = 1000
    multicast_address: str = "239.225.47.10"
    multicast_port: int = 4000


@dataclass(frozen=True, slots=True)
class FencingDevice:
    """The BMC of a controller, reached by IPMI over LAN (fence_ipmilan(8))."""

    address: str
    user: str
    port: int = 623


@dataclass(frozen=True, slots=True)
class Pacemaker:
    """The controllers' resources. Without a fencing device for each controller the layer is never OK."""

    vip: str
    monitor_interval: int = 3
    fencing: Mapping[str, FencingDevice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The whole cluster. `secrets` names where a secret comes from, if not from the store (deploy/secrets.py)."""

    name: str
    network: str
    release: str
    hosts: Mapping[str, Host]
    ssh: Ssh
    keepalived: Keepalived
    pacemaker: Pacemaker
    haproxy: Haproxy = field(default_factory=Haproxy)
    galera: Galera = field(default_factory=Galera)
    rabbitmq: Rabbitmq = field(default_factory=Rabbitmq)
    corosync: Corosync = field(default_factory=Corosync)
    secrets: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    """Beside the database and the queue."""
    others: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The checked settings of the layers that describe their own (cluster/layer.py), by the layer's name: of those
    for which the inventory has a section."""

    def names(self, role: Role) -> tuple[str, ...]:
        """The hosts of `role`, in the order of the inventory."""
        return tuple(name for name, host in self.hosts.items() if host.role is role)

    def addresses(self, role: Role) -> tuple[str, ...]:
        """The addresses of the hosts of `role`, in the order of the inventory."""
        return tuple(self.address(name) for name in self.names(role))

    def address(self, name: str) -> str:
        """The address of the host `name`."""
        return self.hosts[name].address

    def to_json(self) -> dict[str, Any]:
        """Plain data, asked for by `pyinfra … debug-inventory` (its JSON encoder)."""
        return asdict(self)
