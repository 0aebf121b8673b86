"""What Pacemaker's scheduler would do with another configuration, and whether that is what was meant. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cluster.state import Record


@dataclass(frozen=True, slots=True)
class Action(Record):
    """One action of crm_simulate's."""

    what: str
    """Such as "start", "stop", "move", "recover", "restart"; of a node "fence"."""
    resource: str
    """Empty where it is a node's. Instances of a clone have their number: "NAME:0"."""
    node: str = ""
    source: str = ""
    """Of a move: where it is now."""

    def __str__(self) -> str:
        if not self.resource:
            return f"{self.what} {self.node}".strip()
        where = f" from {self.source} to {self.node}" if self.source and self.source != self.node else ""
        return f"{self.what} {self.resource}{where or (f' on {self.node}' if self.node else '')}"


def amiss(actions: Iterable[Action], own: Collection[str]) -> str | None:
    """Why a change is not to be made, or None: it would fence a node, or touch a resource that it does not name.

    `own` are the ids that it names.
    """
    others = [action for action in actions if action.resource.partition(":")[0] not in own]
    if not others:
        return None
    return f"with the new one it would {', '.join(map(str, others))}"
