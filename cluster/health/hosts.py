"""The hosts of a layer, judged one by one: who could not be asked is unknown, and never left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from cluster.health.verdict import Finding, HostHealth, Verdict
from cluster.state import Unknown

Seen = TypeVar("Seen")


def judged(
    nodes: Mapping[str, Seen | Unknown], judge: Callable[[str, Seen], tuple[HostHealth, list[Finding]]]
) -> tuple[list[HostHealth], list[Finding]]:
    """What `judge` says of each host that answered, and what is to be said of the others; the same of several once."""
    hosts: list[HostHealth] = []
    findings: list[Finding] = []
    same: dict[str, list[str]] = {}
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            same.setdefault(node.alike or node.reason, []).append(name)
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            hosts.append(HostHealth(name, Verdict.UNKNOWN, node.reason))
            names = same.pop(node.alike or node.reason, [])
            if len(names) == 1:
                findings.append(Finding(Verdict.UNKNOWN, f"{name} {node.reason}", name))
            elif names:
                said = f"{len(names)} of {len(nodes)} hosts: {node.reason} ({', '.join(names)})"
                findings.append(Finding(Verdict.UNKNOWN, said))
        else:
            host, found = judge(name, node)
            hosts.append(host)
            findings += [replace(one, host=name) for one in found]
    return hosts, findings


def stopped(name: str, shows: str) -> tuple[HostHealth, list[Finding]]:
    """A host whose part of the layer does not work: its own failure, and a warning for the layer."""
    return HostHealth(name, Verdict.FAIL, shows), [Finding(Verdict.WARN, f"{name}: {shows}")]
