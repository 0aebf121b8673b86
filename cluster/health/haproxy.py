"""HAProxy: whether every balancer answers and finds its servers, and agrees with the others on the writer."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.gates.haproxy import writers_of
from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.spec import Cluster
from cluster.state import ProxyNode, Unknown, runs

Nodes = Mapping[str, ProxyNode | Unknown]


def haproxy_health(spec: Cluster, nodes: Nodes) -> LayerHealth:
    """The balancing of the database and the queue."""

    def judge(name: str, node: ProxyNode) -> tuple[HostHealth, list[Finding]]:
        if not runs(node.service):
            return stopped(name, down(node.service))
        if not node.servers:
            return stopped(name, "haproxy runs and does not answer")
        mine = [*service_findings(name, node.service), *_backends(name, node)]
        return HostHealth(name, worst(finding.verdict for finding in mine), _shows(spec, name, node)), mine

    hosts, findings = judged(nodes, judge)
    known = {name: node for name, node in nodes.items() if isinstance(node, ProxyNode)}
    serving = [name for name, node in known.items() if runs(node.service) and node.servers]
    if hosts and not serving and len(known) == len(nodes):
        findings.append(Finding(Verdict.FAIL, f"none of {len(hosts)} balancers serves"))
    writers = writers_of(nodes)
    if spec.haproxy.single_writer and len(set(writers.values())) > 1:
        said = ", ".join(f"{name} sends to {writer}" for name, writer in writers.items())
        findings.append(Finding(Verdict.WARN, f"the balancers do not agree on the database's writer: {said}"))
    who = f", writer {next(iter(writers.values()))}" if spec.haproxy.single_writer and writers else ""
    return layer_health(
        "haproxy", hosts, findings, healthy=f"{len(serving)} of {len(nodes)} balancers serve, every server is UP{who}"
    )


def _by_backend(node: ProxyNode) -> dict[str, dict[str, str]]:
    backends: dict[str, dict[str, str]] = {}
    for server in node.servers:
        backends.setdefault(server.backend, {})[server.name] = server.status
    return backends


def _backends(name: str, node: ProxyNode) -> list[Finding]:
    found = []
    for backend, servers in _by_backend(node).items():
        away = {server: status for server, status in servers.items() if not status.startswith("UP")}
        if not away:
            continue
        said = ", ".join(f"{server} {status}{_way_out(server, status)}" for server, status in away.items())
        up = len(servers) - len(away)
        verdict = Verdict.WARN if up else Verdict.FAIL
        found.append(Finding(verdict, f"{name}: {up} of {len(servers)} servers of {backend} are UP ({said})"))
    return found


def _way_out(server: str, status: str) -> str:
    return f", `hatui undrain {server}` gives it back" if status.startswith(("MAINT", "DRAIN")) else ""


def _shows(spec: Cluster, name: str, node: ProxyNode) -> str:
    parts = []
    for backend, servers in _by_backend(node).items():
        up = sum(status.startswith("UP") for status in servers.values())
        parts.append(f"{backend} {up}/{len(servers)} UP")
    if spec.haproxy.single_writer and (writer := writers_of({name: node}).get(name)):
        parts.append(f"writer {writer}")
    return ", ".join(parts)
