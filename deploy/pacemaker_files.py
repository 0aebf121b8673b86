"""The files of a cluster of Pacemaker: Corosync's settings and key, and what fencing needs to know the BMCs."""

from __future__ import annotations

import base64
from pathlib import Path

from cluster.corosync.names import AUTHKEY, CONFIG, FILES, UNIT
from cluster.pacemaker.names import AGENT
from cluster.spec import Cluster
from cluster.stacks import Stack
from deploy.rendering import render
from operations.files import ManagedFile
from operations.service import drop_in, stamp_lines

_AGENT = Path(__file__).parent / "files" / "ocf_service.sh"
BMC_PASSWORD = "/etc/pacemaker/hatui-bmc"  # noqa: S105 (where it is kept)
IPMITOOL = "/usr/local/lib/hatui/ipmitool"
"""Stands for ipmitool in the fencing devices' settings: it takes the password from BMC_PASSWORD."""
FENCING_FILES = (BMC_PASSWORD, IPMITOOL)

_IPMITOOL = f"""#!/bin/sh
# Managed by hatui. fence_ipmilan(8) gives ipmitool the password as an argument, which everybody on the host can read.
# Here it has none to give, and its empty -P is taken out in favour of a file that only root can read.
set -eu
for argument; do
    shift
    if [ "${{skip:-}}" ]; then skip=; continue; fi
    if [ "$argument" = -P ]; then skip=1; continue; fi
    set -- "$@" "$argument"
done
exec /usr/bin/ipmitool -f {BMC_PASSWORD} "$@"
"""


def corosync_files(cluster: Cluster, stack: Stack, authkey: str) -> list[ManagedFile]:
    """Corosync's files, the same on every host; `authkey` in base64."""
    key = base64.b64decode(authkey)
    members = [cluster.hosts[name] for name in stack.names(cluster)]
    settings = render(
        "corosync.conf.j2",
        corosync=cluster.corosync,
        name=stack.called(cluster),
        multicast_port=stack.multicast_port(cluster),
        members=members,
        network=cluster.network.partition("/")[0],
    )
    return [
        # The key first: the settings' check reads it.
        ManagedFile(path=AUTHKEY, content=key, mode="0400", secrets=(key.decode(errors="backslashreplace"),)),
        ManagedFile(path=CONFIG, content=settings, check="corosync -t -c {}"),
        drop_in(UNIT, f"{stamp_lines(UNIT, FILES, reloads=False)}Restart=on-failure\nRestartSec=1\n"),
    ]


def fencing_files(password: str) -> list[ManagedFile]:
    """What the fencing devices need on every host, since each may have to fence any other."""
    return [
        ManagedFile(path=BMC_PASSWORD, content=f"{password}\n".encode(), mode="0400", secrets=(password,)),
        ManagedFile(path=IPMITOOL, content=_IPMITOOL.encode(), mode="0755"),
    ]


def agent_file() -> ManagedFile:
    """The resource agent ocf:hatui:service."""
    return ManagedFile(path=AGENT, content=_AGENT.read_bytes(), mode="0755")
