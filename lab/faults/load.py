"""Busy processes in a host. They take so much of a core and not more, whatever control groups can hold here."""

from __future__ import annotations

import os

from lab import inside
from lab.cases import Case
from lab.fault import Fault, Option, number
from lab.topology import Lab

_UNIT = "halab-load"

_BUSY = """
import sys, time
busy = int(sys.argv[1]) / 1000
while True:
    begin = time.monotonic()
    while time.monotonic() < begin + busy:
        pass
    time.sleep(max(0.0, begin + 0.1 - time.monotonic()))
"""
"""Python: of each 100 ms so many are busy."""

_START = """
for number in $(seq "$1"); do
    systemd-run --quiet --collect --unit="$3-$number" /usr/bin/python3 -c "$4" "$2"
done
"""


def _busy(lab: Lab, case: Case) -> None:
    count, share = str(case.options["processes"]), str(case.options["share"])
    inside.run_on(lab, case.host, f"systemd-run {_UNIT}", _START, count, share, _UNIT, _BUSY)


def _idle(lab: Lab, case: Case) -> None:
    if inside.has_power(lab, case.host):
        inside.run_on(lab, case.host, f"systemctl stop {_UNIT}-*", 'systemctl stop "$1-*.service"', _UNIT)


FAULTS = (
    Fault(
        "load",
        does="processes that are busy, each for its share of a core, in the host's own control group",
        whom="a host that has power; all hosts share this machine's cores, so the others feel it too",
        heals="they are stopped",
        make=_busy,
        heal=_idle,
        options=(
            Option("processes", "how many", default=1, check=number(1, 4 * (os.cpu_count() or 1))),
            Option("share", "percent of a core that each takes", default=100, check=number(1, 100)),
        ),
    ),
)
