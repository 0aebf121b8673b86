"""HAProxy in depth: each backend's servers on each balancer, their checks, sessions and rates."""

from __future__ import annotations

from cluster.haproxy.gates import ESTABLISHED
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode, ProxyServer
from cluster.haproxy.servers import empty_slot, state_of
from cluster.state import ClusterState, Unknown
from tui.console.depth.parts import Numbers, duration, service
from tui.console.lines import Line, Role, Row, blank, heading, span, table

_NAMES = ("BACKEND", "SERVER", "STATUS", "SESS", "/S", "QUEUE", "SINCE", "DOWN", "CHECK")


def numbers(state: ClusterState) -> Numbers:
    """What the balancers' servers take, all of them together."""
    servers = [
        server for node in state[HAPROXY_STAT].values() if isinstance(node, ProxyNode) for server in node.servers
    ]
    yield "connects/s", sum(server.rate for server in servers) if servers else None
    yield "sessions", sum(server.sessions for server in servers) if servers else None


def lines(state: ClusterState) -> list[Line]:
    """A table a balancer."""
    lines: list[Line] = []
    for host, node in state[HAPROXY_STAT].items():
        if isinstance(node, Unknown):
            lines += [
                heading(host),
                Line((("  ", ""), span(node.reason, "unknown")), key=f"haproxy/{host}", layer="haproxy", host=host),
            ]
        elif not node.servers:
            doing = "frozen" if node.service.frozen else f"{node.service.active} and does not answer"
            said = span(f"haproxy is {doing}", "fail")
            lines += [heading(host), Line((("  ", ""), said), key=f"haproxy/{host}", layer="haproxy", host=host)]
        else:
            hint = f"HAProxy {node.version}, {service(node.service)[0]}, up {duration(node.uptime)}"
            lines += [heading(host, hint), *_troubles(host, node)]
            lines += table(_NAMES, [_row(host, node, server) for server in node.servers])
        lines.append(blank())
    return lines[:-1]


def _row(host: str, node: ProxyNode, server: ProxyServer) -> Row:
    chosen = node.stuck.get(server.backend) == server.name
    return Row(
        f"haproxy/{host}/{server.backend}/{server.name}",
        (
            span(server.backend),
            span(f"{server.name}{' *' if chosen else ''}", "accent" if chosen else "strong"),
            span(state_of(server), _status(server)),
            (str(server.sessions), ""),
            (str(server.rate), ""),
            (str(server.queue), "warn" if server.queue else ""),
            (duration(server.last_change), "dim"),
            (duration(server.downtime), "dim"),
            span(server.check, "dim"),
        ),
        "haproxy",
        server.name,
    )


def _troubles(host: str, node: ProxyNode) -> list[Line]:
    """Frontends that take no connection, and links to other balancers that are down; none where all is well."""
    said: list[tuple[str, Role]] = [
        (f"frontend {name} is {status}", "warn" if status == "FULL" else "fail")
        for name, status in node.frontends.items()
        if status != "OPEN"
    ]
    said += [
        (f"the peers link to {peer} is {status}", "warn")
        for peer, status in node.peers.items()
        if status != ESTABLISHED
    ]
    return [
        Line((("  ", ""), span(text, role)), key=f"haproxy/{host}/{text}", layer="haproxy", host=host)
        for text, role in said
    ]


def _status(server: ProxyServer) -> Role:
    if server.serves:
        return "ok" if server.status == "UP" else "warn"
    if empty_slot(server):
        return "dim"
    return "fail" if server.status.startswith("DOWN") else "warn"
