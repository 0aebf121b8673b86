"""What to say of a snapshot: a verdict and a reason for each layer. Pure: one way for the console, status and gates."""

from __future__ import annotations

from cluster.health.hosts import judged
from cluster.health.verdict import Finding, HostHealth, LayerHealth, Verdict, layer_health, worst
from cluster.layers import wanted
from cluster.spec import Cluster
from cluster.state import HOSTS, ClusterState, HostAnswer


def assess(spec: Cluster, state: ClusterState) -> tuple[LayerHealth, ...]:
    """The hosts, and every layer, in the order in which they stand on each other."""
    return (_hosts(state), *(layer.verdict(spec, state) for layer in wanted(spec) if layer.verdict))


def overall(layers: tuple[LayerHealth, ...]) -> Verdict:
    """The verdict of the whole cluster."""
    return worst(layer.verdict for layer in layers)


def _hosts(state: ClusterState) -> LayerHealth:
    def judge(name: str, answer: HostAnswer) -> tuple[HostHealth, list[Finding]]:
        return HostHealth(name, Verdict.OK, f"answered after {answer.took:.2f} s"), []

    hosts, findings = judged(state.hosts, judge)
    return layer_health(HOSTS, hosts, findings, healthy=f"{len(hosts)} of {len(hosts)} hosts answer")
