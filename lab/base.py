"""The tree that all hosts of a release stand on: a minimal Debian, read-only below each host's own changes."""

from __future__ import annotations

from pathlib import Path

from lab.kind import BASE_PACKAGES, Kind
from lab.shell import run

REPO_MOUNT = "/srv/packages"
"""Where a host finds the package repository (read-only)."""

_GENERATION = 2

_DPKG = """\
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/groff/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/lintian/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/man/*
"""

_SSHD = """\
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
# No secret to keep for decades goes over this wire. The exchange that is made for that, which clients ask for first,
# takes most of the processor time of a login: 60 of 100 ms.
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org
"""

FILES: dict[str, str] = {
    "etc/apt/apt.conf.d/90halab": 'Acquire::Languages "none";\nAPT::Install-Recommends "false";\n',
    "etc/apt/sources.list": f"deb [trusted=yes] file:{REPO_MOUNT} ./\n",
    "etc/dpkg/dpkg.cfg.d/halab": _DPKG,
    "etc/ssh/sshd_config.d/halab.conf": _SSHD,
    "etc/systemd/journald.conf.d/halab.conf": (
        "[Journal]\nStorage=persistent\nSystemMaxUse=32M\nSystemMaxFileSize=8M\nRateLimitBurst=0\nForwardToSyslog=no\n"
    ),
}
"""Files of the base, by path below its root."""

_MASKED = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "console-getty.service",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "getty.target",
)

STUBBED = ("/usr/bin/py3compile",)
"""Compiling every module of every package, used or not, is a third of an installation; Python does it on first use."""

_UPDATE = """
mount --bind "$1" "$2"
chroot "$3" apt-get -q update
chroot "$3" systemctl enable systemd-networkd.service ssh.service
for program in $4; do
    chroot "$3" dpkg-divert --quiet --local --rename --add "$program"
    ln -s true "$3$program"
done
"""


def recipe(kind: Kind, repository: Path) -> list[object]:
    """What the base is made of, for the cache's key."""
    return [_GENERATION, kind.release, repository.name, FILES, _MASKED, STUBBED, sorted(BASE_PACKAGES)]


def build(kind: Kind, repository: Path, tree: Path) -> None:
    """Make the base in `tree` from the packages in `repository`."""
    run(
        [
            "mmdebstrap",
            "--quiet",
            "--mode=root",
            "--variant=minbase",
            f"--include={','.join(BASE_PACKAGES)}",
            "--dpkgopt=force-unsafe-io",
            *(f"--dpkgopt={line}" for line in _DPKG.splitlines() if line.startswith("path-")),
            kind.release,
            tree,
            f"deb [trusted=yes] copy:{repository} ./",
        ],
        timeout=900,
    )
    traces = (*tree.glob("etc/apt/*.d/*mmdebstrap*"), *tree.glob("etc/dpkg/*.d/*mmdebstrap*"))
    for left in (tree / "etc/apt/sources.list", *traces):
        left.unlink(missing_ok=True)
    for name, text in FILES.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for key in tree.glob("etc/ssh/ssh_host_*"):
        key.unlink()
    for unit in _MASKED:
        (tree / "etc/systemd/system" / unit).symlink_to("/dev/null")
    # Both are each host's own.
    (tree / "etc/hostname").unlink(missing_ok=True)
    (tree / "etc/machine-id").write_text("")
    mount = tree / REPO_MOUNT.lstrip("/")
    mount.mkdir(parents=True)
    run(["unshare", "--mount", "sh", "-euc", _UPDATE, "sh", repository, mount, tree, " ".join(STUBBED)], timeout=120)
