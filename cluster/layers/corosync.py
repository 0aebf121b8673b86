"""Corosync: membership and quorum of a cluster. It is deployed with Pacemaker, which stands on it."""

from __future__ import annotations

from cluster.corosync.checks import checks
from cluster.corosync.steady import steady
from cluster.corosync.things import how
from cluster.corosync.verdict import corosync_health
from cluster.layer import Layer, Port
from cluster.spec import Cluster
from cluster.stacks import CONTROLLERS, NETWORK, Stack
from cluster.things import of_each


def _layer(stack: Stack) -> Layer:
    def ports(spec: Cluster) -> tuple[Port, ...]:
        port = stack.multicast_port(spec)
        # It takes the port below, too (corosync.conf(5), mcastport).
        numbers = ("5404-5405", f"{port - 1}-{port}") if spec.corosync.transport == "udp" else ("5404-5405",)
        return tuple(Port("udp", one, spec.addresses(stack.role), "the membership") for one in numbers)

    return Layer(
        name=stack.quorum.name,
        shared="corosync",
        roles=(stack.role,),
        wanted=stack.wanted,
        checks=lambda spec: checks(stack, spec),
        facts=(stack.quorum,),
        verdict=lambda spec, state: corosync_health(spec, state[stack.quorum], stack),
        steady=(steady(stack),),
        things=of_each(stack.quorum, "Corosync", how),
        ports=ports,
        deployed=False,
    )


COROSYNC, NETWORK_COROSYNC = map(_layer, (CONTROLLERS, NETWORK))
