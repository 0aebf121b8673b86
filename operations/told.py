"""A command that says in words what it changes, for a plan: the command itself may be long, or hold what is hidden."""

from __future__ import annotations

from typing import Any

from pyinfra.api.command import StringCommand


class Told(StringCommand):
    """A shell command, and `what` it changes: a few words without secrets, such as "start haproxy.service"."""

    def __init__(self, what: str, *bits: object, **arguments: Any) -> None:
        super().__init__(*bits, **arguments)
        self.what = what
