"""Bring a lab up, take it down, and put hosts back to a clean base."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from lab import bmc, bridge, cases, cgroup, checks, config, hosts, keys, network, ready, shared, trees
from lab.cache import locked
from lab.config import Config
from lab.errors import LabError
from lab.kind import Kind
from lab.progress import Progress
from lab.topology import HOSTS, RELEASES, Lab


def up(
    lab: Lab,
    names: Sequence[str],
    release: str | None,
    progress: Progress,
    *,
    openstack: bool = False,
    horizon: bool = False,
) -> None:
    """Bring up the hosts `names` (all, if empty); what is up already is left alone.

    With `openstack` their repository has its packages too, and those of a role have theirs installed; with `horizon`,
    horizon's among them.
    Raises LabError, and takes away what it started itself, if that can't be done.
    """
    wanted = list(names) or list(config.names(lab, openstack))
    checks.machine()
    with alone(lab, progress):
        now = config.load(lab)
        if now and release and now.release != release:
            raise LabError(f"the lab {lab.subnet} runs Debian {now.release}; to change that, `halab down` it first")
        if now and openstack and not now.openstack:
            raise LabError(f"the lab {lab.subnet} has no packages of OpenStack; to have them, `halab down` it first")
        if now and horizon and not now.horizon:
            raise LabError(f"the lab {lab.subnet} has no packages of horizon; to have them, `halab down` it first")
        network.guard(lab)
        before = {host for host in wanted if hosts.exists(lab, host)}
        try:
            settings = now or trees.prepare(lab, Kind(release or RELEASES[0], openstack, horizon), progress)
            _start(lab, settings, wanted, progress)
        except BaseException:
            if now is None:
                _remove(lab)
            else:
                for host in set(wanted) - before:
                    hosts.destroy(lab, host)
            raise


def alone(lab: Lab, progress: Progress) -> AbstractContextManager[None]:
    """No other halab works on this lab meanwhile."""
    return locked(lab.state / "lock", lambda: progress.say(f"Another halab works on {lab.subnet}; waiting for it."))


def _start(lab: Lab, settings: Config, wanted: Sequence[str], progress: Progress) -> None:
    there = config.names(lab)
    keys.ensure(lab, there)
    shared.ensure(lab, settings)
    if not network.exists(lab):
        # A fault that the machine's restart has ended is no fault of the lab that comes up now.
        cases.forget_all(lab)
        network.build(lab, there)
        bridge.check(lab)
    started = []
    for host in wanted:
        if not hosts.exists(lab, host):
            hosts.create(lab, host)
        if hosts.power_on(lab, host, settings):
            started.append(host)
    bmc.ensure(lab)
    if started:
        ready.wait(lab, started, progress)


def down(lab: Lab, progress: Progress) -> None:
    """Take the lab away: no process, mount or namespace stays; nothing to do if it is down.

    The keys, the BMCs' password and the unreachable route stay. The snapshots go.
    """
    if not lab.state.exists():
        return
    with alone(lab, progress):
        if network.exists(lab) or lab.config.exists() or (lab.state / "hosts").exists():
            with progress.step("Taking the lab down"):
                _remove(lab)


def _remove(lab: Lab) -> None:
    bmc.stop(lab)
    cases.forget_all(lab)
    with ThreadPoolExecutor(max_workers=len(HOSTS)) as pool:
        list(pool.map(lambda host: hosts.destroy(lab, host), HOSTS))
    cgroup.remove(lab)
    network.remove(lab)
    for left in ("hosts", "locks", "shared", "snapshots"):
        shutil.rmtree(lab.state / left, ignore_errors=True)
    lab.config.unlink(missing_ok=True)


def reset(lab: Lab, names: Sequence[str], progress: Progress) -> None:
    """Give the hosts `names` a clean disk and boot them; their keys stay the same."""
    checks.machine()
    with alone(lab, progress):
        settings = config.need(lab)
        hosts.check_made(lab, names)
        for host in names:
            hosts.destroy(lab, host)
            hosts.create(lab, host)
            hosts.power_on(lab, host, settings)
        ready.wait(lab, names, progress)
