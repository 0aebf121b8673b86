"""What a layer's deploy, a process of its own, tells the engine that began it."""

from __future__ import annotations

from cluster.changes import Change
from cluster.wire.lines import Message


class Due(Message, frozen=True, tag="due"):
    """Of a dry deploy: a change that would be made."""

    change: Change


class Changed(Message, frozen=True, tag="changed"):
    """An operation of pyinfra's has changed something on that host."""

    host: str
    operation: str


class Failed(Message, frozen=True, tag="failed"):
    """An operation of pyinfra's has failed on that host."""

    host: str
    operation: str


class Began(Message, frozen=True, tag="began"):
    """A unit that was started anew: from which start it ran before, and from which it runs now (ServiceState.started).

    Each is empty where it is not known: `after` is, where the start failed or its end was not seen.
    """

    host: str
    unit: str
    before: str
    after: str


class Deployed(Message, frozen=True, tag="end"):
    """The last line: whether all of it was seen to succeed, and why not."""

    ok: bool
    reason: str


Heard = Due | Changed | Failed | Began | Deployed
"""A line of a deploy's, after its first one."""
