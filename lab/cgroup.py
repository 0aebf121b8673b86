"""A control group of its own for each host, so that two hosts' systemds never share one."""

from __future__ import annotations

import contextlib
import errno
import time
from pathlib import Path

from lab.errors import LabError
from lab.topology import Lab

_MOUNT = Path("/sys/fs/cgroup")

_BUSY_LIMIT = 5.0
"""Seconds for which a cgroup may still be busy with processes that were killed."""


def hierarchies(mount: Path = _MOUNT) -> list[Path]:
    """Where systemd's cgroups live on this machine.

    One root where cgroup v2 is alone; the v1 "systemd" hierarchy and, beside it, v2 where both are mounted.
    Source: cgroups(7), and systemd's CGROUP_DELEGATION document.
    """
    if (mount / "cgroup.procs").exists():
        return [mount]
    found = [mount / name for name in ("systemd", "unified") if (mount / name / "cgroup.procs").exists()]
    if not found:
        raise LabError(f"no cgroup hierarchy for systemd is mounted below {mount}; mount cgroup2 there")
    return found


def paths(lab: Lab, member: str) -> list[Path]:
    """The cgroups of `member` (a host, or the lab's own `bmc`), one for each hierarchy."""
    return [root / "halab" / lab.slug / member for root in hierarchies()]


def join(lab: Lab, member: str, pid: int) -> None:
    """Move the process `pid` into the cgroups of `member`, so that the end of a login session does not end it."""
    for path in paths(lab, member):
        path.mkdir(parents=True, exist_ok=True)
        (path / "cgroup.procs").write_text(str(pid))


def remove(lab: Lab) -> None:
    """Remove the cgroups of the whole lab; its processes must be gone."""
    for root in hierarchies():
        top = root / "halab"
        _remove_tree(top / lab.slug)
        with contextlib.suppress(OSError):
            top.rmdir()


def remove_member(lab: Lab, member: str) -> None:
    """Remove the cgroups of one member; its processes must be gone."""
    for path in paths(lab, member):
        _remove_tree(path)


def _remove_tree(top: Path) -> None:
    if not top.is_dir():
        return
    for path in (*sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True), top):
        _remove_one(path)


def _remove_one(path: Path) -> None:
    end = time.monotonic() + _BUSY_LIMIT
    while True:
        try:
            return path.rmdir()
        except FileNotFoundError:
            return None
        except OSError as why:
            if why.errno != errno.EBUSY:
                raise
            if time.monotonic() > end:
                raise LabError(f"{path} still holds processes {_BUSY_LIMIT:.0f} s after they were killed") from why
            time.sleep(0.02)
