"""Which start each daemon runs from, and so which of them were restarted between two looks, whatever else is the same.

Pure. A reload is no restart: the unit stays active, and systemd gives it no new number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from cluster.state import ClusterState, ServiceState, runs


@dataclass(frozen=True, slots=True, order=True)
class Daemon:
    """A unit of a host."""

    host: str
    unit: str
    layer: str = field(default="", compare=False)
    """The fact whose record tells of it; not what makes it another."""

    def __str__(self) -> str:
        return f"{self.unit.removesuffix('.service')} on {self.host}"


Starts = Mapping[Daemon, str]
"""Each daemon that is seen to run, to the start it runs from (ServiceState.started)."""


def starts(state: ClusterState) -> dict[Daemon, str]:
    """What runs, of which it is told since when. What is down, can't be asked or is just being started is left out."""
    return {
        Daemon(host, unit.unit, fact): unit.started
        for fact, host, unit in services(state)
        if runs(unit) and unit.started
    }


def services(state: ClusterState) -> Iterator[tuple[str, str, ServiceState]]:
    """Each unit that is told of, with the fact that tells of it, and its host."""
    for fact, records in state.seen.items():
        for host, record in records.items():
            for unit in _units(record):
                yield fact, host, unit


def _units(record: Any) -> list[ServiceState]:
    values = [getattr(record, one.name) for one in fields(record)]
    listed = [one for value in values for one in (value if isinstance(value, tuple) else (value,))]
    return [one for one in listed if isinstance(one, ServiceState)]


def restarted(before: Starts, now: Starts) -> list[Daemon]:
    """Those that run from another start than the last that was known of them."""
    return sorted(one for one, start in now.items() if before.get(one, start) != start)
