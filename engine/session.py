"""pyinfra in this process: its one State, and a look over its open connections.

Only for a process whose first line patched the standard library for gevent (engine/__main__.py does).
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Collection
from functools import partial
from typing import Any

import gevent
from pyinfra.api.config import Config
from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import BaseStateCallback, State, StateStage
from pyinfra.context import ctx_state
from typing_extensions import override

from cluster.exclusive import disputed
from cluster.layers import asked as asked_of
from cluster.spec import Cluster, Role
from cluster.state import HOSTS, ClusterState, HostAnswer, Unknown
from deploy.inventory import members
from engine.awaited import complete
from engine.sections import facts
from operations.hosts import look_all, shell
from operations.steps import Refused, Unseen

ANSWER = 5
"""Seconds after which a host that does not answer is not asked any more."""
GONE = 10
"""Seconds after which a host that takes nothing that is sent to it is not waited for."""


def state_of(cluster: Cluster, only: Collection[str] = (), **config: Any) -> State:
    """A State of `cluster`, without a connection yet; with `only`, these hosts alone take part."""
    groups: dict[str, Any] = {str(role): ([name for name, _ in members(cluster, role)], {}) for role in Role}
    hosts = [host for role in Role for host in members(cluster, role)]
    inventory = Inventory((hosts, {}), **groups)  # type: ignore[no-untyped-call]
    limit = [inventory.get_host(name) for name in only] or None
    state = State(inventory, Config(CONNECT_TIMEOUT=5, **config), initial_limit=limit)  # type: ignore[no-untyped-call]
    state.add_callback_handler(_Watch())  # type: ignore[no-untyped-call]
    ctx_state.set(state)  # type: ignore[no-untyped-call]
    return state


class _Watch(BaseStateCallback):
    """Sees to it that a connection whose host is gone breaks, instead of being waited on for a quarter of an hour."""

    @staticmethod
    @override
    def host_connect(state: State, host: Host) -> None:
        client = getattr(host.connector, "client", None)
        transport = client.get_transport() if client else None
        if transport is not None:
            # What is sent every so often must be taken (tcp(7), TCP_USER_TIMEOUT).
            transport.set_keepalive(2)
            transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE * 1000)


def begin(cluster: Cluster) -> State:
    """The State of this process, without a connection yet: each is made when its host is first asked."""
    # What pyinfra tells of its connections is told by whoever asked for them.
    logging.getLogger("pyinfra").setLevel(logging.CRITICAL)
    state = state_of(cluster)
    state.current_stage = StateStage.Execute
    state.is_executing = True
    return state


def seen(cluster: Cluster) -> ClusterState:
    """Ask every host of `cluster` now, side by side. What can't be asked is `Unknown` with the reason.

    What a host itself waits for, on a busy machine, is waited for (engine/awaited.py).
    """
    return complete(partial(_look, cluster))


def _look(cluster: Cluster) -> ClusterState:
    # No plan rests on the lock, and whoever looks here holds it himself.
    known = {layer: fact for layer, fact in facts().items() if layer != "lock"}
    answers = {name: gevent.spawn(_reach, name) for name in cluster.hosts}
    hosts = {name: answer.get() for name, answer in answers.items()}
    there = [name for name, answer in hosts.items() if isinstance(answer, HostAnswer)]
    facts_of = {name: asked_of(cluster, name) for name in cluster.hosts}
    asked = {
        layer: gevent.spawn(look_all, [name for name in there if layer in facts_of[name]], type(fact))
        for layer, fact in known.items()
    }
    fields: dict[str, Any] = {HOSTS: hosts}
    for layer, answer in asked.items():
        said = answer.get()
        if disputed(cluster, layer, said):
            # The one may have been asked before something moved, and the other after it.
            said = look_all(list(said), type(known[layer]))
        fields[layer] = {name: said.get(name, hosts[name]) for name, mine in facts_of.items() if layer in mine}
    return ClusterState(fields)


def _reach(name: str) -> HostAnswer | Unknown:
    begun = time.monotonic()
    try:
        shell(name, "true", timeout=ANSWER)
    except Refused as refusal:
        return Unknown(refusal.reason if isinstance(refusal, Unseen) else str(refusal))
    return HostAnswer(time.monotonic() - begun)
