"""Why this machine can't run a lab: each check returns, or raises one sentence that says what to do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab.errors import LabError
from lab.shell import run
from lab.topology import CACHE_ROOT, STATE_ROOT

PROGRAMS: dict[str, str] = {
    "apt-ftparchive": "apt-utils",
    "apt-get": "apt",
    "ip": "iproute2",
    "losetup": "mount",
    "mkfs.ext4": "e2fsprogs",
    "mmdebstrap": "mmdebstrap",
    "mount": "mount",
    "nft": "nftables",
    "nsenter": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
}
"""What the lab runs, and the Debian package that brings it."""

FREE_GIB = 3
"""Free disk that a lab wants: the base, the packages and what ten hosts install."""


INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_INSTANCES = 1024


def root() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab needs root (it makes network namespaces and mounts); run halab with sudo")


def programs() -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        packages = " ".join(sorted({PROGRAMS[name] for name in missing}))
        raise LabError(f"{', '.join(missing)} is missing on this machine; install it with `apt-get install {packages}`")


def kernel() -> None:
    """What has to be looked up: the network's parts are tried by making them (`network.build`)."""
    known = Path("/proc/filesystems")
    if "overlay" not in known.read_text() and shutil.which("modprobe"):
        run(["modprobe", "-q", "overlay"], check=False)
    if "overlay" not in known.read_text():
        raise LabError("this machine's kernel has no overlayfs, which the hosts' disks need")


def inotify() -> None:
    """Raise the machine's limit of inotify instances where it is too small for several labs.

    All hosts' systemds are the same user to the kernel, and take six each of its 128 (inotify(7)); one that gets none
    hangs while it boots.
    """
    if int(INOTIFY.read_text()) < INOTIFY_INSTANCES:
        INOTIFY.write_text(f"{INOTIFY_INSTANCES}\n")


def disk(path: Path) -> None:
    """LabError if the file system of `path` (or of what exists above it) has less than FREE_GIB free."""
    there = next(place for place in (path, *path.parents) if place.exists())
    free = shutil.disk_usage(there).free / 2**30
    if free < FREE_GIB:
        raise LabError(f"{path} has {free:.1f} GiB free, and the lab needs {FREE_GIB} GiB; make room there")


def machine() -> None:
    """All that must be so before a host is booted."""
    programs()
    kernel()
    inotify()
    disk(STATE_ROOT)
    disk(CACHE_ROOT)
