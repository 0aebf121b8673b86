"""Packages: installed without starting what they bring, since a daemon must not run before it is configured."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation
from pyinfra.facts.deb import DebPackages

from operations.told import Told

_POLICY = "/usr/sbin/policy-rc.d"
# policy-rc.d(8), "101: action not allowed": maintainer scripts leave services alone while it lies there.
_INSTALL = f"""set -eu
if [ -e {_POLICY} ]; then mv -f {_POLICY} {_POLICY}.hatui-old; fi
restore() {{ rm -f {_POLICY}; if [ -e {_POLICY}.hatui-old ]; then mv -f {_POLICY}.hatui-old {_POLICY}; fi; }}
trap restore EXIT
printf '#!/bin/sh\\nexit 101\\n' >{_POLICY}
chmod 0755 {_POLICY}
export DEBIAN_FRONTEND=noninteractive
"""
_APT = "apt-get -y -q --no-install-recommends -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=120"


@operation()
def installed(packages: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Install what is missing of `packages`, in one go; nothing is upgraded, and no service is started by it."""
    present = host.get_fact(DebPackages) or {}
    missing = [package for package in packages if package not in present]
    if not missing:
        host.noop("all packages are installed")
        return
    names = " ".join(shlex.quote(package) for package in missing)
    yield Told(
        f"install {', '.join(missing)}",
        f"{_INSTALL}{_APT} install {names} >/dev/null"
        f" || {{ apt-get -q update >/dev/null; {_APT} install {names} >/dev/null; }}",
    )
