"""A full disk: programs that write get ENOSPC, those too that have had their files open for long."""

from __future__ import annotations

from lab import disk, inside
from lab.cases import Case
from lab.fault import Fault, Option, number
from lab.topology import Lab

_FILL = """
spare=$(df --output=avail -B1 "$1" | tail -1)
fallocate -l $((spare - $2 * 1048576)) "$1/.halab-full" || [ "$2" = 0 ]
[ "$2" != 0 ] || cat /dev/zero 2>/dev/null >"$1/.halab-rest" || true
"""


def _fill(lab: Lab, case: Case) -> None:
    free, path = int(case.options["free"] or 0), str(case.options["path"])
    disk.put(lab, case, free)
    inside.run_on(lab, case.host, f"fill {path}", _FILL, path, str(free))


def _empty(lab: Lab, case: Case) -> None:
    if inside.has_power(lab, case.host):
        path = str(case.options["path"])
        inside.run_on(lab, case.host, f"empty {path}", 'rm -f "$1/.halab-full" "$1/.halab-rest"', path)
        disk.take(lab, case)


FAULTS = (
    Fault(
        "full",
        does="a folder lies on a small disk of its own, which is full; nothing of this machine's disk is taken",
        whom=disk.WHOM,
        heals="the folder is on the host's disk again, with what it has by then",
        make=_fill,
        heal=_empty,
        options=(
            disk.PATH,
            disk.UNIT,
            Option("free", "MiB that are left free", default=0, check=number(0, 4096)),
        ),
        refuse=disk.refuse,
    ),
)
