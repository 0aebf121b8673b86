"""HAProxy's backends: which servers take new sessions, which don't and how they come back, and which are missing."""

from __future__ import annotations

from collections.abc import Container, Sequence

from cluster.haproxy.record import ProxyNode, ProxyServer
from cluster.haproxy.servers import declines, drained, empty_slot, state_of, way_out
from cluster.haproxy.services import backends
from cluster.health.verdict import Finding, Verdict
from cluster.spec import Cluster


def backend_findings(spec: Cluster, name: str, node: ProxyNode) -> list[Finding]:
    """What is wrong with the servers that the balancer `name` knows, and with those that it does not know."""
    found, ours = [], backends(spec)
    for backend, servers in _by_backend(node).items():
        found += _serving(name, backend, servers, ours)
        if backend in ours:
            found += [
                Finding(Verdict.WARN, f"{name}: {backend}/{server.name} serves and nobody checks it ({server.status})")
                for server in servers
                if server.status == "no check"
            ]
    return found + _wanted(spec, name, node)


def shown(node: ProxyNode) -> list[str]:
    """In a few words, each backend of a balancer."""
    parts = []
    for backend, servers in _by_backend(node).items():
        up = sum(server.up and server.serves for server in servers)
        counts = {"NOLB": sum(map(declines, servers)), "unchecked": sum(one.status == "no check" for one in servers)}
        more = "".join(f", {count} {what}" for what, count in counts.items() if count)
        parts.append(f"{backend} {up}/{len(servers)} UP{more}")
    return parts


def unchecked(node: ProxyNode) -> list[str]:
    """What is so by the settings, and nobody's trouble: servers without a check, and those whose check declines."""
    said = []
    for backend, servers in _by_backend(node).items():
        if names := [server.name for server in servers if server.status == "no check"]:
            said.append(f"{', '.join(names)} of {backend}: no check, they serve unchecked")
        if names := [server.name for server in servers if declines(server)]:
            said.append(f"{', '.join(names)} of {backend}: NOLB, their check answers that they want no new session")
    return said


def _by_backend(node: ProxyNode) -> dict[str, list[ProxyServer]]:
    """The servers of each backend, without the empty slots that a template keeps for servers to come."""
    backends: dict[str, list[ProxyServer]] = {}
    for server in node.servers:
        servers = backends.setdefault(server.backend, [])
        if not empty_slot(server):
            servers.append(server)
    return backends


def _serving(name: str, backend: str, servers: Sequence[ProxyServer], ours: Container[str]) -> list[Finding]:
    up = sum(server.serves for server in servers)
    away = [server for server in servers if not server.serves]
    if up and all(declines(server) and backend not in ours for server in away):
        return []
    said = ", ".join(", ".join(filter(None, (f"{one.name} {state_of(one)}", way_out(one, ours)))) for one in away)
    verdict = Verdict.WARN if up else Verdict.FAIL
    reason = f"{name}: {up} of {len(servers)} servers of {backend} are UP ({said or 'it has none'})"
    return [Finding(verdict, reason, drained=tuple(filter(None, (drained(one, ours) for one in away))))]


def _wanted(spec: Cluster, name: str, node: ProxyNode) -> list[Finding]:
    """Where the servers of a balancer are not those of the inventory."""
    said = []
    for backend, role in backends(spec).items():
        known = {server.name: server.address for server in node.servers if server.backend == backend}
        wanted = {host: spec.address(host) for host in spec.names(role)}
        if missing := [host for host in wanted if host not in known]:
            said.append(f"{', '.join(missing)} of the inventory is no server of {backend}: deploy/haproxy.py adds it")
        if strange := [server for server in known if server not in wanted]:
            said.append(f"{', '.join(strange)} is a server of {backend} and not in the inventory")
        for host, address in known.items():
            at = address.rpartition(":")[0]
            if host in wanted and at and at != wanted[host]:
                said.append(f"{backend}/{host} is at {at}, in the inventory at {wanted[host]}")
    return [Finding(Verdict.WARN, f"{name}: {reason}") for reason in said]
