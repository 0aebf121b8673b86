"""The database's traffic on the balancers: who is the writer, and whether a node may be left without any."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.galera.gates import incomplete, may_drain
from cluster.galera.names import GALERA_BACKEND
from cluster.haproxy.gates import writers_of
from cluster.haproxy.record import ProxyNode
from cluster.haproxy.servers import state_of
from cluster.state import Unknown, runs
from facts.base import Services
from facts.galera import WsrepStatus
from facts.haproxy import HaproxyStat
from operations.hosts import look_all
from operations.steps import Refused


def carrying(balancers: Sequence[str]) -> dict[str, ProxyNode]:
    """The balancers that run HAProxy, each with its record; none before that layer is deployed.

    Refused if one can't be asked: it may send sessions to the node that is about to go.
    """
    seen = look_all(balancers, Services, units={"haproxy.service": ()})
    running = []
    for name, services in seen.items():
        if isinstance(services, Unknown):
            raise Refused(f"{name} can't be asked where the database's sessions are: {services.reason}")
        if runs(services.get("haproxy.service")):
            running.append(name)
    nodes = look_all(running, HaproxyStat)
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            raise Refused(f"{name} can't be asked where the database's sessions are: {node.reason}")
    return nodes


def writers(balancers: Sequence[str]) -> frozenset[str]:
    """The database nodes that the balancers send new sessions to: one, if the balancers agree; none before any came."""
    return frozenset(writers_of(carrying(balancers)).values())


def may_leave(hosts: Sequence[str], balancers: Sequence[str], name: str) -> str | None:
    """Why the node `name` must not be taken out of service now, or None: all others are Synced, and take sessions."""
    others = {host: node for host, node in look_all(hosts, WsrepStatus).items() if host != name}
    size = max((getattr(node, "size", 0) for node in others.values()), default=0)
    if reason := incomplete(others, size):
        return f"{name} is not drained: {reason}."
    proxies = carrying(balancers)
    for balancer, proxy in proxies.items():
        for server in proxy.servers:
            if server.backend == GALERA_BACKEND and server.name != name and not server.serves:
                return f"{name} is not drained: {server.name} is {state_of(server)} on {balancer} already."
    return may_drain(proxies, name)
