"""What is so in a lab, for a person and for a program."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from lab import bmc, cases, config, hosts, ready
from lab.cases import Case
from lab.topology import Lab


@dataclass(frozen=True, slots=True)
class HostStatus:
    """One host: `power` is on, off, or absent (never brought up); `ssh` whether its SSH server greets."""

    name: str
    address: str
    bmc: str
    power: str
    ssh: bool


@dataclass(frozen=True, slots=True)
class LabStatus:
    """One lab: `release` is None when it is down; `faults` are those that are made now.

    `bmcs` is whether the BMCs are served.
    """

    subnet: str
    release: str | None
    bmcs: bool
    hosts: list[HostStatus]
    faults: list[Case]

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "faults": [case.as_json() for case in self.faults]}


def power(lab: Lab, host: str) -> str:
    if not hosts.exists(lab, host):
        return "absent"
    return "on" if hosts.running(lab, host) else "off"


def observe(lab: Lab) -> LabStatus:
    settings = config.load(lab)
    names = config.names(lab)
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        seen = list(pool.map(lambda host: _host(lab, host), names))
    return LabStatus(
        subnet=str(lab.subnet),
        release=settings.release if settings else None,
        bmcs=bmc.running(lab) is not None,
        hosts=seen,
        faults=cases.found(lab),
    )


def _host(lab: Lab, host: str) -> HostStatus:
    state = power(lab, host)
    answers = state == "on" and ready.answers_ssh(lab, host)
    return HostStatus(host, str(lab.address(host)), str(lab.bmc_address(host)), state, answers)
