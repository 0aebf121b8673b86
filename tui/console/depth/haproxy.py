"""HAProxy in depth: each backend's servers on each balancer, their checks, sessions and rates."""

from __future__ import annotations

from cluster.state import ClusterState, ProxyNode, ProxyServer, Unknown
from tui.console.depth.parts import duration, service
from tui.console.lines import Line, Role, Row, blank, heading, span, table

_NAMES = ("BACKEND", "SERVER", "STATUS", "SESS", "/S", "QUEUE", "SINCE", "DOWN", "CHECK")


def haproxy(state: ClusterState) -> list[Line]:
    """A table a balancer."""
    lines: list[Line] = []
    for host, node in state.haproxy.items():
        if isinstance(node, Unknown):
            lines += [
                heading(host),
                Line((("  ", ""), span(node.reason, "unknown")), key=f"haproxy/{host}", layer="haproxy", host=host),
            ]
        elif not node.servers:
            said = span(f"haproxy is {node.service.active} and does not answer", "fail")
            lines += [heading(host), Line((("  ", ""), said), key=f"haproxy/{host}", layer="haproxy", host=host)]
        else:
            hint = f"HAProxy {node.version}, {service(node.service)[0]}, up {duration(node.uptime)}"
            lines += [heading(host, hint), *table(_NAMES, [_row(host, node, server) for server in node.servers])]
        lines.append(blank())
    return lines[:-1]


def _row(host: str, node: ProxyNode, server: ProxyServer) -> Row:
    chosen = node.stuck.get(server.backend) == server.name
    return Row(
        f"haproxy/{host}/{server.backend}/{server.name}",
        (
            span(server.backend),
            span(f"{server.name}{' *' if chosen else ''}", "accent" if chosen else "strong"),
            span(server.status, _status(server.status)),
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


def _status(status: str) -> Role:
    if status.startswith("UP"):
        return "ok" if status == "UP" else "warn"
    return "warn" if status.startswith(("MAINT", "DRAIN", "NOLB")) else "fail" if status.startswith("DOWN") else ""
