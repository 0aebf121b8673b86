"""Snapshots: the disks of all hosts as they were at a moment, to go back to within seconds.

A host's disk is an overlay: its own changes over a base. A snapshot takes these changes as they are, without a copy,
and from then on the host stands on them: they are one more read-only layer below a new, empty one
(Documentation/filesystems/overlayfs, "Multiple lower layers").
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import checks, config, hosts, layers, making, ready, shared
from lab.errors import LabError
from lab.layers import Saved
from lab.lifecycle import alone
from lab.progress import Progress
from lab.topology import HOSTS, Lab

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,30}")


def save(lab: Lab, name: str, progress: Progress) -> None:
    """Keep all hosts' disks as `name`: they lose their power for it, as by a pulled plug, and get it again.

    What the controllers share is kept too. LabError if there is one of that name, or no host.
    """
    checks.machine()
    with alone(lab, progress):
        settings = config.need(lab)
        folder = _folder(lab, name)
        if folder.exists():
            raise LabError(f"there is a snapshot {name} already: `halab snapshot rm {name}`, or choose another name")
        names = [host for host in HOSTS if hosts.exists(lab, host)]
        if not names:
            raise LabError("no host was ever brought up, so there is nothing to keep: `halab up`")
        with progress.step(f"Taking the snapshot {name}"):
            on = [host for host in names if hosts.running(lab, host)]
            _off(lab, names)
            taken = Saved(name, time.time(), {host: layers.stands_on(lab, host) for host in names}, on)
            new = folder.with_name(f".{name}")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir(parents=True)
            shared.keep(lab, new)
            layers.note(new, taken)
            new.rename(folder)
            for host in names:
                layers.hand_over(lab, host, name)
        _boot(lab, settings, on, progress)


def load(lab: Lab, name: str, progress: Progress) -> None:
    """Give all hosts the disks that they had when `name` was saved; what was changed since is lost.

    All faults are healed. Those that had power then get it. Hosts that were not there then are taken away.
    """
    checks.machine()
    with alone(lab, progress):
        settings = config.need(lab)
        taken = _need(lab, name)
        with progress.step(f"Loading the snapshot {name}"):
            making.heal(lab)
            there = [host for host in HOSTS if hosts.exists(lab, host)]
            _off(lab, there)
            for host in set(there) - set(taken.hosts):
                hosts.destroy(lab, host)
            for host in taken.hosts:
                if not hosts.exists(lab, host):
                    hosts.create(lab, host)
                layers.stand_on(lab, host, name)
            shared.give_back(lab, _folder(lab, name))
        _boot(lab, settings, taken.on, progress)


def remove(lab: Lab, name: str, progress: Progress) -> None:
    """Forget a snapshot. LabError if hosts or other snapshots stand on it."""
    with alone(lab, progress):
        config.need(lab)
        _need(lab, name)
        standing = [host for host in HOSTS if hosts.exists(lab, host) and layers.stands_on(lab, host) == name]
        standing += [f"the snapshot {one.name}" for one in found(lab) if name in one.hosts.values()]
        if standing:
            raise LabError(f"{', '.join(standing)} stand on the snapshot {name}, so it has to stay")
        shutil.rmtree(_folder(lab, name))


def found(lab: Lab) -> list[Saved]:
    """All snapshots, the oldest first."""
    all_of_them = [layers.read(path.parent) for path in layers.snapshots(lab).glob("[!.]*/snapshot.json")]
    return sorted(all_of_them, key=lambda one: one.at)


def _need(lab: Lab, name: str) -> Saved:
    folder = _folder(lab, name)
    if not (folder / "snapshot.json").exists():
        known = ", ".join(one.name for one in found(lab)) or "none"
        raise LabError(f"there is no snapshot {name!r} (there are: {known})")
    return layers.read(folder)


def _folder(lab: Lab, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise LabError(f"{name[:40]!r} is no name of a snapshot: small letters, digits, dots and dashes, 31 at most")
    return layers.snapshots(lab) / name


def _off(lab: Lab, names: Iterable[str]) -> None:
    with ThreadPoolExecutor(max_workers=len(HOSTS)) as pool:
        list(pool.map(lambda host: hosts.power_off(lab, host), names))


def _boot(lab: Lab, settings: config.Config, names: Sequence[str], progress: Progress) -> None:
    for host in names:
        hosts.power_on(lab, host, settings)
    ready.wait(lab, names, progress)
