"""Run a command inside a host, by the kernel and not by ssh: on a host that is cut off or has no sshd too."""

from __future__ import annotations

from lab import hosts, network, process
from lab.errors import LabError
from lab.shell import run
from lab.topology import Lab


def run_on(lab: Lab, host: str, doing: str, script: str, *args: str, timeout: float = 60) -> str:
    """The standard output of a sh(1) script, which gets `args` as $1 and so on, run as root; one at a time on a host.

    LabError if the host has no power, or if it fails or takes longer than `timeout` seconds, with what
    it was `doing`.
    """
    init = _init(lab, host)
    if init is None:
        raise LabError(f"{host} has no power: `halab power on {host}`")
    into = ["nsenter", f"--target={init}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"]
    # One after the other: what heals must not overtake a script whose starter was killed.
    argv = [*into, "flock", "/run/systemd", "sh", "-euc", script, "sh", *args]
    return run(argv, env=network.environment({}), timeout=timeout, called=f"`{doing}` on {host}")


def has_power(lab: Lab, host: str) -> bool:
    return _init(lab, host) is not None


def _init(lab: Lab, host: str) -> int | None:
    """The host's PID 1, as this machine counts."""
    nspawn = hosts.running(lab, host)
    return next((child.pid for child in process.children(nspawn)), None) if nspawn else None
