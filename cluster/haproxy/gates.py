"""HAProxy: when a balancer may be reloaded, and when its new worker is as good as the former one."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.galera.names import GALERA_BACKEND
from cluster.haproxy.names import PEERS_PORT
from cluster.haproxy.record import ProxyNode
from cluster.state import Unknown, runs

Nodes = Mapping[str, ProxyNode | Unknown]

ESTABLISHED = "ESTA"
"""How HAProxy writes that a link to a peer is established (`show peers`)."""


def why_not_serving(name: str, node: ProxyNode | Unknown) -> str | None:
    """Why `name`'s HAProxy can't be counted on, or None if it runs and answers. Its servers may all be down."""
    if isinstance(node, Unknown):
        return f"{name} can't be asked: {node.reason}"
    if not runs(node.service):
        return f"{name}'s HAProxy does not run ({node.service.active}, {node.service.sub})"
    if not node.servers:
        doing = "is frozen (a process of it is stopped)" if node.service.frozen else "runs and does not answer"
        return f"{name}'s HAProxy {doing} (look at it, then: systemctl restart haproxy)"
    return None


def not_open(name: str, node: ProxyNode | Unknown) -> str | None:
    """Why clients don't reach a service of `name`, or None: a frontend of it takes no connections."""
    if isinstance(node, ProxyNode):
        for frontend, status in node.frontends.items():
            if status not in ("OPEN", "FULL"):
                return f"{name}'s frontend {frontend} is {status} and takes no connection"
    return None


def links_down(nodes: Nodes) -> dict[tuple[str, str], str]:
    """The links over which the balancers should share the writer's table and don't: both ends, to the link's state.

    The ends in the order of their names. One that does not serve is no end: that is another trouble.
    """
    serving = {name: node for name, node in nodes.items() if isinstance(node, ProxyNode) and node.servers}
    found: dict[tuple[str, str], str] = {}
    for name, node in serving.items():
        for peer, status in node.peers.items():
            if peer in serving and status != ESTABLISHED:
                found.setdefault((min(name, peer), max(name, peer)), status)
    return found


def why_not_shared(nodes: Nodes) -> str | None:
    """Why a move would leave the balancers with different writers, or None: they share the table of who it is."""
    for (one, other), status in links_down(nodes).items():
        return (
            f"{one} and {other} don't tell each other who the writer is (peers link {status}): "
            f"look at port {PEERS_PORT} between them, both ways"
        )
    return None


def may_reload_haproxy(nodes: Nodes, host: str) -> str | None:
    """Why `host`'s HAProxy must not be reloaded now, or None if it may: every balancer answers."""
    for name, node in nodes.items():
        if reason := why_not_serving(name, node):
            return f"{host}'s HAProxy is not reloaded: {reason}."
    return None


def not_taken_over(before: ProxyNode, name: str, now: ProxyNode | Unknown) -> str | None:
    """Why the reload of `name` is not complete, or None: a new worker answers, and finds whom the former one found."""
    if reason := why_not_serving(name, now):
        return reason
    if not isinstance(now, ProxyNode) or now.pid == before.pid:
        return f"{name}'s former worker ({before.pid}) still answers (journalctl -u haproxy says why)"
    unchecked = [f"{server.backend}/{server.name}" for server in now.servers if server.check.startswith("INI")]
    if unchecked:
        return f"{name}'s new worker has not checked {', '.join(unchecked)} yet"
    # A server counts as UP until it is checked for the first time.
    found = {
        (server.backend, server.name)
        for server in before.servers
        if server.serves and not server.check.startswith("INI")
    }
    lost = [
        f"{server.backend}/{server.name} is {server.status} ({server.check})"
        for server in now.servers
        if (server.backend, server.name) in found and not server.serves
    ]
    if lost:
        return f"{name}: {', '.join(lost)} since the reload"
    for peer, status in now.peers.items():
        if status != ESTABLISHED and before.peers.get(peer) == ESTABLISHED:
            return f"{name}'s new worker does not share the writer's table with {peer} yet ({status})"
    return None


def next_server(nodes: Mapping[str, ProxyNode], backend: str, leaving: str) -> str | None:
    """The server of `backend` that takes over from `leaving`: the first that is UP on every balancer, if any is."""
    up = [
        [server.name for server in node.servers if server.backend == backend and server.serves]
        for node in nodes.values()
    ]
    common = (name for name in (up[0] if up else []) if name != leaving and all(name in names for names in up))
    return next(common, None)


def writers_of(nodes: Nodes) -> dict[str, str]:
    """Whom each balancer sends the database's new sessions to, by balancer; one that has not chosen yet is left out."""
    return {
        name: node.stuck[GALERA_BACKEND]
        for name, node in nodes.items()
        if isinstance(node, ProxyNode) and node.stuck.get(GALERA_BACKEND)
    }


def kept_away(nodes: Nodes, backend: str) -> set[str]:
    """The servers of `backend` that a balancer was told by hand to send nothing to (MAINT or DRAIN)."""
    return {
        server.name
        for node in nodes.values()
        if isinstance(node, ProxyNode)
        for server in node.servers
        if server.backend == backend and server.by_hand
    }


def kept_away_by_all(nodes: Nodes, backend: str, server: str) -> bool:
    """Whether every balancer that could be asked was told by hand to send nothing to `server`."""
    known = {name: node for name, node in nodes.items() if isinstance(node, ProxyNode)}
    return all(server in kept_away({name: node}, backend) for name, node in known.items())
