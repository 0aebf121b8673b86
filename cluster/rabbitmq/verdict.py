"""RabbitMQ: every broker running in one cluster, no partition, no alarm."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cluster.haproxy.serving import Proxies, nobody_served
from cluster.health.hosts import judged, stopped
from cluster.health.services import down, service_findings
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.rabbitmq.evidence import is_up
from cluster.rabbitmq.gates import apart
from cluster.rabbitmq.names import RABBITMQ_BACKEND
from cluster.rabbitmq.queues import queue_findings
from cluster.rabbitmq.record import QUEUES_UNTOLD, BrokerNode
from cluster.spec import Cluster
from cluster.state import Unknown, runs

Nodes = Mapping[str, BrokerNode | Unknown]


def rabbitmq_health(_: Cluster, nodes: Nodes, proxies: Proxies = MappingProxyType({})) -> LayerHealth:
    """The message queue. `proxies` tell what its clients get where too few brokers can be asked."""

    def judge(name: str, node: BrokerNode) -> tuple[HostHealth, list[Finding]]:
        if not node.running and not node.draining:
            return stopped(name, shows(node))
        mine = _of_one(name, node, len(nodes))
        return HostHealth(name, worst(finding.verdict for finding in mine), shows(node)), mine

    hosts, findings = judged(nodes, judge)
    findings += [*_parted(nodes), *_apart(nodes), *queue_findings(nodes)]
    # One that is drained keeps its vote in every quorum queue.
    running = sum(isinstance(node, BrokerNode) and (node.running or node.draining) for node in nodes.values())
    unknown = sum(isinstance(node, Unknown) for node in nodes.values())
    if 2 * (running + unknown) <= len(nodes):
        reason = f"{running} of {len(nodes)} brokers run: quorum queues have no majority"
        way = "" if running else ". `hatui recover rabbitmq` shows what each has, and brings them back"
        findings.append(Finding(Verdict.FAIL, f"{reason}{way}"))
    elif 2 * running <= len(nodes) and (served := nobody_served(proxies, RABBITMQ_BACKEND)):
        seen = f"{running} of {len(nodes)} brokers are seen to run"
        findings.append(Finding(Verdict.FAIL, f"no client gets a session: {served}; {seen}"))
    elif 2 * running <= len(nodes):
        findings.append(Finding(Verdict.UNKNOWN, f"{running} of {len(nodes)} brokers are seen to run"))
    if running and (out := [name for name, node in nodes.items() if _ended(node)]):
        way = f"`hatui recover rabbitmq` starts {', '.join(out)} beside the others"
        findings.append(Finding(Verdict.WARN, way))
    return layer_health("rabbitmq", hosts, findings, healthy=f"{running} of {len(nodes)} brokers run, no partition")


def _ended(node: BrokerNode | Unknown) -> bool:
    """Whether the broker has data of a cluster, and is down."""
    if not isinstance(node, BrokerNode) or node.running or node.draining:
        return False
    return bool(node.members) and not is_up(node)


def shows(node: BrokerNode) -> str:
    """A broker in a few words."""
    if node.draining:
        return "drained: takes no clients, leads no queue"
    if not node.running:
        return down(node.service) if not runs(node.service) else "its service runs and the broker does not answer"
    extra = f", partitioned from {', '.join(node.partitions)}" if node.partitions else ""
    alarms = f", alarms: {', '.join(node.alarms)}" if node.alarms else ""
    return f"running, sees {len(node.running_members)} of {len(node.members)} members{extra}{alarms}"


def _parted(nodes: Nodes) -> list[Finding]:
    """Members that are partitioned by what another one tells of them, and don't say so themselves."""
    known = {name: node for name, node in nodes.items() if isinstance(node, BrokerNode)}
    own = {node.name for node in known.values() if node.partitions}
    told: dict[str, str] = {}
    for name, node in known.items():
        for member, others in node.parted.items():
            if member not in own:
                told.setdefault(member, f"{member} is partitioned from {', '.join(others)}, as {name} tells")
    return [Finding(Verdict.FAIL, reason) for reason in told.values()]


def _apart(nodes: Nodes) -> list[Finding]:
    """Brokers that came up alone, which their clients can't tell from the others."""
    said = "runs by itself, and the others go on without it: `hatui recover rabbitmq` starts it anew"
    return [Finding(Verdict.FAIL, f"the broker on {name} {said}", name) for name in apart(nodes)]


def _of_one(name: str, node: BrokerNode, size: int) -> list[Finding]:
    found = service_findings(name, node.service)
    if node.draining:
        why = f"{name} is drained (`hatui undrain {name}` puts it back into service)"
        found.append(Finding(Verdict.WARN, why, drained=(name,)))
        return found
    if node.partitions:
        found.append(Finding(Verdict.FAIL, f"{name} is partitioned from {', '.join(node.partitions)}"))
    if node.alarms:
        found.append(Finding(Verdict.FAIL, f"{name}: alarm {', '.join(node.alarms)}, publishers are blocked"))
    if untold := [what for what in node.untold if what != QUEUES_UNTOLD]:
        found.append(Finding(Verdict.UNKNOWN, f"{name} does not tell {', '.join(untold)}"))
    if len(node.members) != size:
        found.append(Finding(Verdict.WARN, f"{name} has {len(node.members)} members in its cluster, not {size}"))
    elif len(node.running_members) != size:
        found.append(Finding(Verdict.WARN, f"{name} sees {len(node.running_members)} of {size} brokers running"))
    return found
