"""One host: its disk, its boot, its power."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from lab import cgroup, layers, network, process, shared
from lab.base import REPO_MOUNT
from lab.cache import locked
from lab.config import Config
from lab.errors import LabError
from lab.process import Process
from lab.topology import ROLES, SECOND, Lab

_BOOT = """
for group in $GROUPS_OF_HOST; do
    mkdir -p "$group"
    echo $$ > "$group/cgroup.procs"
done
mount -t overlay overlay -o "$OVERLAY" "$ROOT"
mkdir -p /run/systemd/nspawn
mount -t tmpfs -o mode=755 tmpfs /run/systemd/nspawn
exec "$@"
"""
"""Runs in a mount namespace of the host's own: its mounts, and what nspawn keeps by the machine's name, end with it.

That is what lets two labs have a host of the same name, and leaves nothing to unmount after a power loss.
"""


_OFF_LIMIT = 15.0
"""Seconds that the kernel may take to end all of a host's processes."""


def exists(lab: Lab, host: str) -> bool:
    return lab.host_dir(host).is_dir()


def check_made(lab: Lab, names: Iterable[str]) -> None:
    """LabError names the first of `names` that was never brought up."""
    for host in names:
        if not exists(lab, host):
            raise LabError(f"{host} was never brought up; do it with `halab up {host}`")


def running(lab: Lab, host: str) -> Process | None:
    """The host's systemd-nspawn, if the host has power."""
    return process.load(lab.host_dir(host) / "pid")


def create(lab: Lab, host: str) -> None:
    """Give `host` a clean disk: what makes it itself (the seed) over the shared base, and nothing of its own yet.

    The disk is there whole or not at all.
    """
    home = lab.host_dir(host)
    new = home.with_name(f".{host}")
    shutil.rmtree(new, ignore_errors=True)
    for part in ("seed", "upper", "work", "root"):
        (new / part).mkdir(parents=True)
    new.chmod(0o700)
    key = lab.ssh_dir / "hosts" / host
    seed(
        new / "seed",
        {
            "etc/hostname": (f"{host}\n", 0o644),
            "etc/hosts": (f"127.0.0.1 localhost\n{lab.address(host)} {host}\n", 0o644),
            "etc/machine-id": (f"{secrets.token_hex(16)}\n", 0o444),
            "etc/ssh/ssh_host_ed25519_key": (key.read_text(), 0o600),
            "etc/ssh/ssh_host_ed25519_key.pub": (key.with_name(f"{host}.pub").read_text(), 0o644),
            "etc/systemd/network/10-host0.network": (network_file(lab, host), 0o644),
            **{path: (text, 0o644) for path, text in second_interface(lab, host).items()},
            "root/.ssh/authorized_keys": ((lab.ssh_dir / "id_ed25519.pub").read_text(), 0o600),
        },
    )
    new.rename(home)


def network_file(lab: Lab, host: str) -> str:
    """A systemd.network(5) file: a static address on host0, no way out, no IPv6."""
    return (
        "[Match]\nName=host0\n\n"
        f"[Network]\nAddress={lab.address(host)}/{lab.subnet.prefixlen}\n"
        "LinkLocalAddressing=no\nIPv6AcceptRA=no\nDHCP=no\nLLDP=no\n"
    )


def second_interface(lab: Lab, host: str) -> dict[str, str]:
    """Files of systemd-networkd, by their paths: a network node has an interface more, a cable to the other one.

    OpenStack's networks are on it. It is a tunnel of the kernel's, which takes frames of every VLAN as they are.
    """
    if ROLES.get(host) != "network":
        return {}
    (peer,) = (name for name, role in ROLES.items() if role == "network" and name != host)
    folder = f"etc/systemd/network/20-{SECOND}"
    return {
        f"{folder}.netdev": (
            f"[NetDev]\nName={SECOND}\nKind=vxlan\n\n[VXLAN]\nVNI=1\nRemote={lab.address(peer)}\nIndependent=yes\n"
        ),
        f"{folder}.network": (
            f"[Match]\nName={SECOND}\n\n[Link]\nRequiredForOnline=no\n\n"
            "[Network]\nLinkLocalAddressing=no\nIPv6AcceptRA=no\nDHCP=no\nLLDP=no\n"
        ),
    }


