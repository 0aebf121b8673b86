"""HAProxy: whether every balancer answers and finds its servers, and agrees with the others on the writer."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.haproxy.backends import backend_findings, shown, unchecked
from cluster.haproxy.gates import links_down, writers_of
from cluster.haproxy.names import PEERS_PORT
from cluster.haproxy.record import ProxyNode
from cluster.haproxy.writer import writer_by
from cluster.health.hosts import judged, stopped
from cluster.health.services import FROZEN, down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.spec import Cluster
from cluster.state import Unknown, runs

Nodes = Mapping[str, ProxyNode | Unknown]


def haproxy_health(spec: Cluster, nodes: Nodes) -> LayerHealth:
    """The balancing of the database and the queue."""

    def judge(name: str, node: ProxyNode) -> tuple[HostHealth, list[Finding]]:
        if not runs(node.service):
            return stopped(name, down(node.service))
        if not node.servers:
            if node.service.frozen:
                return stopped(name, f"haproxy is frozen ({FROZEN}): `systemctl restart haproxy` there")
            return stopped(name, "haproxy runs and does not answer")
        mine = [*service_findings(name, node.service), *_frontends(name, node), *backend_findings(spec, name, node)]
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
    if spec.haproxy.single_writer:
        findings += _links(nodes)
    who = f", writer {next(iter(writers.values()))}" if spec.haproxy.single_writer and writers else ""
    besides = list(dict.fromkeys(said for node in known.values() for said in unchecked(node)))
    if findings:
        # Nobody's trouble, and yet not every server is UP: it is said after what is.
        findings += [Finding(Verdict.OK, said) for said in besides]
    every = "every other server is UP" if besides else "every server is UP"
    healthy = f"{len(serving)} of {len(nodes)} balancers serve, {every}{who}"
    return layer_health("haproxy", hosts, findings, healthy="; ".join([healthy, *besides]))


def _links(nodes: Nodes) -> list[Finding]:
    """Balancers that do not tell each other who the writer is: the next fault would make two writers."""
    return [
        Finding(
            Verdict.WARN,
            f"{one} and {other} don't share the writer's table (peers link {status}): the next fault may make two "
            f"writers. Look at port {PEERS_PORT} between them, both ways",
        )
        for (one, other), status in links_down(nodes).items()
    ]


def _frontends(name: str, node: ProxyNode) -> list[Finding]:
    found = []
    for frontend, status in node.frontends.items():
        if status == "FULL":
            found.append(Finding(Verdict.WARN, f"{name}: frontend {frontend} is FULL, new connections wait"))
        elif status != "OPEN":
            way_out = f", `enable frontend {frontend}` over its admin socket opens it" if status == "PAUSED" else ""
            said = f"{name}: frontend {frontend} is {status} and takes no connection{way_out}"
            found.append(Finding(Verdict.FAIL, said))
    return found


def _shows(spec: Cluster, name: str, node: ProxyNode) -> str:
    parts = shown(node)
    if spec.haproxy.single_writer and name in writers_of({name: node}):
        parts.append(f"writer {writer_by(node, {})}")
    return ", ".join(parts)
