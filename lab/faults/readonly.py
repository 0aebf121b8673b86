"""A file system that goes read-only, as ext4 does after an error: EROFS, also for files that are open for writing."""

from __future__ import annotations

from lab import disk, inside
from lab.cases import Case
from lab.fault import Fault
from lab.topology import Lab

_ROOM_MIB = 256


def _fail(lab: Lab, case: Case) -> None:
    path = str(case.options["path"])
    disk.put(lab, case, _ROOM_MIB)
    # Not `ro`: that is refused while a file is open for writing. `abort` is what an error of the disk does (ext4(5)).
    inside.run_on(lab, case.host, f"mount -o remount,abort {path}", 'sync -f "$1"; mount -o remount,abort "$1"', path)


FAULTS = (
    Fault(
        "readonly",
        does="a folder lies on a disk of its own, whose file system has met an error and takes no more writes",
        whom=disk.WHOM,
        heals="the folder is on the host's disk again, with what it had when the error came",
        make=_fail,
        heal=disk.take,
        options=(disk.PATH, disk.UNIT),
        refuse=disk.refuse,
    ),
)
