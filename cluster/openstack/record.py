"""What is seen of a service of OpenStack on one host."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.state import Record, ServiceState

PATIENCE = 3
"""Seconds in which it must have answered either call."""


@dataclass(frozen=True, slots=True)
class Part(Record):
    """A part of a service on some host, as the service's own records have it."""

    host: str
    name: str
    """Of its program, such as "nova-conductor"."""
    up: bool
    """Whether it has told of itself lately."""
    enabled: bool
    """Whether it is given work."""


@dataclass(frozen=True, slots=True)
class ApiNode(Record):
    """Its units, and what its API answers to two calls of its own host's: its health path, which asks nothing behind
    it, and one that can't be answered without its database."""

    service: ServiceState
    """Its API's unit."""
    health: int
    """The HTTP status of the first; 0: no answer."""
    call: int | None
    """The HTTP status of the second; 0: no answer in PATIENCE; None: it was not made, for want of a token."""
    took: float = 0.0
    """Seconds that the second took."""
    workers: tuple[ServiceState, ...] = ()
    """Its further units."""
    parts: tuple[Part, ...] = ()
    """What its second answer tells of its parts on all hosts."""

    @property
    def healthy(self) -> bool:
        """Whether the process answers (RFC 9110, 15.3 and 15.4)."""
        return 200 <= self.health < 400

    @property
    def works(self) -> bool:
        """Whether it does what it is there for."""
        return self.healthy and self.call is not None and 200 <= self.call < 300
