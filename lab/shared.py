"""The folder that all controllers of a lab for OpenStack share, as they would one of a file server.

It is a folder of this machine, mounted in each of them: what one writes all others see at once, by the same user ids.
It belongs to no host, so it outlives a power loss and a `reset`; a snapshot has a copy of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from lab.config import Config
from lab.shell import run
from lab.topology import ROLES, Lab

MOUNT = "/var/lib/shared"
"""Where the controllers have it."""

_COPY_LIMIT = 600.0


def folder(lab: Lab) -> Path:
    return lab.state / "shared"


def mounts(lab: Lab, host: str, config: Config) -> list[str]:
    """The words for systemd-nspawn(1) that mount it in `host`; none, if it is no controller or for no OpenStack."""
    if not config.openstack or ROLES.get(host) != "controller":
        return []
    return [f"--bind={folder(lab)}:{MOUNT}"]


def ensure(lab: Lab, config: Config) -> None:
    """It is there before a controller boots, with what it has already."""
    if config.openstack:
        folder(lab).mkdir(mode=0o755, exist_ok=True)


def keep(lab: Lab, place: Path) -> None:
    """A copy of it is in `place`, a folder; no host has power."""
    if folder(lab).exists():
        run(["cp", "-a", "--reflink=auto", folder(lab), place / "shared"], timeout=_COPY_LIMIT)


def give_back(lab: Lab, place: Path) -> None:
    """It is as it was when `keep` put it in `place`; no host has power."""
    if (place / "shared").exists():
        shutil.rmtree(folder(lab), ignore_errors=True)
        run(["cp", "-a", "--reflink=auto", place / "shared", folder(lab)], timeout=_COPY_LIMIT)
