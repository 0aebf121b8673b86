"""What must hold of each layer's numbers, choices and members; a sentence for each thing that does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from cluster.checking import ALGORITHMS, between, choice, port, taken_on_balancers
from cluster.reading import Mistake, foreign, place, shown
from cluster.releases import MIRRORED_QUEUES, RELEASES
from cluster.spec import Cluster, Role

_IPMI_USER = re.compile(r"[A-Za-z0-9_.@-]{1,16}", re.ASCII)


def haproxy(cluster: Cluster) -> Iterator[Mistake]:
    """The load balancers and the services that they offer."""
    count = len(cluster.names(Role.HAPROXY))
    if count < 2:
        yield Mistake(
            "hosts.haproxy", f"has {count}: at least 2 balancers are needed, or the one is a single point of failure."
        )
    spec = cluster.haproxy
    for key, algorithm in (("database_algorithm", spec.database_algorithm), ("queue_algorithm", spec.queue_algorithm)):
        if algorithm == "uri":
            yield Mistake(
                f"haproxy.{key}",
                f"is 'uri': it works on HTTP requests, and this service is TCP; it must be {' or '.join(ALGORITHMS)}.",
            )
        else:
            yield from choice(f"haproxy.{key}", algorithm, ALGORITHMS)
    yield from between("haproxy.max_connections", spec.max_connections, 1, 1_000_000)
    taken = taken_on_balancers(cluster)
    ports = {"database_port": spec.database_port, "queue_port": spec.queue_port, "stats_port": spec.stats_port}
    for key, number in ports.items():
        yield from port(f"haproxy.{key}", number, taken)


def keepalived(cluster: Cluster) -> Iterator[Mistake]:
    """The VIP of the balancers (RFC 5798, keepalived.conf(5))."""
    spec = cluster.keepalived
    balancers = cluster.names(Role.HAPROXY)
    yield from between("keepalived.virtual_router_id", spec.virtual_router_id, 1, 255, " (RFC 5798)")
    interval = spec.advert_interval
    yield from between("keepalived.advert_interval", interval, 0.01, 40.95, " seconds (RFC 5798)")
    if 0.01 <= interval <= 40.95 and abs(interval * 100 - round(interval * 100)) > 1e-6:
        yield Mistake(
            "keepalived.advert_interval", f"is {interval}: VRRP counts in whole hundredths of a second, such as 0.1."
        )
    owners: dict[int, str] = {}
    for name, priority in spec.priorities.items():
        key = place("keepalived", "priorities", name)
        yield from between(key, priority, 1, 254, " (255 is for who owns the address itself, RFC 5798)")
        if balancers and name not in balancers:
            known = ", ".join(map(place, balancers))
            yield Mistake(key, f"is {priority}, but {shown(name)} is no balancer: there are {known}.")
        other = owners.setdefault(priority, name)
        if other != name:
            yield Mistake(
                key, f"is {priority}, as {place(other)} has: no two may be equal, or both could take the VIP."
            )
    for name in balancers:
        if name not in spec.priorities:
            yield Mistake(
                place("keepalived", "priorities", name), "is missing: each balancer needs a number from 1 to 254."
            )


def galera(cluster: Cluster) -> Iterator[Mistake]:
    """The database nodes, their votes, and how a joiner gets its data."""
    spec = cluster.galera
    yield from choice("galera.sst_method", spec.sst_method, ("mariabackup", "rsync"))
    nodes = cluster.names(Role.GALERA)
    arbitrator = spec.arbitrator
    if arbitrator is not None and arbitrator not in cluster.hosts:
        yield Mistake("galera.arbitrator", f"is {shown(arbitrator)}: it must be one of the hosts.")
    elif arbitrator in nodes:
        yield Mistake(
            "galera.arbitrator", f"is {shown(arbitrator)}, a database node: it votes already, choose another host."
        )
    voters = len(nodes) + (1 if arbitrator is not None else 0)
    if len(nodes) < 2:
        yield Mistake("hosts.galera", f"has {len(nodes)}: 3 database nodes are needed, or 2 and an arbitrator.")
    elif voters == 2:
        yield Mistake(
            "hosts.galera",
            "has 2 and there is no arbitrator: with either one lost the other stops; "
            "add a third node, or name a host for galera.arbitrator.",
        )
    elif voters % 2 == 0:
        with_arbitrator = " and an arbitrator" if arbitrator is not None else ""
        mend = "leave the arbitrator out" if arbitrator is not None else "add a node, or an arbitrator"
        yield Mistake(
            "hosts.galera",
            f"has {len(nodes)}{with_arbitrator}: {voters} voters can split in equal halves, "
            f"and neither goes on; {mend}.",
        )


def rabbitmq(cluster: Cluster) -> Iterator[Mistake]:
    """The brokers."""
    spec = cluster.rabbitmq
    # RabbitMQ, "Net Tick Time": below 5 s it takes a busy node for a lost one.
    yield from between("rabbitmq.net_ticktime", spec.net_ticktime, 5, 120, " seconds")
    if spec.partition_handling == "ignore":
        yield Mistake(
            "rabbitmq.partition_handling",
            "is 'ignore': both sides of a split would go on and part for ever; it must be pause_minority or autoheal.",
        )
    else:
        yield from choice("rabbitmq.partition_handling", spec.partition_handling, ("pause_minority", "autoheal"))
    if spec.queue_type == "mirrored" and cluster.release in RELEASES and cluster.release not in MIRRORED_QUEUES:
        yield Mistake(
            "rabbitmq.queue_type",
            f"is 'mirrored': {RELEASES[cluster.release]} has RabbitMQ 4, which removed "
            "mirrored queues; it must be quorum.",
        )
    else:
        yield from choice("rabbitmq.queue_type", spec.queue_type, ("quorum", "mirrored"))


def corosync(cluster: Cluster) -> Iterator[Mistake]:
    """Membership of the controllers (corosync.conf(5))."""
    count = len(cluster.names(Role.CONTROLLER))
    if count < 3 or count % 2 == 0:
        yield Mistake(
            "hosts.controller", f"has {count}: it must be 3, 5 or another odd number, so that a majority is left."
        )
    spec = cluster.corosync
    yield from choice("corosync.transport", spec.transport, ("knet", "udpu", "udp"))
    # Less is shorter than a busy host's pauses, more leaves the VIP with nobody for long.
    yield from between("corosync.token_ms", spec.token_ms, 300, 30_000, " milliseconds")
    # Corosync takes the port below, too (corosync.conf(5), mcastport).
    yield from between("corosync.multicast_port", spec.multicast_port, 2, 65535)
    try:
        address = IPv4Address(spec.multicast_address)
        fits = address.is_multicast and address not in IPv4Network("224.0.0.0/24")
    except AddressValueError:
        fits = False
    if not fits:
        yield Mistake(
            "corosync.multicast_address",
            f"is {shown(spec.multicast_address)}: it must be from 224.0.1.0 to 239.255.255.255, such as 239.225.47.10.",
        )


def pacemaker(cluster: Cluster) -> Iterator[Mistake]:
    """The controllers' resources, and the device that fences each."""
    spec = cluster.pacemaker
    yield from between("pacemaker.monitor_interval", spec.monitor_interval, 2, 300, " seconds")
    controllers = cluster.names(Role.CONTROLLER)
    for name, device in spec.fencing.items():
        key = place("pacemaker", "fencing", name)
        if name not in controllers:
            yield Mistake(
                key, f"is for no controller: there are {', '.join(map(place, controllers)) or 'none'}.", foreign(name)
            )
        if not _IPMI_USER.fullmatch(device.user):
            yield Mistake(
                f"{key}.user", f"is {shown(device.user)}: it must be 1 to 16 letters, digits and _ . @ - (IPMI)."
            )
        yield from between(f"{key}.port", device.port, 1, 65535)
    for name in controllers if spec.fencing else ():
        if name not in spec.fencing:
            yield Mistake(
                place("pacemaker", "fencing", name),
                "is missing: where some controllers can be fenced, "
                "each must be, or a lost one holds its resources for ever.",
            )
