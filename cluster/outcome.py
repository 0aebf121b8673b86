"""How a run ended. Nothing that was not seen to succeed exits 0."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The end of a run, each with its own exit code (`exit_code`)."""

    DONE = "DONE"
    """What was asked for is so, and was seen to be."""
    DONE_ELSEWHERE = "DONE_ELSEWHERE"
    """The service moved, but the cluster itself chose another place than the one that was asked for."""
    REFUSED = "REFUSED"
    """Nothing was changed; the reason is told."""
    REVERTED = "REVERTED"
    """A step failed, and everything before it was undone, and seen to be."""
    DIRTY = "DIRTY"
    """It ended half-way: something was changed that was not undone; what is left is told."""
    UNKNOWN = "UNKNOWN"
    """It could not be seen how a step ended."""
    STOPPED = "STOPPED"
    """A run in stages paused, or stopped at a closed gate: it is not over, and can be resumed or aborted."""

    @property
    def exit_code(self) -> int:
        """0 for DONE alone; 20 and up for the others, so that they are told apart from a program's own errors."""
        return 0 if self is Outcome.DONE else 19 + list(Outcome).index(self)


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended, and the sentence that says why."""

    outcome: Outcome
    reason: str = ""
    clients: str = ""
    """How clients fared worse than planned, as it was measured; empty if they did not."""
