"""What is seen of a service of OpenStack on one host."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from typing_extensions import override

from cluster.state import Record, ServiceState, runs

PATIENCE = 2
"""Seconds in which its health path must have answered; a look waits no longer for the other call either."""
SLOW = 5
"""Seconds after which a call that has no answer yet is told of, where the one before it had one."""
LIMIT = 15
"""Seconds in which the other call must have been answered: a host that is busy is slow, and not broken."""


@dataclass(frozen=True, slots=True)
class Part(Record):
    """A part of a service on some host, as the service's own records have it."""

    host: str
    name: str
    """Of its program, such as "nova-conductor"."""
    up: bool
    """Whether it has told of itself lately."""
    enabled: bool
    """Whether it is given work: nobody has disabled it, or told the service that it is down."""
    number: str = ""
    """By which the service's client deletes its record; empty where it was not told."""


def well(status: int) -> bool:
    """Whether an HTTP status says that the process answers (RFC 9110, 15.3 and 15.4)."""
    return 200 <= status < 400


@dataclass(frozen=True, slots=True)
class Answer(Record):
    """What the health path of a further API of a service answers on its host."""

    unit: str
    """That API's."""
    health: int
    """The HTTP status; 0: no answer."""


@dataclass(frozen=True, slots=True)
class ApiNode(Record):
    """Its units, and what its API answers to two calls of its own host's: its health path, which asks nothing behind
    it, and one that can't be answered without its database."""

    service: ServiceState
    """Its API's unit."""
    health: int
    """The HTTP status of the first; 0: no answer."""
    call: int | None
    """The HTTP status of the second; 0: no answer in LIMIT; None: it was not made, for want of a token.

    Where it `waits`, that of the one before, if it came within a minute.
    """
    took: float = 0.0
    """Seconds that the second took."""
    waits: float | None = None
    """Seconds since the second was made, where it has no answer yet."""
    workers: tuple[ServiceState, ...] = ()
    """Its further units."""
    parts: tuple[Part, ...] = ()
    """What its second answer tells of its parts on all hosts."""
    further: tuple[Answer, ...] = ()
    """What its further APIs answer."""
    retired: tuple[ServiceState, ...] = ()
    """Units that are still there of programs that the service no longer has."""
    lone: tuple[ServiceState, ...] = ()
    """That of its part which runs on one controller alone, where hatui has put it."""

    @property
    def units(self) -> tuple[ServiceState, ...]:
        """All its units, its API's first."""
        return (self.service, *self.workers)

    @property
    def away(self) -> tuple[ServiceState, ...]:
        """Those that do not run."""
        return tuple(unit for unit in self.units if not runs(unit))

    @property
    def healthy(self) -> bool:
        """Whether the process answers."""
        return well(self.health)

    @property
    def mute(self) -> tuple[Answer, ...]:
        """Its further APIs that run, and do not answer."""
        away = {unit.unit for unit in self.away}
        return tuple(one for one in self.further if one.unit not in away and not well(one.health))

    @property
    def slow(self) -> bool:
        """Whether its second call has had no answer for so long that it is told of; the first one of all at once."""
        return self.waits is not None and (self.call is None or self.waits > SLOW)

    @property
    def works(self) -> bool:
        """Whether it does what it is there for."""
        return self.healthy and self.call is not None and 200 <= self.call < 300

    @property
    @override
    def awaits(self) -> bool:
        """Whether its second call has no answer yet, while its process answers."""
        return self.healthy and self.waits is not None

    @override
    def with_answer_of(self, former: Self) -> Self:
        """The same with what the second call brought before."""
        return replace(self, call=former.call, took=former.took, parts=former.parts, waits=former.waits)
