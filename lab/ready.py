"""Wait until hosts answer: sshd first, then systemd's word that the boot is over."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lab import cases, hosts
from lab.errors import LabError
from lab.progress import Progress
from lab.topology import Lab

BOOT_LIMIT = 120.0
"""Seconds that the slowest host may take; a boot takes some 5 s on an idle machine."""

_LOOK_EVERY = 0.2
_OFF = 10.0
"""Seconds for which a host may be off meanwhile: controllers fence one that was away, which cuts its power once more
and gives it back."""


def wait(lab: Lab, names: Sequence[str], progress: Progress, whole_boot: bool = True) -> None:
    """Return when each host of `names` answers on port 22; LabError after BOOT_LIMIT.

    With `whole_boot`, also when it lets root in by its key and systemd says that the boot is over. A host that is cut
    from this machine can't be seen, and is not waited for.
    """
    parted = cases.unseen(lab)
    names = [host for host in names if host not in parted]
    if not names:
        return
    end = time.monotonic() + BOOT_LIMIT
    waiting = list(names)
    off: dict[str, float] = {}
    with progress.step("Booting") as note, ThreadPoolExecutor(max_workers=len(names)) as pool:
        while True:
            answers = list(pool.map(lambda host: answers_ssh(lab, host), waiting))
            waiting = [host for host, answered in zip(waiting, answers, strict=True) if not answered]
            note(f"{len(names) - len(waiting)} of {len(names)} hosts answer")
            if not waiting:
                break
            _check_boot(lab, waiting, off, late=time.monotonic() > end)
            time.sleep(_LOOK_EVERY)
        asked = names if whole_boot else []
        if problems := [why for why in pool.map(lambda host: _boot_problem(lab, host), asked) if why]:
            raise LabError("; ".join(problems))


def _check_boot(lab: Lab, waiting: Sequence[str], off: dict[str, float], late: bool) -> None:
    """LabError if one of `waiting` can't be waited for any longer; `off` keeps since when each is seen to be off."""
    for host in waiting:
        if hosts.running(lab, host):
            off.pop(host, None)
        elif time.monotonic() - off.setdefault(host, time.monotonic()) > _OFF:
            raise LabError(f"{host} went off while it booted: {hosts.console_tail(lab, host)}")
    if late:
        said = hosts.console_tail(lab, waiting[0])
        raise LabError(f"{', '.join(waiting)} did not answer on port 22 within {BOOT_LIMIT:.0f} s: {said}")


def answers_ssh(lab: Lab, host: str) -> bool:
    """Whether an SSH server greets on port 22 of `host`. Source: RFC 4253, 4.2."""
    try:
        with socket.create_connection((str(lab.address(host)), 22), timeout=1) as line:
            return line.recv(4) == b"SSH-"
    except OSError:
        return False


def ssh(lab: Lab, host: str, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` on `host`, its host key checked strictly."""
    return ["ssh", "-F", str(lab.ssh_dir / "config"), host, *command]


def _boot_problem(lab: Lab, host: str) -> str | None:
    """Why `host`'s boot is not right, or None if it is."""
    ask = ssh(lab, host, ["systemctl", "is-system-running", "--wait"])
    try:
        done = subprocess.run(
            ask, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BOOT_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{host} is still booting after {BOOT_LIMIT:.0f} s"
    state = done.stdout.strip()
    if done.returncode == 255 and not state:
        return f"{host} does not let root in by ssh: {done.stderr.strip()}"
    # "degraded" is what a host is after a power cycle when something deployed on it did not come back.
    return None if state in ("running", "degraded") else f"{host} booted to state {state or 'unknown'}"
