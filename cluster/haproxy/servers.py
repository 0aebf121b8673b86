"""The servers behind HAProxy, in words: whose they are, why one takes no new sessions, and how it comes back."""

from __future__ import annotations

import re
from collections.abc import Container

from cluster.haproxy.record import ProxyNode, ProxyServer
from cluster.haproxy.services import BUILT_IN

_FOLLOWS = re.compile(r"MAINT \(via (\S+)\)")
"""The status of a server that is out because the one that it tracks is."""
_NO_ADDRESS = re.compile(r"none|(0\.0\.0\.0|\[::\])(:\d+)?")


def empty_slot(server: ProxyServer) -> bool:
    """Whether it is a slot of a `server-template` that no server has (yet): in maintenance, and without an address."""
    kept = server.status in ("MAINT", "MAINT (resolution)")
    return kept and server.backend not in BUILT_IN and _NO_ADDRESS.fullmatch(server.address) is not None


def declines(server: ProxyServer) -> bool:
    """Whether its own check says that it wants no new session, as by `http-check disable-on-404`."""
    return server.status.startswith("NOLB")


def state_of(server: ProxyServer) -> str:
    """Its status, and its weight where that keeps sessions away."""
    return server.status if server.weight or not server.up else f"{server.status} with weight 0"


def takes_none(balancer: str, node: ProxyNode, backend: str, name: str) -> str | None:
    """Why `balancer` sends no new sessions to the server `name` of `backend`, or None if it does."""
    server = next((one for one in node.servers if one.backend == backend and one.name == name), None)
    if server is not None and server.serves:
        return None
    state = "absent" if server is None else state_of(server)
    return f"{name} is {state} on {balancer}{'' if server is not None and server.up else ', not UP'}"


def drained(server: ProxyServer, ours: Container[str]) -> str:
    """The host that `hatui undrain` gives back where this is taken out by hand; empty where something else is why."""
    if followed := _FOLLOWS.fullmatch(server.status):
        backend, _, one = followed[1].partition("/")
        return one if backend in ours else ""
    return server.name if server.by_hand and server.backend in ours else ""


def way_out(server: ProxyServer, ours: Container[str]) -> str:
    """How a server that takes no new sessions comes back, as a clause; empty where its check alone says that it may.

    `ours` are the backends that the inventory makes.
    """
    status, path = server.status, f"{server.backend}/{server.name}"
    if followed := _FOLLOWS.fullmatch(status):
        one = drained(server, ours)
        return f"it follows {followed[1]}{f', `hatui undrain {one}` gives that back' if one else ''}"
    if "(agent)" in status:
        return "its agent says so: it comes back when that does"
    if status == "MAINT (resolution)":
        return "its name has no address: ask the resolver"
    if declines(server):
        return "its check says so"
    if one := drained(server, ours):
        return f"`hatui undrain {one}` gives it back"
    if server.by_hand:
        return f"`set server {path} state ready` over HAProxy's admin socket gives it back"
    if server.up and not server.weight:
        return f"`set server {path} weight 100%` over HAProxy's admin socket gives it back"
    return ""
