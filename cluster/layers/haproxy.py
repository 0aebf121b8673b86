"""HAProxy: it balances the services over their servers, on the hosts that can own the VIP."""

from __future__ import annotations

from typing import Any

from cluster.galera.names import GALERA_BACKEND
from cluster.haproxy.checks import checks
from cluster.haproxy.names import CONFIG, PEERS_PORT, UNIT
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode
from cluster.haproxy.steady import STEADY
from cluster.haproxy.things import things
from cluster.haproxy.verdict import haproxy_health
from cluster.keepalived.loads import vip_owner
from cluster.layer import Claim, Layer, Port, Unit
from cluster.spec import Cluster, Role


def _writer(spec: Cluster, _: str, record: Any) -> Claim | None:
    writer = record.stuck.get(GALERA_BACKEND) if isinstance(record, ProxyNode) and spec.haproxy.single_writer else None
    return Claim(writer, f"the writer is {writer}") if writer else None


def _ports(spec: Cluster) -> tuple[Port, ...]:
    return (Port("tcp", str(PEERS_PORT), spec.addresses(Role.HAPROXY), "who the writer is"),)


def _packages(_: Cluster) -> tuple[str, ...]:
    # socat asks HAProxy's sockets.
    return "haproxy", "socat"


HAPROXY = Layer(
    name="haproxy",
    roles=(Role.HAPROXY,),
    checks=checks,
    facts=(HAPROXY_STAT,),
    claims={HAPROXY_STAT.name: _writer},
    verdict=lambda spec, state: haproxy_health(spec, state[HAPROXY_STAT]),
    steady=STEADY,
    things=things,
    loads=vip_owner,
    units=(Unit(UNIT, (CONFIG,), "HAProxy is reloaded"),),
    ports=_ports,
    packages=_packages,
)
