"""The database's traffic on the balancers: who is the writer, and how it is moved away from a node and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cluster.gates.galera import may_drain, takes_no_sessions
from cluster.gates.haproxy import writers_of
from cluster.state import ProxyNode, Unknown, runs
from cluster.wiring import GALERA_BACKEND
from facts.base import Services
from facts.haproxy import HaproxyStat
from operations.hosts import look_all
from operations.servers import drain, undrain
from operations.steps import Refused, wait_for

DRAIN = 10
"""Seconds that sessions may take to end by themselves."""
RISE = 15
"""Seconds in which the balancers' checks find a node that is back."""


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


@contextmanager
def away_from(name: str, balancers: Sequence[str]) -> Iterator[None]:
    """While this is open, the balancers send nothing to `name`; after it, in any case, they may again.

    A node that is down is kept out by its health check, so nothing is left drained for it.
    """
    proxies = carrying(balancers)
    if reason := may_drain(proxies, name):
        raise Refused(reason)
    running = list(proxies)
    try:
        drain(running, GALERA_BACKEND, name, within=DRAIN)
        yield
    except Refused as refusal:
        try:
            undrain(running, GALERA_BACKEND, name)
        except Refused as second:
            raise Refused(f"{refusal} And {name} is left drained: {second}") from refusal
        raise
    undrain(running, GALERA_BACKEND, name)
    # The next node may go only when this one takes sessions again.
    wait_for(lambda: takes_no_sessions(carrying(balancers), name), within=RISE)
