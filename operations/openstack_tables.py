"""The tables of OpenStack's services: made or changed on one controller, once for each version of the package."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.facts import FactBase
from pyinfra.api.operation import operation

from cluster.galera.gates import is_synced
from cluster.openstack.sections import Sync
from cluster.openstack.service import OpenstackService
from cluster.openstack.table import BY_NAME
from cluster.state import Unknown
from facts.openstack_tables import FilledDatabases, TablesSynced
from operations.galera import nodes_of
from operations.hosts import look, shell
from operations.steps import Step, refused

MAKE = 900
"""Seconds that a command may take to make its tables."""


def told(service: OpenstackService, words: str, *settings: str) -> str:
    """Shell: the service's own tool, as the service's own user; where it fails, the end of what it said, on stderr."""
    files = "".join(f"--config-file {path} " for path in settings)
    run = f"runuser -u {service.name} -- {service.tool} {files}{words}"
    return f"{{ said=$({run} 2>&1) || {{ printf '%s\\n' \"$said\" | tail -n 2 >&2; false; }}; }}"


@operation()
def tables_made(
    service: str, syncs: Sequence[Sync], hosts: Sequence[str], nodes: Sequence[str]
) -> Generator[PyinfraCommand, None, None]:
    """Have its tables made by the first of `hosts`, for the version that it has; `nodes` are the databases'."""
    mine, first = BY_NAME[service], hosts[0]
    synced, filled = look(first, TablesSynced, service=service), of_database(nodes, FilledDatabases)
    if isinstance(filled, Unknown):
        yield refused(f"The tables of {service}", filled.reason)
    elif not (filled >= mine.databases.keys() and synced.noted == synced.installed):
        version = synced.installed or "the version that it has"
        yield Step(f"{first}: the tables of {service}, for {version}", partial(_made, mine, syncs, first))


def of_database(nodes: Sequence[str], fact: type[FactBase[Any]]) -> Any:
    """What the first database of `nodes` that is Synced says."""
    ready = [name for name, node in nodes_of(nodes).items() if is_synced(node)]
    if not ready:
        return Unknown(f"no node of {', '.join(nodes)} is Synced.")
    found = look(ready[0], fact)
    return Unknown(f"{ready[0]}: {found.reason}") if isinstance(found, Unknown) else found


def _made(service: OpenstackService, syncs: Sequence[Sync], name: str) -> None:
    settings = (*service.configs, service.sync_file)
    for sync in syncs:
        command = told(service, sync.words, *settings)
        if sync.unless:
            words, done = sync.unless
            asked = told(service, words, *settings)
            command = f'{asked} && case "$said" in *{shlex.quote(done)}*) ;; *) {command};; esac'
        shell(name, command, timeout=MAKE)
    shell(name, f"dpkg-query -W -f '${{Version}}' {service.packages[0]} >{service.synced_file}")
