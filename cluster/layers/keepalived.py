"""Keepalived: the VIP of the balancers (VRRP)."""

from __future__ import annotations

from typing import Any

from cluster.keepalived.checks import checks
from cluster.keepalived.loads import vip_owner
from cluster.keepalived.names import FILES, UNIT
from cluster.keepalived.record import VRRP_OWNER
from cluster.keepalived.steady import STEADY
from cluster.keepalived.things import things
from cluster.keepalived.verdict import keepalived_health
from cluster.layer import Claim, Layer, Port, Unit
from cluster.spec import Cluster, Role
from cluster.vip import held_claim


def _owner(spec: Cluster, host: str, record: Any) -> Claim | None:
    return held_claim(spec.keepalived.vip, host, record)


def _ports(spec: Cluster) -> tuple[Port, ...]:
    return (Port("vrrp", "", spec.addresses(Role.HAPROXY), "who owns the VIP"),)


def _packages(_: Cluster) -> tuple[str, ...]:
    # nftables holds new connections back while the VIP is handed over.
    return "keepalived", "nftables", "socat"


KEEPALIVED = Layer(
    name="keepalived",
    roles=(Role.HAPROXY,),
    checks=checks,
    facts=(VRRP_OWNER,),
    claims={VRRP_OWNER.name: _owner},
    needed=frozenset({VRRP_OWNER.name}),
    verdict=lambda spec, state: keepalived_health(spec, state[VRRP_OWNER]),
    steady=STEADY,
    things=things,
    loads=vip_owner,
    units=(Unit(UNIT, FILES, "keepalived is reloaded"),),
    ports=_ports,
    packages=_packages,
)
