"""What to say of a snapshot: a verdict and a reason for each layer. Pure: one way for the console, status and gates."""

from __future__ import annotations

from cluster.health.galera import galera_health
from cluster.health.haproxy import haproxy_health
from cluster.health.hosts import judged
from cluster.health.pacemaker import corosync_health, pacemaker_health
from cluster.health.rabbitmq import rabbitmq_health
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.health.vip import keepalived_health
from cluster.spec import Cluster
from cluster.state import ClusterState, HostAnswer

__all__ = ["Finding", "HostHealth", "LayerHealth", "Verdict", "assess", "overall"]


def assess(spec: Cluster, state: ClusterState) -> tuple[LayerHealth, ...]:
    """Every layer, in the order in which they stand on each other."""
    return (
        _hosts(state),
        haproxy_health(spec, state.haproxy),
        keepalived_health(spec, state.vrrp),
        galera_health(spec, state.galera, state.haproxy),
        rabbitmq_health(spec, state.rabbitmq, state.haproxy),
        corosync_health(spec, state.corosync),
        pacemaker_health(spec, state.pacemaker, state.controller_vip),
    )


def overall(layers: tuple[LayerHealth, ...]) -> Verdict:
    """The verdict of the whole cluster."""
    return worst(layer.verdict for layer in layers)


def _hosts(state: ClusterState) -> LayerHealth:
    def judge(name: str, answer: HostAnswer) -> tuple[HostHealth, list[Finding]]:
        return HostHealth(name, Verdict.OK, f"answered after {answer.took:.2f} s"), []

    hosts, findings = judged(state.hosts, judge)
    return layer_health("hosts", hosts, findings, healthy=f"{len(hosts)} of {len(hosts)} hosts answer")