def seed(top: Path, files: dict[str, tuple[str, int]]) -> None:
    """Write `files` (path: text, mode) below `top`; folders of a home are closed to others."""
    for name, (text, mode) in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
    for closed in (top / "root", top / "root/.ssh"):
        if closed.is_dir():
            closed.chmod(0o700)


def nspawn(lab: Lab, host: str, config: Config) -> list[str]:
    """The command that boots `host` in the lab's namespace. Source: systemd-nspawn(1)."""
    return [
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--register=no",
        "--keep-unit",
        f"--directory={lab.host_dir(host) / 'root'}",
        f"--machine={host}",
        f"--network-bridge={network.BRIDGE}",
        f"--bind-ro={config.repository}:{REPO_MOUNT}",
        *shared.mounts(lab, host, config),
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=read-only",
    ]


def power_on(lab: Lab, host: str, config: Config) -> bool:
    """Boot `host`; False if it has power already. Does not wait for the boot to end."""
    home = lab.host_dir(host)
    with _power(lab, host):
        check_made(lab, [host])
        if running(lab, host):
            return False
        # An overlay mounted "volatile" refuses to be mounted again until its work directory is new.
        shutil.rmtree(home / "work")
        (home / "work").mkdir()
        groups = cgroup.paths(lab, host)
        environment = network.environment(
            {
                "GROUPS_OF_HOST": " ".join(str(path) for path in groups),
                "OVERLAY": layers.options(lab, host, config),
                "ROOT": str(home / "root"),
                "UNIFIED_CGROUP_HIERARCHY": "1",
            }
        )
        own_mounts = ["unshare", "--mount", "--propagation", "slave", "sh", "-euc", _BOOT, "sh"]
        with (home / "console.log").open("ab") as console:
            # Each program below becomes the next one by exec(2): the pid stays that of systemd-nspawn.
            started = subprocess.Popen(
                network.inside(lab, [*own_mounts, *nspawn(lab, host, config)]),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        found = process.identify(started.pid)
        if found is None:
            raise LabError(f"{host} did not start: {console_tail(lab, host)}")
        found.save(home / "pid")
        return True


def power_off(lab: Lab, host: str) -> bool:
    """Take `host`'s power away, as a pulled plug does; False if it has none. It is off when this returns."""
    with _power(lab, host):
        return _cut_power(lab, host)


def _cut_power(lab: Lab, host: str) -> bool:
    """Kill the container's init, and the kernel kills all that runs below it (pid_namespaces(7)).

    Not systemd-nspawn itself: without it, the host would run on.
    """
    nspawn_process = running(lab, host)
    if nspawn_process is None:
        return False
    end = time.monotonic() + _OFF_LIMIT
    while nspawn_process.alive():
        # Again and again: in the first moments of a boot, init is not there yet.
        for child in process.children(nspawn_process):
            child.kill()
        if time.monotonic() > end:
            raise LabError(f"{host} (pid {nspawn_process.pid}) still runs {_OFF_LIMIT:.0f} s after its power was taken")
        time.sleep(0.01)
    (lab.host_dir(host) / "pid").unlink(missing_ok=True)
    cgroup.remove_member(lab, host)
    return True


def _power(lab: Lab, host: str) -> AbstractContextManager[None]:
    """The lock on `host`'s power: a person, the BMC and a test may press the button at the same time."""
    return locked(lab.state / "locks" / host)


def power_cycle(lab: Lab, host: str, config: Config) -> None:
    power_off(lab, host)
    power_on(lab, host, config)


def destroy(lab: Lab, host: str) -> None:
    """Take `host`'s power and remove its disk; its keys stay."""
    if exists(lab, host):
        with _power(lab, host):
            _cut_power(lab, host)
            cgroup.remove_member(lab, host)
            shutil.rmtree(lab.host_dir(host))


def console_tail(lab: Lab, host: str, lines: int = 3) -> str:
    """The last thing that `host`'s console said, without control characters."""
    try:
        text = (lab.host_dir(host) / "console.log").read_text(errors="replace")
    except OSError:
        return "its console said nothing"
    clean = ("".join(char for char in line if char.isprintable()).strip() for line in text.splitlines())
    return " / ".join([line for line in clean if line][-lines:]) or "its console said nothing"
