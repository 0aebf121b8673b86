"""Corosync: the controllers' membership and quorum. It is deployed with Pacemaker, which stands on it."""

from __future__ import annotations

from cluster.corosync.checks import checks
from cluster.corosync.record import COROSYNC_QUORUM
from cluster.corosync.steady import STEADY
from cluster.corosync.things import things
from cluster.corosync.verdict import corosync_health
from cluster.layer import Layer, Port
from cluster.spec import Cluster, Role


def _ports(spec: Cluster) -> tuple[Port, ...]:
    port = spec.corosync.multicast_port
    # It takes the port below, too (corosync.conf(5), mcastport).
    numbers = ("5404-5405", f"{port - 1}-{port}") if spec.corosync.transport == "udp" else ("5404-5405",)
    return tuple(Port("udp", one, spec.addresses(Role.CONTROLLER), "the membership") for one in numbers)


COROSYNC = Layer(
    name="corosync",
    roles=(Role.CONTROLLER,),
    checks=checks,
    facts=(COROSYNC_QUORUM,),
    verdict=lambda spec, state: corosync_health(spec, state[COROSYNC_QUORUM]),
    steady=STEADY,
    things=things,
    ports=_ports,
    deployed=False,
)
