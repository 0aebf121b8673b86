"""The lab's ssh: keys made before the first boot, so that every connection is checked from the first one on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lab.process import replace_file
from lab.shell import run
from lab.topology import Lab


def ensure(lab: Lab, hosts: Sequence[str]) -> None:
    """Make the client's key, the key of each of `hosts`, known_hosts and the ssh configuration; what exists is kept.

    In the state directory's ``ssh/``: ``id_ed25519``, ``known_hosts`` (each host by name and by address), ``config``
    (`ssh -F config mysql1`), and ``hosts/NAME`` with the key that NAME's sshd shows, the same over resets.
    """
    keys = lab.ssh_dir / "hosts"
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    lab.ssh_dir.chmod(0o755)
    _make(lab.ssh_dir / "id_ed25519", "halab")
    for host in hosts:
        _make(keys / host, host)
    known = [f"{host},{lab.address(host)} {public(keys / host)}" for host in hosts]
    replace_file(lab.ssh_dir / "known_hosts", "\n".join(known) + "\n")
    replace_file(lab.ssh_dir / "config", client_config(lab, hosts))


def client_config(lab: Lab, hosts: Sequence[str]) -> str:
    """An ssh_config(5) with an entry for each of `hosts`, by name and by address."""
    common = [
        "User root",
        f"IdentityFile {lab.ssh_dir}/id_ed25519",
        "IdentitiesOnly yes",
        f"UserKnownHostsFile {lab.ssh_dir}/known_hosts",
        "GlobalKnownHostsFile /dev/null",
        "StrictHostKeyChecking yes",
        "PasswordAuthentication no",
        "ConnectTimeout 5",
    ]
    lines = []
    for host in hosts:
        lines += [f"Host {host} {lab.address(host)}", f"    HostName {lab.address(host)}"]
    lines += [f"Host {' '.join(hosts)} {' '.join(str(lab.address(host)) for host in hosts)}"]
    return "\n".join([*lines, *(f"    {option}" for option in common)]) + "\n"


def public(key: Path) -> str:
    """The public half of `key`: type and base64, without the comment."""
    return " ".join(key.with_name(f"{key.name}.pub").read_text().split()[:2])


def _make(key: Path, comment: str) -> None:
    if not key.exists():
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", key])
