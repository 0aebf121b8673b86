"""What the engine tells whoever orders a run, until its journal has begun; and what it is answered."""

from __future__ import annotations

from cluster.outcome import Outcome
from cluster.wire.lines import Message, Part


class Candidate(Part, frozen=True):
    """A host (a layer, a resource) that could be chosen, and the reason why not, empty if it may be."""

    name: str
    against: str = ""
    now: str = ""
    """What is so of it now, in few words: "on cc01", "is the writer"; empty where there is nothing to say."""


class PlannedStep(Part, frozen=True):
    """A step that would be taken."""

    name: str
    undone: bool = True
    """It is taken back where a later one fails."""
    lasting: str = ""
    """What stays, where it is not."""
    within: float = 10.0
    """Seconds in which its goal must be reached."""
    host: str = ""
    """The host that it changes; empty where it changes the cluster as a whole."""
    layer: str = ""
    stage: str = ""


class Proposal(Message, frozen=True, kw_only=True, tag="plan"):
    """What a run would do, for a person to agree to; the fields are those of engine.runbook.Plan."""

    runbook: str
    title: str
    refused: str
    already: str
    steps: tuple[PlannedStep, ...]
    candidates: tuple[Candidate, ...]
    origin: str
    target: str
    expected: str
    """What clients will feel, with what is promised of new connections."""
    measured: tuple[dict[str, float], ...]
    """Of the last runs of the kind: each service to the longest gap that its clients had, in milliseconds."""
    undo: str
    evidence: str
    typed: str
    in_stages: bool
    broken: tuple[str, ...]


class Precheck(Message, frozen=True, tag="precheck"):
    """Of a dry run: why the step of that number (from 0) must not be taken now; empty if nothing is against it."""

    step: int
    reason: str


class Journaled(Message, frozen=True, tag="journaled"):
    """The run begins: from here on the engine needs nobody, and is heard through its journal."""

    run: str
    journal: str
    """The path of its file."""


class Ended(Message, frozen=True, tag="end"):
    """It ended without a journal, or what could not be written to its end."""

    outcome: Outcome
    reason: str


Said = Proposal | Precheck | Journaled | Ended
"""A line of the engine's, after its first one."""


class Agreement(Message, frozen=True, tag="agreement"):
    """The one line that the engine is answered; none, or `agreed` false, is a no."""

    agreed: bool
    reason: str = ""
    """For the journal; empty: the one that was given before."""
