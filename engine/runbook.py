"""What a runbook is made of: it looks at a view of the cluster and gives a plan, whose steps somebody else takes.

A runbook is a Python file with `PARAMETERS`, the name of each parameter and what it means, and a function `plan`
that takes a `View` and the parameters. It changes nothing by itself. It plans from what is so, so that the same
runbook, run again after it broke off, plans what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cluster.spec import Cluster
from cluster.state import ClusterState
from operations.steps import Step


@dataclass(frozen=True, slots=True)
class View:
    """What is wanted, and what was seen just now."""

    cluster: Cluster
    state: ClusterState


@dataclass(frozen=True, slots=True)
class Candidate:
    """A host that could be chosen, and the reason why not, empty if it may be."""

    name: str
    against: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done."""

    title: str
    """What is so after it, in the imperative: "Move the VIP to haproxy2"."""
    steps: Sequence[Step] = ()
    """None: it is so already."""
    refused: str = ""
    """Why nothing may be done now, and what to do about it; there are no steps then."""
    candidates: Sequence[Candidate] = ()
    expected: str = ""
    """What clients are expected to feel."""
    undo: str = ""
    """How to go back afterwards."""
    measures: Sequence[str] = ()
    """What is measured meanwhile, from a client's side: services of engine/probes."""
    evidence: str = ""
    """A table, one line each, of what a person should look at before saying yes."""
    typed: str = ""
    """What a person has to type to agree where yes is not enough."""
