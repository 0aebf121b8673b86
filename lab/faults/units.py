"""What a service can suffer: its processes are killed or frozen, or it is stopped. Named by its systemd unit."""

from __future__ import annotations

from lab import inside, unit
from lab.cases import Case
from lab.fault import Fault, Option
from lab.topology import Lab

UNIT = Option("unit", "the service's systemd unit, such as haproxy", check=unit.named, needed=True, aims=True)


def _unit(case: Case) -> str:
    return str(case.options["unit"])


def _runs_not(lab: Lab, case: Case) -> str | None:
    now = unit.state(lab, case.host, _unit(case))
    if now in ("inactive", "failed"):
        return f"{_unit(case)} does not run on {case.host} (it is {now}), so there is nothing to {case.fault}"
    return None


def _kill(lab: Lab, case: Case) -> None:
    unit.signal(lab, case.host, _unit(case), "KILL")


def _revive(lab: Lab, case: Case) -> None:
    # What somebody has stopped since is theirs: only what lies where it fell is started.
    if inside.has_power(lab, case.host) and unit.state(lab, case.host, _unit(case)) == "failed":
        unit.start(lab, case.host, _unit(case))


def _stop(lab: Lab, case: Case) -> None:
    unit.stop(lab, case.host, _unit(case))


def _start(lab: Lab, case: Case) -> None:
    if inside.has_power(lab, case.host):
        unit.start(lab, case.host, _unit(case))


def _freeze(lab: Lab, case: Case) -> None:
    unit.signal(lab, case.host, _unit(case), "STOP")


def _thaw(lab: Lab, case: Case) -> None:
    if inside.has_power(lab, case.host) and unit.state(lab, case.host, _unit(case)) not in ("inactive", "failed"):
        unit.signal(lab, case.host, _unit(case), "CONT")


FAULTS = (
    Fault(
        "kill",
        does="SIGKILL, once, for all processes of a unit",
        whom="a unit that runs",
        heals="systemd restarts it, where its unit says so; if it has failed by then, it is started",
        make=_kill,
        heal=_revive,
        options=(UNIT,),
        refuse=_runs_not,
    ),
    Fault(
        "stop",
        does="a unit is stopped, in order",
        whom="a unit that runs",
        heals="it is started",
        make=_stop,
        heal=_start,
        options=(UNIT,),
        refuse=_runs_not,
    ),
    Fault(
        "freeze",
        does="SIGSTOP for all processes of a unit: they are there, hold their sockets, and do nothing",
        whom="a unit that runs",
        heals="SIGCONT",
        make=_freeze,
        heal=_thaw,
        options=(UNIT,),
        refuse=_runs_not,
    ),
)
