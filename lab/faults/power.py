"""A host loses its power, as by a pulled plug."""

from __future__ import annotations

from rich.console import Console

from lab import config, hosts, ready
from lab.cases import Case
from lab.fault import Fault
from lab.progress import Progress
from lab.topology import Lab


def _has_none(lab: Lab, case: Case) -> str | None:
    return None if hosts.running(lab, case.host) else f"{case.host} has no power that it could lose"


def _lose(lab: Lab, case: Case) -> None:
    hosts.power_off(lab, case.host)


def _give(lab: Lab, case: Case) -> None:
    settings = config.load(lab)
    if settings and hosts.exists(lab, case.host) and hosts.power_on(lab, case.host, settings):
        # Several hosts boot at the same time, and a terminal shows one step at a time.
        silent = Progress(Console(quiet=True, force_terminal=False))
        ready.wait(lab, [case.host], silent, whole_boot=False)


FAULTS = (
    Fault(
        "power",
        does="every process of the host is killed between two instructions",
        whom="a host that has power",
        heals="it gets its power, and boots; `halab fault heal` returns when its sshd answers",
        make=_lose,
        heal=_give,
        refuse=_has_none,
    ),
)
