"""A cluster of Pacemaker: its configuration in one step, and Corosync's settings taken over by all at once."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.corosync.names import CONFIG, FILES
from cluster.corosync.names import UNIT as COROSYNC
from cluster.corosync.record import QuorumNode
from cluster.pacemaker.gates import is_settled, may_configure, may_reload
from cluster.pacemaker.names import UNIT, cloned
from cluster.pacemaker.record import CrmStatus
from cluster.state import Unknown
from facts.base import FileStates, drop_in_path
from facts.corosync import CorosyncQuorum
from facts.pacemaker import CrmConfiguration, CrmMon, lacking, there
from operations.cib import CibChange, tried, written
from operations.files import note
from operations.hosts import look, look_all, shell
from operations.service import STAMP_PROGRAM
from operations.steps import Refused, Step, refused, wait_for
from operations.told import Told

FORM = 60
"""Seconds in which hosts that were just started see each other: a DC waits up to 20 s for the others."""
SETTLE = 60
"""Seconds in which resources start, fencing devices included."""


@operation()
def reloaded(hosts: Sequence[str], transport: str) -> Generator[PyinfraCommand, None, None]:
    """Let Corosync take over settings that changed on disk: all members at once, without a restart.

    `corosync-cfgtool -R` reaches every member, so all must hold the same files. Source: corosync-cfgtool(8).
    """
    if due := _due(hosts):
        yield Step(f"Corosync takes new settings over ({', '.join(due)})", lambda: _reload(hosts, transport))


def brought_back(hosts: Sequence[str]) -> None:
    """Let Corosync run with the settings that lie on the disks of `hosts` again, where it runs with others."""
    if _due(hosts):
        _reload(hosts, "")


def _due(hosts: Sequence[str]) -> list[str]:
    nodes: Mapping[str, QuorumNode | Unknown] = look_all(hosts, CorosyncQuorum)
    return [name for name, node in nodes.items() if isinstance(node, QuorumNode) and node.service.restart_due]


def _reload(hosts: Sequence[str], transport: str) -> None:
    """`transport` is the one that is wanted; empty: the one that runs."""
    if reason := may_reload(look_all(hosts, CorosyncQuorum)):
        raise Refused(f"Corosync keeps its former settings: {reason}.")
    files = look_all(hosts, FileStates, paths=list(FILES))
    if len({str(sorted(found.items())) for found in files.values()}) > 1:
        raise Refused(f"{CONFIG} or the key is not the same on {', '.join(hosts)}: deploy to all of them first.")
    now = shell(hosts[0], "corosync-cmapctl -g totem.transport 2>/dev/null || true").rpartition("= ")[2].strip()
    if now and transport and now != transport:
        raise Refused(
            f"The transport can't be changed from {now} to {transport} while the cluster runs. Stop it on all "
            "its hosts (crm cluster stop --all), and deploy again."
        )
    shell(hosts[0], "corosync-cfgtool -R")
    wait_for(lambda: may_reload(look_all(hosts, CorosyncQuorum)), within=20)
    for name in hosts:
        shell(name, f"{STAMP_PROGRAM} {COROSYNC} {' '.join(shlex.quote(file) for file in FILES)}")


@operation()
def configured(
    hosts: Sequence[str], wanted: str, gone: Sequence[str] = (), within: int = SETTLE
) -> Generator[PyinfraCommand, None, None]:
    """Put the elements of `wanted` (XML, a `configuration`; empty for none) into the CIB, and take those with the ids
    `gone` out, in one step; others are left alone.

    Tried by Pacemaker's own scheduler first, and written only while all `hosts` are online in one cluster; seen to run
    before it counts as done, for `within` seconds.
    """
    seen = look_all(hosts, CrmConfiguration)
    told = next((said for said in seen.values() if isinstance(said, str) and said.strip()), "")
    change = CibChange(wanted, there(told, gone))
    lines = (*(lacking(wanted, told) if wanted else ()), *(f"- {one}" for one in change.gone))
    if not lines:
        return
    unreached = [f"{name} {said.reason}" for name, said in seen.items() if isinstance(said, Unknown)]
    if unreached:
        yield refused("Configure Pacemaker", f"Nothing is configured: {'; '.join(unreached)}")
        return
    try:
        # Of hosts that have just started, its scheduler thinks that they are to be fenced. It is tried again once all
        # are online, before anything is written.
        begun = told and may_configure(look_all(hosts, CrmMon)) is None
        actions = tried(hosts[0], change) if begun else ()
    except Refused as reason:
        yield refused("Configure Pacemaker", str(reason))
        return
    doing = f": it would {', '.join(map(str, actions))}" if actions else ""
    yield Step(
        f"Configure Pacemaker{doing}",
        lambda: _configure(hosts, change, within),
        difference=lines,
    )


@operation()
def disbanded(files: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Have Pacemaker and Corosync leave and not come back, and take `files` of theirs away, where hatui had made them:
    its drop-in for Corosync tells, which goes last. What Pacemaker ran is to be out of its configuration before."""
    mine = drop_in_path(COROSYNC)
    if mine not in (host.get_fact(FileStates, paths=[mine]) or {}):
        return
    status = _status(host.name)
    if others := [one.id for one in status.resources if one.active] if isinstance(status, CrmStatus) else []:
        why = f"{', '.join(dict.fromkeys(others))} runs in it, and is not hatui's: take it out first"
        yield refused("Pacemaker and Corosync leave", f"The cluster of {host.name} stays: {why}.")
        return
    yield Told("Pacemaker and Corosync leave", f"systemctl disable --quiet --now {UNIT} {COROSYNC}")
    for path in (*files, mine):
        yield Told(f"remove {path}", f"rm -f -- {shlex.quote(path)}; {note(path, '')}")


def _configure(hosts: Sequence[str], change: CibChange, within: int) -> None:
    wait_for(lambda: may_configure(look_all(hosts, CrmMon)), within=FORM)
    tried(hosts[0], change)
    # What is taken out while it runs would be stopped without its settings: within 20 s, or its host is fenced.
    if running := _running(hosts[0], change.gone):
        for name in running:
            told = f"crm_resource --resource {shlex.quote(name)} --meta --set-parameter target-role"
            shell(hosts[0], f"{told} --parameter-value Stopped >/dev/null")
        wait_for(lambda: _still(_running(hosts[0], change.gone)), within=within)
    written(hosts[0], change)
    wait_for(lambda: is_settled(_status(hosts[0])), within=within)


def _running(host: str, names: Sequence[str]) -> list[str]:
    """Those of `names`, resources or clones of one, that run somewhere. Refused where that can't be told."""
    status = _status(host)
    if isinstance(status, Unknown):
        raise Refused(f"{host} {status.reason}")
    active = {one.common or one.id for one in status.resources if one.active}
    return [name for name in names if active & {name, cloned(name)}]


def _still(running: Sequence[str]) -> str | None:
    return f"{', '.join(running)} still runs" if running else None


def _status(host: str) -> CrmStatus | Unknown:
    status: CrmStatus | Unknown = look(host, CrmMon)
    return status
