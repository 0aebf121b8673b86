"""What `hatui plan` is told: what a rollout would change, in which stages, and what each layer's deploy says of it."""

from __future__ import annotations

from cluster.changes import Change
from cluster.wire.lines import Message, Part


class Stage(Part, frozen=True):
    """The hosts of a layer that are changed together (engine/planning.py); `changes` in a few words each."""

    name: str
    layer: str
    hosts: tuple[str, ...]
    changes: tuple[str, ...]
    effects: tuple[str, ...]
    why: str
    canary: bool


class Rollout(Message, frozen=True, tag="rollout"):
    """All that would change; `refused` says why a rollout would not begin now, empty if it would."""

    cluster: str
    changes: tuple[Change, ...]
    stages: tuple[Stage, ...]
    refused: str
