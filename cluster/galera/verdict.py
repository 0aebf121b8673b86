"""Galera: one Primary component with every node Synced in it, and nobody holding the others up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cluster.galera.components import components
from cluster.galera.gates import RECOVER, is_primary, is_synced, may_run, retries
from cluster.galera.names import GALERA_BACKEND, LAGS
from cluster.galera.record import GaleraNode
from cluster.haproxy.serving import Proxies, nobody_served
from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.spec import Cluster
from cluster.state import Unknown, runs

Nodes = Mapping[str, GaleraNode | Unknown]

PAUSED = 0.1
"""Share of time paused by flow control from which a node is said to hold the others up."""


def galera_health(spec: Cluster, nodes: Nodes, proxies: Proxies = MappingProxyType({})) -> LayerHealth:
    """The database. `proxies` tell what its clients get where too few nodes can be asked."""
    size = len(nodes) + (spec.galera.arbitrator is not None)
    # Where there is none, nobody can be receiving a state transfer.
    headless = not any(isinstance(node, Unknown) or is_primary(node) for node in nodes.values())

    def judge(name: str, node: GaleraNode) -> tuple[HostHealth, list[Finding]]:
        if headless and retries(node):
            return stopped(name, "its server is started again and again, and finds no Primary component")
        if _does_not_serve(node):
            return stopped(name, shows(node))
        mine = _of_one(name, node, size)
        return HostHealth(name, worst(finding.verdict for finding in mine), shows(node)), mine

    hosts, findings = judged(nodes, judge)
    findings += _of_all(nodes, proxies, arbitrator=spec.galera.arbitrator is not None)
    synced = sum(is_synced(node) for node in nodes.values())
    return layer_health("galera", hosts, findings, healthy=f"{synced} of {len(nodes)} nodes are Synced and Primary")


def shows(node: GaleraNode) -> str:
    """A node in a few words."""
    if not node.running:
        position = f", seqno {node.seqno}" if node.uuid else ", no data of a cluster"
        return f"{down(node.service)}{position}"
    if node.standalone:
        return (
            "runs without Galera" if node.provider else "runs without Galera: wsrep_on is ON, and no provider is loaded"
        )
    if node.turns_away:
        return f"its server turns clients away: {node.turns_away}"
    if not node.answers:
        return f"its server runs and does not answer{', ' + node.state if node.state else ''}"
    # A node under a read lock calls itself a donor; what other states mean they say themselves.
    why = f", no sessions: {node.refuses}" if node.refuses and node.state.startswith("Donor") else ""
    return f"{node.state}, {node.cluster_status}, size {node.size}, seqno {node.seqno}, queue {node.recv_queue}{why}"


def _does_not_serve(node: GaleraNode) -> bool:
    """Whether it is known not to: by what it said, whatever it left out."""
    if not node.running or not node.answers or node.standalone:
        return True
    said = ("wsrep_cluster_status", "wsrep_local_state_comment", "wsrep_ready")
    well = (node.cluster_status == "Primary", node.state == "Synced", node.ready)
    return not all(so or name in node.untold for name, so in zip(said, well, strict=True))


def _of_one(name: str, node: GaleraNode, size: int) -> list[Finding]:
    found = service_findings(name, node.service)
    if not runs(node.check):
        found.append(Finding(Verdict.WARN, f"{name}: {down(node.check)}, so the balancers send it nothing"))
    else:
        found += service_findings(name, node.check)
    if node.refuses:
        found.append(Finding(Verdict.WARN, f"{name} gets no sessions: {node.refuses}"))
    if node.untold:
        found.append(Finding(Verdict.UNKNOWN, f"{name} does not tell {', '.join(node.untold)}"))
    if node.size != size and "wsrep_cluster_size" not in node.untold:
        found.append(Finding(Verdict.WARN, f"{name} sees {node.size} of {size} members"))
    if node.flow_control_paused > PAUSED:
        paused = f"{node.flow_control_paused:.0%} of the time"
        found.append(Finding(Verdict.WARN, f"{name} was paused by flow control {paused}"))
    if node.recv_queue > LAGS:
        found.append(Finding(Verdict.WARN, f"{name} lags: {node.recv_queue} write sets wait to be applied"))
    if node.desynced:
        found.append(Finding(Verdict.WARN, f"{name} is desynced by hand (wsrep_desync=ON)"))
    if node.read_only:
        found.append(Finding(Verdict.WARN, f"{name} is read_only"))
    return found


def _needs_recovery(nodes: Nodes) -> bool:
    """Whether none comes back by itself: a majority is down, and whoever else runs says that it is in no component."""
    known = [node for node in nodes.values() if isinstance(node, GaleraNode)]
    up = [node for node in known if node.running and not retries(node)]
    return 2 * (len(known) - len(up)) > len(nodes) and all(node.answers for node in up)


def _of_all(nodes: Nodes, proxies: Proxies, *, arbitrator: bool) -> list[Finding]:
    primary = [node for node in nodes.values() if isinstance(node, GaleraNode) and is_primary(node)]
    unknown = [
        name
        for name, node in nodes.items()
        if isinstance(node, Unknown) or ("wsrep_cluster_status" in node.untold and not _does_not_serve(node))
    ]
    if not primary:
        if unknown and (served := nobody_served(proxies, GALERA_BACKEND)):
            reason = f"no client gets a session: {served}; no Primary component is seen"
            return [Finding(Verdict.FAIL, f"{reason}, and {', '.join(unknown)} can't be asked")]
        if unknown:
            return [Finding(Verdict.UNKNOWN, f"no Primary component is seen, and {', '.join(unknown)} can't be asked")]
        reason = f"no Primary component among {len(nodes)} nodes: the database takes no writes"
        if any(isinstance(node, GaleraNode) and node.turns_away for node in nodes.values()):
            # What becomes of its component nobody was told.
            reason = f"0 of {len(nodes)} nodes take sessions"
        return [Finding(Verdict.FAIL, f"{reason}. {RECOVER}" if _needs_recovery(nodes) else reason)]
    uuids = sorted({node.uuid for node in primary if node.uuid})
    if len(uuids) > 1:
        return [Finding(Verdict.FAIL, f"two clusters with different data are Primary: {', '.join(uuids)}")]
    if split := components(nodes, arbitrator=arbitrator):
        return [Finding(Verdict.FAIL, split)]
    if all(_does_not_serve(node) for node in primary):
        return [Finding(Verdict.FAIL, "no node of the Primary component is Synced")]
    refusing = [name for name, node in nodes.items() if isinstance(node, GaleraNode) and node.refuses]
    if len(refusing) == len(nodes):
        return [Finding(Verdict.FAIL, f"0 of {len(nodes)} nodes take sessions")]
    found = []
    known = sorted({node.conf_id for node in primary if node.conf_id >= 0})
    if len(known) > 1:
        ids = ", ".join(map(str, known))
        found.append(Finding(Verdict.WARN, f"the members do not agree on the configuration ({ids})"))
    ended = [name for name, node in nodes.items() if not isinstance(node, Unknown) and not may_run(node)]
    if left := [name for name in ended if not retries(nodes[name])]:
        found.append(Finding(Verdict.WARN, f"`hatui recover galera` lets {', '.join(left)} join the others again"))
    return found
