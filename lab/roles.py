"""What the hosts of a role have besides the base, where a lab is to have OpenStack: its packages, installed once.

It is a layer: what the installation has changed of the base, and nothing else. On a host it lies between the base and
what makes the host itself. Hundreds of packages on each of six hosts would be most of a deploy's time, otherwise.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from lab.base import REPO_MOUNT, STUBBED
from lab.cache import BUILDING
from lab.kind import Kind
from lab.network import environment
from lab.shell import run

_GENERATION = 1

_PRESET = """\
dbconfig-common dbconfig-common/dbconfig-install boolean false
dbconfig-common dbconfig-common/dbconfig-upgrade boolean false
"""

# Made when a package is installed, and to be another one on each host.
_OWN = (
    "/etc/iscsi/initiatorname.iscsi",
    "/etc/nvme/hostid",
    "/etc/nvme/hostnqn",
    "/etc/pacemaker/authkey",
    "/var/lib/rabbitmq/.erlang.cookie",
)

# With a network of its own, and processes that all end with it.
_APART = ("unshare", "--mount", "--pid", "--net", "--uts", "--fork", "--kill-child", "sh", "-euc")

# Some packages look for the address that the host's name has.
_OUTSIDE = """
hostname localhost
mount -t overlay overlay -o "$1" "$2"
mount --bind "$3" "$2$4"
mount -t proc proc "$2/proc"
mount -t tmpfs tmpfs "$2/tmp"
shift 1
root="$1"
shift 3
chroot "$root" sh -euc "$@"
"""

# policy-rc.d(8), "101: action not allowed". What a package enables is disabled again, be it a unit or a script of the
# former init: a host that boots runs none of it before a deploy has configured it. OpenStack's services run as users
# who can't keep what Python compiles: each start would compile all of it again. What can't be compiled (templates,
# mostly) is nothing that they load.
_INSIDE = r"""
enabled() {
    {
        systemctl list-unit-files --state=enabled --no-legend --plain | cut -d' ' -f1
        ls /etc/rc[2345].d | sed -n 's/^S[0-9][0-9]\(.*\)/\1.service/p'
    } | sort -u
}
enabled > /tmp/before
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d
printf %s "$1" | debconf-set-selections
apt-get -q -y --no-install-recommends install $2
rm /usr/sbin/policy-rc.d
enabled > /tmp/after
comm -13 /tmp/before /tmp/after | xargs --no-run-if-empty systemctl --quiet disable
for program in $3; do
    rm "$program"
    dpkg-divert --quiet --local --rename --remove "$program"
done
python3 -m compileall -q -j2 -x '/tests?/' /usr/lib/python3/dist-packages || true
rm -f $4
"""

_ENVIRONMENT = environment({"DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_OFFLINE": "1"})


def recipe(kind: Kind, role: str, base: Path) -> list[object]:
    """What the layer of `role` is made of, for the cache's key."""
    return [_GENERATION, role, base.name, sorted(kind.roles[role]), _PRESET, _OWN, _INSIDE]


def build(kind: Kind, role: str, base: Path, repository: Path, tree: Path) -> None:
    """Make in `tree` the layer that lies on `base` for the hosts of `role`, from the packages in `repository`."""
    with tempfile.TemporaryDirectory(prefix=BUILDING, dir=tree.parent) as scratch:
        work, root = (Path(scratch, name) for name in ("work", "root"))
        work.mkdir()
        root.mkdir()
        overlay = f"lowerdir={base},upperdir={tree},workdir={work},volatile"
        arguments = [_PRESET, " ".join(kind.roles[role]), " ".join(STUBBED), " ".join(_OWN)]
        run(
            [*_APART, _OUTSIDE, "sh", overlay, root, repository, REPO_MOUNT, _INSIDE, "sh", *arguments],
            env=_ENVIRONMENT,
            timeout=1800,
            called=f"the installation of the packages of a {role} host",
        )
