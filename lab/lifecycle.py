"""Bring a lab up, take it down, and put hosts back to a clean base."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lab import base, bmc, cgroup, checks, config, hosts, keys, network, packages, partition, ready
from lab.cache import built, key, locked
from lab.config import Config
from lab.errors import LabError
from lab.progress import Progress
from lab.topology import CACHE_ROOT, HOSTS, RELEASES, Lab


def up(lab: Lab, names: Sequence[str], release: str | None, progress: Progress) -> None:
    """Bring up the hosts `names` (all, if empty); what is up already is left alone.

    Raises LabError, and takes away what it started itself, if that can't be done.
    """
    wanted = list(names) or list(HOSTS)
    checks.machine(lab)
    with locked(lab.state / "lock"):
        now = config.load(lab)
        if now and release and now.release != release:
            raise LabError(f"the lab {lab.subnet} runs Debian {now.release}; take it down (`halab down`) to change that")
        network.guard(lab)
        settings = now or _prepare(release or RELEASES[0], progress)
        before = {host for host in HOSTS if hosts.exists(lab, host)}
        try:
            _start(lab, settings, wanted, progress)
        except BaseException:
            if now is None:
                _remove(lab)
            else:
                for host in set(wanted) - before:
                    hosts.destroy(lab, host)
            raise


def _prepare(release: str, progress: Progress) -> Config:
    """The cached trees of `release`, made if they are not there."""
    checks.cache(CACHE_ROOT)
    with locked(CACHE_ROOT / "lock", lambda: progress.say("Another halab is building the cache; waiting for it.")):
        repository = CACHE_ROOT / f"packages-{release}-{key(packages.recipe(release))}"
        if not repository.is_dir():
            with progress.step(f"Downloading the packages of Debian {release}"):
                built(CACHE_ROOT, repository.name, lambda tree: packages.build(release, tree))
        tree = CACHE_ROOT / f"base-{release}-{key(base.recipe(release, repository))}"
        if not tree.is_dir():
            with progress.step(f"Building the base of Debian {release}"):
                built(CACHE_ROOT, tree.name, lambda new: base.build(release, repository, new))
        return Config(release, tree, repository)


def _start(lab: Lab, settings: Config, wanted: Sequence[str], progress: Progress) -> None:
    keys.ensure(lab)
    network.build(lab)
    partition.setup(lab)
    config.save(lab, settings)
    started = []
    for host in wanted:
        if not hosts.exists(lab, host):
            hosts.create(lab, host)
        if hosts.power_on(lab, host, settings):
            started.append(host)
    bmc.ensure(lab)
    if started:
        ready.wait(lab, started, progress)


def down(lab: Lab, progress: Progress) -> bool:
    """Take the lab away: no process, mount or namespace stays. False if it was down.

    The keys, the BMCs' password and the unreachable route stay.
    """
    checks.root()
    with locked(lab.state / "lock"):
        if not (network.exists(lab) or lab.config.exists() or (lab.state / "hosts").exists()):
            return False
        with progress.step("Taking the lab down"):
            _remove(lab)
        return True


def _remove(lab: Lab) -> None:
    bmc.stop(lab)
    with ThreadPoolExecutor(max_workers=len(HOSTS)) as pool:
        list(pool.map(lambda host: hosts.destroy(lab, host), HOSTS))
    cgroup.remove(lab)
    network.remove(lab)
    shutil.rmtree(lab.state / "hosts", ignore_errors=True)
    lab.config.unlink(missing_ok=True)


def reset(lab: Lab, names: Sequence[str], progress: Progress) -> None:
    """Give the hosts `names` a clean disk and boot them; their keys stay the same."""
    checks.machine(lab)
    with locked(lab.state / "lock"):
        settings = config.need(lab)
        for host in names:
            hosts.destroy(lab, host)
            hosts.create(lab, host)
            hosts.power_on(lab, host, settings)
        ready.wait(lab, names, progress)
