"""The files of the Galera layer: the server's settings, the health responder, the arbitrator's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pyinfra.api.exceptions import PyinfraError

from cluster.galera.names import (
    CHECK_FILES,
    CHECK_PROGRAM,
    CHECK_SAYS,
    CHECK_UNIT,
    CHECK_WRITES,
    CONFIG,
    GALERA_CHECK_PORT,
    GARB_CONFIG,
    GARB_UNIT,
    UNIT,
)
from cluster.spec import Cluster, Galera, Role
from deploy.rendering import render
from operations.files import ManagedFile
from operations.service import drop_in, stamp_lines

CHECK_USER = "hatui_check"

PROVIDER_OPTIONS: Mapping[str, str | int] = {
    # A node that is gone is evicted after 1.5 to 2 s; the others stall that long. Galera's own rule: keepalive at most
    # a third of suspect, check at most half of it.
    "evs.keepalive_period": "PT0.5S",
    "evs.inactive_check_period": "PT0.5S",
    "evs.suspect_timeout": "PT1.5S",
    "evs.inactive_timeout": "PT5S",
    "evs.install_timeout": "PT5S",
    # A node that was away for less than this much writing gets what it missed (IST), not everything (SST).
    "gcache.size": "1G",
    "gcache.recover": "yes",
}

_NAME = re.compile(r"[a-z][a-z0-9_.-]*", re.ASCII | re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9_./:,+%=@-]+", re.ASCII)

_CHECK = (
    "! { runuser -u mysql -- mariadbd --defaults-file={} --help --verbose 2>&1 >/dev/null"
    ' || echo "[ERROR] mariadbd ended with $?"; }'
    ' | grep -E "\\[ERROR\\]|\\[Warning\\].* option \'"'
)
"""mariadbd reads the file alone and ends. It exits 0 on many a wrong value, so what it says counts too."""


def server_settings(cluster: Cluster, name: str) -> dict[str, str]:
    """The lines of the [mariadbd] section for host `name`, each value as it stands in the file.

    `cluster.galera.settings` come last; a name with a dot is an option of the provider (such as gcache.size).

    Raises PyinfraError for a name or a value that can't stand in the file.
    """
    galera = cluster.galera
    address = cluster.address(name)
    members = ",".join(cluster.address(member) for member in cluster.names(Role.GALERA))
    own = {key: value for key, value in galera.settings.items() if "." not in key}
    settings: dict[str, str | int] = {
        "bind-address": address,
        "skip-name-resolve": "ON",
        "max_connections": 2000,
        "binlog_format": "ROW",
        "default_storage_engine": "InnoDB",
        "innodb_autoinc_lock_mode": 2,
        "innodb_flush_log_at_trx_commit": 1,
        "wsrep_on": "ON",
        "wsrep_provider": "/usr/lib/galera/libgalera_smm.so",
        "wsrep_cluster_name": galera.cluster_name,
        "wsrep_cluster_address": f"gcomm://{members}",
        "wsrep_node_name": name,
        "wsrep_node_address": address,
        "wsrep_slave_threads": 4,
        "wsrep_sst_method": galera.sst_method,
        "wsrep_sst_auth": "mysql:",
        "wsrep_provider_options": provider_options(galera, address),
    }
    # One name in two spellings would be two lines: mariadbd takes - and _ for the same.
    settings = {key.replace("-", "_"): value for key, value in settings.items()}
    settings |= {key.replace("-", "_"): value for key, value in own.items()}
    return {_checked_name(key): _quoted(key, value) for key, value in settings.items()}


def provider_options(galera: Galera, address: str) -> str:
    """wsrep_provider_options for the member at `address`, those of `galera.settings` last."""
    options = {"gmcast.listen_addr": f"tcp://{address}:4567", **PROVIDER_OPTIONS}
    options |= {key: value for key, value in galera.settings.items() if "." in key}
    for key, value in options.items():
        if not _PLAIN.fullmatch(str(value)):
            raise PyinfraError(f"galera.settings: {key} = {value!r} can't be an option of the Galera provider.")
    return "; ".join(f"{_checked_name(key)}={value}" for key, value in options.items())


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise PyinfraError(f"galera.settings: {name!r} is not the name of a setting (letters, digits, _ . -).")
    return name


def _quoted(name: str, value: str | int) -> str:
    """`value` as an option file takes it (MariaDB, "Configuring MariaDB with Option Files", option file syntax)."""
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    if not text.isprintable():
        raise PyinfraError(f"galera.settings: the value of {name} holds a control character.")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def server_file(cluster: Cluster, name: str) -> ManagedFile:
    """MariaDB's settings on host `name`, judged by mariadbd itself before they replace the former ones."""
    content = render("galera.cnf.j2", settings=server_settings(cluster, name))
    return ManagedFile(path=CONFIG, content=content, check=_CHECK)


def node_files(cluster: Cluster, name: str) -> list[ManagedFile]:
    """All files of the database host `name`."""
    address = cluster.address(name)
    return [
        server_file(cluster, name),
        drop_in(
            UNIT,
            # A state transfer is part of the start. A node that found no Primary component (exit 1) tries again, so
            # that it comes back by itself when the network does.
            f"{stamp_lines(UNIT, [CONFIG], reloads=False)}TimeoutStartSec=1800\nRestart=on-failure\nRestartSec=5\n",
            unit_lines="Wants=network-online.target\nAfter=network-online.target\nStartLimitIntervalSec=0\n",
        ),
        *(
            ManagedFile(path=path, content=(Path(__file__).parent / "files" / Path(path).name).read_bytes())
            for path in (CHECK_PROGRAM, CHECK_WRITES)
        ),
        ManagedFile(
            path=CHECK_FILES[1],
            content=render(
                "galera-check.service.j2",
                address=address,
                port=GALERA_CHECK_PORT,
                program=CHECK_PROGRAM,
                runtime=Path(CHECK_SAYS).parent.name,
                user=CHECK_USER,
                stamp=stamp_lines(CHECK_UNIT, CHECK_FILES, reloads=False),
            ),
        ),
    ]


def arbitrator_files(cluster: Cluster, name: str) -> list[ManagedFile]:
    """garbd's settings on host `name`: /etc/default/garb, which its start script reads as shell."""
    members = " ".join(f"{cluster.address(member)}:4567" for member in cluster.names(Role.GALERA))
    timeouts = {key: value for key, value in PROVIDER_OPTIONS.items() if key.startswith("evs.")}
    options = {"gmcast.listen_addr": f"tcp://{cluster.address(name)}:4567", **timeouts}
    text = "; ".join(f"{key}={value}" for key, value in options.items())
    lines = {"GALERA_NODES": members, "GALERA_GROUP": cluster.galera.cluster_name, "GALERA_OPTIONS": text}
    for key, value in lines.items():
        # The start script passes these through `eval`: nothing may be left that a shell would read.
        if not re.fullmatch(r"[A-Za-z0-9_./:;,=+ -]+", value, re.ASCII):
            raise PyinfraError(f"garbd: {key} can't be {value!r}: letters, digits, _ . : - only.")
    content = "# Managed by hatui.\n" + "".join(f"{key}='{value}'\n" for key, value in lines.items())
    return [
        ManagedFile(path=GARB_CONFIG, content=content.encode()),
        drop_in(
            GARB_UNIT,
            f"{stamp_lines(GARB_UNIT, [GARB_CONFIG], reloads=False)}Restart=on-failure\nRestartSec=5\n",
            unit_lines="Wants=network-online.target\nAfter=network-online.target\nStartLimitIntervalSec=0\n",
        ),
    ]
