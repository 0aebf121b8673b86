"""What is seen: one frozen record for each layer of each host, and the snapshot they make together.

Every record is plain data (JSON-encodable with msgspec). A host that could not be asked, or whose answer could not
be read, is an `Unknown` with the reason; it is never left out and never taken for healthy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, Self, TypeVar


class Record:
    """What all records have."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data, asked for by `pyinfra … fact` (its JSON encoder)."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]

    @property
    def awaits(self) -> bool:
        """Whether an answer that belongs to it has not come yet, and is waited for on its host."""
        return False

    def with_answer_of(self, _former: Self) -> Self:
        """The same with the answer that `_former` has, where it `awaits` the next one."""
        return self


@dataclass(frozen=True, slots=True)
class Unknown(Record):
    """Nothing is known of this, and why: a sentence without the host's name."""

    reason: str
    alive: bool = False
    """It can't be asked, and is seen to run nonetheless: its unit is active, or a process of it is there. Nothing may
    be begun anew beside it."""
    alike: str = field(default="", compare=False)
    """For programs: what all hosts of which the same is so have in common, where their reasons differ, such as in
    seconds. Empty where the reason itself is that."""


@dataclass(frozen=True, slots=True)
class HostAnswer(Record):
    """A host that answered a look: seconds from the look's begin until all it was asked had been said."""

    took: float


@dataclass(frozen=True, slots=True)
class ServiceState(Record):
    """A systemd unit of a host, and whether what it runs with is what lies on disk.

    `active` and `sub` are systemd's ActiveState and SubState (systemctl(1)); `restart_due` says that a configuration
    file changed since the unit last read it (see operations/service.py), None where the unit keeps no stamp.
    """

    unit: str
    active: str
    sub: str
    enabled: bool
    restart_due: bool | None = None
    reload_due: bool = False
    """The unit's own files changed and systemd has not read them yet (NeedDaemonReload)."""
    edited: tuple[str, ...] = ()
    """Paths of its files that are not what the deploy wrote, or gone; none where that was not asked, or the deploy left
    no note of what it wrote (operations/files.py)."""
    known: bool = True
    """False: systemd has no file of such a unit. What it would run may run all the same, in a container, say."""
    frozen: bool = False
    """A process of it is stopped (SIGSTOP; state T or t in proc(5)): it runs, and does nothing. False: none is, or that
    was not asked."""
    started: str = ""
    """Which of its starts it runs from (systemd's InvocationID): another after each, the same over a reload; empty
    where systemd does not tell it."""


def runs(service: ServiceState | None) -> bool:
    """Whether the unit is there and runs."""
    return service is not None and service.active in ("active", "reloading")


Node_co = TypeVar("Node_co", bound=Record, covariant=True)
Node = TypeVar("Node", bound=Record)


@dataclass(frozen=True, slots=True)
class Fact(Generic[Node_co]):
    """What each host of a layer is asked in one go. The answer is a `Node`, or `Unknown` with the reason."""

    name: str
    kind: type[Node_co]
    period: float
    """Seconds after which it is asked again though none of its hints has changed: an answer costs a host 2 to 35 ms of
    processor time, and a hundredth of one core is what it may spend in all (docs/observer.md)."""


@dataclass(frozen=True, slots=True)
class ClusterState:
    """One snapshot: each fact, by its name, to every host that is asked for it, to its record or `Unknown`.

    Under HOSTS there are all hosts, whatever they carry, with how long each took to answer.
    """

    seen: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __getitem__(self, fact: Fact[Node]) -> Mapping[str, Node | Unknown]:
        """What the hosts answered to `fact`."""
        return self.seen.get(fact.name, {})

    @property
    def hosts(self) -> Mapping[str, HostAnswer | Unknown]:
        """Which hosts answer at all."""
        return self.seen.get(HOSTS, {})

    def having(self, answers: Mapping[Fact[Any] | str, Mapping[str, Any]]) -> ClusterState:
        """The same with other answers to some facts."""
        named = {fact if isinstance(fact, str) else fact.name: told for fact, told in answers.items()}
        return ClusterState({**self.seen, **named})


HOSTS = "hosts"
"""Of `ClusterState.seen`."""
