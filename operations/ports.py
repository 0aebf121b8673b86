"""New rules of the packet filter: in force for good only once the host is reached over a new connection.

The former rules come back by themselves after BACK_AFTER, whatever becomes of who tries the new ones.
"""

from __future__ import annotations

import socket
from collections.abc import Generator
from functools import partial

from pyinfra import host
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.ports.names import BACK, CONFIG, FORMER, TABLE, UNIT
from cluster.ports.record import FilterNode
from facts.ports import PortFilter
from operations.hosts import look, shell
from operations.steps import Refused, Step
from operations.told import Told

BACK_AFTER = 30
"""Seconds after which the former rules are in force again, unless somebody who reaches the host says otherwise."""
REACH = 5.0
"""Seconds in which the host's sshd must greet a new connection."""

# The former rules: the table as it was, or that there is none; those of a trial that broke off still count. The way
# back is armed before anything is changed, and a boot meanwhile takes it too (the unit's ExecStartPre).
_TRY = f"""
systemctl stop {BACK}.timer {BACK}.service 2>/dev/null
mkdir -p "$(dirname {FORMER})" || exit 1
[ -e {FORMER} ] || {{
    echo 'table inet {TABLE}'; echo 'delete table inet {TABLE}'; nft list table inet {TABLE} 2>/dev/null
    true
}} >{FORMER} || exit 1
way_back='mv {FORMER} {CONFIG} && nft -f {CONFIG}'
timer="--unit={BACK} --on-active={BACK_AFTER} --timer-property=AccuracySec=100ms"
systemd-run --quiet --collect $timer sh -c "$way_back" || exit 1
nft -f {CONFIG}
"""
# Without the file the former rules are back already, or about to be.
_KEEP = f"""
systemctl stop {BACK}.timer
rm {FORMER} && systemctl daemon-reload && systemctl enable -q {UNIT} && systemctl reload-or-restart {UNIT}
"""


@operation()
def tried(address: str, port: int) -> Generator[PyinfraCommand, None, None]:
    """Take the rules on this host's disk into force, where they are not. `address` and `port` are its sshd's."""
    node = look(host.name, PortFilter)
    if isinstance(node, FilterNode) and node.rules and node.service.enabled and not node.service.restart_due:
        return
    yield Step(
        f"{host.name}: try the packet filter",
        partial(_try, host.name, address, port),
        verify=partial(_why_not_in_force, host.name),
        lasting="it stays in force",
        on=host.name,
    )


@operation()
def gone() -> Generator[PyinfraCommand, None, None]:
    """No rule of ours is in force on this host, and none will be at its next boot."""
    node = look(host.name, PortFilter)
    if isinstance(node, FilterNode) and (node.rules or node.service.enabled):
        yield Told(f"stop {UNIT}: whoever reaches the host reaches its ports", f"systemctl disable -q --now {UNIT}")


def _try(name: str, address: str, port: int) -> None:
    shell(name, _TRY, timeout=BACK_AFTER)
    if why_not := _why_not_reached(address, port):
        raise Refused(
            f"{name} is not reached since its packet filter has new rules ({why_not}): the former ones come back by "
            f"themselves within {BACK_AFTER} s, in {CONFIG} too"
        )
    shell(name, _KEEP, timeout=20)


def _why_not_in_force(name: str) -> str | None:
    node = look(name, PortFilter)
    if not isinstance(node, FilterNode):
        return f"{name} can't be asked for its packet filter: {node.reason}"
    return None if node.rules else f"{name} has no rule of the packet filter"


def _why_not_reached(address: str, port: int) -> str:
    """Why sshd does not greet a new connection; empty if it does (RFC 4253, 4.2)."""
    try:
        with socket.create_connection((address, port), REACH) as connection:
            connection.settimeout(REACH)
            said = connection.recv(64)
    except OSError as error:
        return str(error)
    return "" if said.startswith(b"SSH-") else "who answers there is no sshd"
