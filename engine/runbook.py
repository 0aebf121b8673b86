"""What a runbook is made of: it looks at a view of the cluster and gives a plan, whose steps the engine takes.

A runbook is a Python file with `PARAMETERS`, the name of each parameter and what it means, and a function `plan` that
takes a `View` and the parameters by name (strings; those with a default may be left out). `plan` changes nothing. It
plans from what is so, so that the same runbook, run again after it broke off, plans what is left. It may ask hosts more
than the view tells (operations.hosts.look_all): the engine's connections are open while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.spec import Cluster
from cluster.state import ClusterState
from cluster.wire.runs import Candidate as Candidate

if TYPE_CHECKING:
    from operations.steps import Step


@dataclass(frozen=True, slots=True)
class Broken:
    """A former run that ended without saying how: its process died. From the journal."""

    run: str
    runbook: str
    parameters: dict[str, str]
    step: str
    """The step that had begun last; empty if none had."""
    host: str | None = None
    """The host that it changes; empty where it is about none, None in the journal of a former version."""


@dataclass(frozen=True, slots=True)
class View:
    """What is wanted, and what was seen just now."""

    cluster: Cluster
    state: ClusterState
    inventory: Path
    broken: Sequence[Broken] = ()
    """Former runs that died, the newest first."""


def _nothing_more() -> str | None:
    """Nothing is asked once more: the steps have seen it."""
    return None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done."""

    title: str
    """What is so after it, in the imperative: "Move the VIP to haproxy2"."""
    steps: Sequence[Step] = ()
    """None: it is so already, which is no run."""
    already: str = ""
    """Where there are no steps: what is so already, as a sentence with the numbers."""
    refused: str = ""
    """Why nothing may be done now, and what to do about it; there are no steps then."""
    candidates: Sequence[Candidate] = ()
    origin: str = ""
    """Where the service is now."""
    target: str = ""
    """Where it is to be."""
    expected: str = ""
    """What clients are expected to feel, beside what `gap` promises."""
    gap: float = 0.0
    """Seconds for which new connections may go unanswered at most, while none fails; 0: nothing is promised of them."""
    undo: str = ""
    """How to go back afterwards."""
    rests_on: Sequence[str] = ()
    """The layers (fields of ClusterState) of which a change before the yes makes the plan out of date; none named: all.
    After an outage the others come back meanwhile, and are no reason not to go on."""
    measures: Sequence[str] = ()
    """What is measured meanwhile from a client's side, through the VIP (engine.probing.measured)."""
    evidence: str = ""
    """A table, one line each, of what a person should look at before saying yes."""
    typed: str = ""
    """What a person has to type to agree where yes is not enough."""
    in_stages: bool = False
    """Stop where a step fails, and keep what was done before: it can be resumed. Otherwise it is undone."""
    pause_after: int | None = None
    """In stages: stop after this step (counted from 0), to be resumed."""
    holds: Callable[[], str | None] = _nothing_more
    """Asked once more after everything else, the measuring too: why what was asked for is not so, and where it is; None
    if it is so."""
    broken: Sequence[str] = field(default=())
    """Former runs that died, which this plan finishes: their ids."""
