"""What a fault is: one description each, in `lab/faults/`, found there by being there."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lab import faults
from lab.cases import Case, Value
from lab.errors import LabError
from lab.topology import Lab


def never(_lab: Lab, _case: Case) -> str | None:
    """Nothing is against it."""
    return None


def nobody(_hosts: tuple[str, ...], _options: Mapping[str, Value]) -> tuple[str, ...]:
    """The machine reaches every host."""
    return ()


def number(least: int, most: int) -> Callable[[str], Value]:
    """Takes a whole number between the two."""

    def check(text: str) -> Value:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ValueError(f"{text[:20]!r} is no whole number from {least} to {most}")
        return int(text)

    return check


@dataclass(frozen=True, slots=True)
class Option:
    """What can be said of a fault: `--name VALUE`, or `--name` alone if the default is False.

    `check` gives the value of what was typed; it raises ValueError with what would be right. `aims`: it is part of what
    is hit, so that a host may have the same fault twice with another value of it.
    """

    name: str
    help: str
    default: Value = None
    check: Callable[[str], Value] = str
    needed: bool = False
    aims: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """What it does, whom it can hit, and how it heals, for a person; how each is done, for `lab.making`.

    `refuse` tells why it can't be made, before anything is done. `make` is over when the fault is there. `heal` finds
    whatever `make` may have left, half done too, and does no harm where there is nothing.
    """

    name: str
    does: str
    whom: str
    heals: str
    make: Callable[[Lab, Case], None]
    heal: Callable[[Lab, Case], None]
    options: tuple[Option, ...] = ()
    refuse: Callable[[Lab, Case], str | None] = never
    together: bool = False
    """The hosts that are named are one fault; otherwise each has one of its own."""
    unseen: Callable[[tuple[str, ...], Mapping[str, Value]], tuple[str, ...]] = nobody
    """Those of its hosts that the machine does not reach while it lasts."""

    def case(self, hosts: tuple[str, ...], options: Mapping[str, Value], until: float) -> Case:
        aim = {option.name: options[option.name] for option in self.options if option.aims and options[option.name]}
        return Case(self.name, hosts, dict(options), aim, self.unseen(hosts, options), until)


@dataclass(frozen=True, slots=True)
class Impossible:
    """A fault that the lab can't make, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Known:
    """All that is described in `lab/faults/`, by name."""

    faults: dict[str, Fault] = field(default_factory=dict)
    impossible: dict[str, Impossible] = field(default_factory=dict)

    def need(self, name: str) -> Fault:
        """The fault of that name. LabError if there is none."""
        if name in self.impossible:
            raise LabError(f"{name}: {self.impossible[name].why}")
        if name not in self.faults:
            raise LabError(f"there is no fault {name!r}: it is one of {', '.join(self.faults)}")
        return self.faults[name]


def known() -> Known:
    """Every description: the `FAULTS` of each module in `lab/faults/`."""
    found = Known()
    for module in pkgutil.iter_modules(faults.__path__):
        for one in importlib.import_module(f"lab.faults.{module.name}").FAULTS:
            if isinstance(one, Fault):
                found.faults[one.name] = one
            else:
                found.impossible[one.name] = one
    return found
