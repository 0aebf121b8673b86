"""A clock that is stepped: not to be had here."""

from __future__ import annotations

from lab.fault import Impossible

FAULTS = (
    Impossible(
        "clock",
        "a host's clock can't be stepped: all hosts have this machine's (the kernel has one CLOCK_REALTIME for all; "
        "time_namespaces(7)), and a false time in one program (libfaketime) is not a clock that is wrong",
    ),
)
