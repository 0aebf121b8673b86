"""A large cluster in which much happens: what the console and the recording must keep up with."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode, ProxyServer
from cluster.health.verdict import Verdict
from cluster.keepalived.record import VRRP_OWNER
from cluster.state import ClusterState
from cluster.wire.lines import line
from cluster.wire.observed import Event
from engine.observe.diff import events
from engine.seen import Seen
from tests.streams.build import START, ages
from tests.streams.topology import large, well

_STEP = 0.5
"""Seconds between two views."""


def many(hosts: int = 40, events_a_minute: int = 2000, minutes: int = 1) -> Iterator[bytes]:
    """Servers of the balancers go DOWN and come back, databases fall behind, the VIP moves: always the same lines.

    Two snapshots a second, each after its events; those that the views do not make up for are told of the hosts.
    """
    spec = large(hosts)
    chance = random.Random(4)
    down: set[tuple[str, str, str]] = set()
    owner = 0
    before = Seen.of(spec, well(spec))
    yield line(before.snapshot(spec, START, ages=ages(spec, 0.0, {})))
    owed = 0.0
    for step in range(1, int(minutes * 60 / _STEP) + 1):
        since = step * _STEP
        owed += events_a_minute * _STEP / 60
        state = well(spec, since)
        places = [
            (name, server.backend, server.name)
            for name, node in state[HAPROXY_STAT].items()
            if isinstance(node, ProxyNode)
            for server in node.servers
        ]
        # A verdict may follow from each change, so that a few less are made than are owed.
        down ^= set(chance.sample(places, min(int(owed * 0.9), len(places) // 2)))
        if step % 40 == 0:
            owner += 1
        seen = Seen.of(spec, _so(state, down, owner, step))
        found = events(before, seen, START + since)[: int(owed)]
        names = list(spec.hosts)
        while len(found) < int(owed):
            name = names[(step + len(found)) % len(names)]
            found.append(Event(START + since, "hosts", name, Verdict.OK, f"{name} was there, and is there"))
        owed -= len(found)
        yield from map(line, found)
        yield line(seen.snapshot(spec, START + since, ages=ages(spec, since, {})))
        before = seen


def _so(state: ClusterState, down: set[tuple[str, str, str]], owner: int, step: int) -> ClusterState:
    balancers = list(state[VRRP_OWNER])
    vips = list(state[VRRP_OWNER].values())
    databases = list(state[WSREP_STATUS])
    joiner = databases[step // 20 % len(databases)]
    node = state[WSREP_STATUS][joiner]
    assert isinstance(node, GaleraNode)
    return state.having(
        {
            VRRP_OWNER: {name: vips[(n - owner) % len(vips)] for n, name in enumerate(balancers)},
            WSREP_STATUS: {**state[WSREP_STATUS], joiner: replace(node, state="Joined", recv_queue=step % 300)},
            HAPROXY_STAT: {
                name: replace(node, servers=tuple(_server(name, one, down) for one in node.servers))
                for name, node in state[HAPROXY_STAT].items()
                if isinstance(node, ProxyNode)
            },
        }
    )


def _server(name: str, server: ProxyServer, down: set[tuple[str, str, str]]) -> ProxyServer:
    if (name, server.backend, server.name) not in down:
        return server
    return replace(server, status="DOWN", check="L4TOUT", sessions=0, last_change=1)
