"""The hosts of a layer, judged one by one: who could not be asked is unknown, and never left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from cluster.health.verdict import Finding, HostHealth, Verdict
from cluster.state import Unknown

Seen = TypeVar("Seen")


def judged(
    nodes: Mapping[str, Seen | Unknown], judge: Callable[[str, Seen], tuple[HostHealth, list[Finding]]]
) -> tuple[list[HostHealth], list[Finding]]:
    """What `judge` says of each host that answered, and what is to be said of the others."""
    hosts: list[HostHealth] = []
    findings: list[Finding] = []
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            hosts.append(HostHealth(name, Verdict.UNKNOWN, node.reason))
            findings.append(Finding(Verdict.UNKNOWN, f"{name} {node.reason}"))
        else:
            host, found = judge(name, node)
            hosts.append(host)
            findings += found
    return hosts, findings


def stopped(name: str, shows: str) -> tuple[HostHealth, list[Finding]]:
    """A host whose part of the layer does not work: its own failure, and a warning for the layer."""
    return HostHealth(name, Verdict.FAIL, shows), [Finding(Verdict.WARN, f"{name}: {shows}")]
