"""Horizon's files on a controller: its own Apache, its settings, and how a host asks it."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

from cluster.openstack.cache import places
from cluster.openstack.horizon import (
    ASKED,
    FILES,
    NAME,
    ROOT,
    SECRET,
    SERVER,
    SESSIONS,
    SETTINGS,
    UNIT,
    horizon_of,
)
from cluster.openstack.keystone import KEYSTONE
from cluster.spec import Cluster
from deploy.openstack_files import watch
from deploy.rendering import render
from deploy.secrets import secret
from facts.horizon import ASK_HORIZON
from operations.files import ManagedFile
from operations.service import drop_in, stamp_lines

_FILES = Path(__file__).parent / "files"
_RUN = "/run/hatui-horizon"


def horizon_files(cluster: Cluster, name: str) -> list[ManagedFile]:
    """All of them, on the controller `name`."""
    mine, own, key = horizon_of(cluster), cluster.address(name), secret(cluster, SECRET)
    vip, who = cluster.keepalived.vip, watch(cluster)
    server = render(
        "horizon-apache.conf.j2",
        run=_RUN,
        vip=vip,
        address=own,
        port=mine.port,
        processes=mine.processes,
        threads=mine.threads,
        root=ROOT,
    )
    settings = render(
        "horizon_settings.py.j2",
        folder=str(PurePosixPath(SESSIONS).parent),
        root=ROOT,
        allowed=[vip, own, NAME, *mine.hosts],
        key=key,
        vip=vip,
        keystone=KEYSTONE.url(cluster),
        caches=sorted(places(cluster), key=lambda place: not place.startswith(f"{own}:")),
    )
    asked = {"url": f"http://{own}:{mine.port}{ROOT}auth/login/", "user": who.user, "password": who.password}
    return [
        ManagedFile(SESSIONS, (_FILES / "horizon_sessions.py").read_bytes(), mode="0644"),
        ManagedFile(SETTINGS, settings, mode="0640", group="www-data", secrets=(json.dumps(key), key)),
        ManagedFile(SERVER, server, mode="0644", check=f"mkdir -p {_RUN} && apache2 -t -f {{}}"),
        ManagedFile(f"/etc/systemd/system/{UNIT}", render("hatui-horizon.service.j2", config=SERVER)),
        drop_in(
            UNIT,
            f"{stamp_lines(UNIT, FILES, reloads=False)}Restart=on-failure\nRestartSec=3\n",
            unit_lines="StartLimitIntervalSec=0\n",
        ),
        ManagedFile(ASK_HORIZON, (_FILES / "ask_horizon.py").read_bytes(), mode="0755"),
        ManagedFile(
            ASKED, f"{json.dumps(asked)}\n".encode(), mode="0600", secrets=(json.dumps(who.password), who.password)
        ),
    ]
