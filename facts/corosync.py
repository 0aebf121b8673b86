"""Corosync on this host: membership and quorum."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import whole
from cluster.state import QuorumNode, ServiceState, Unknown
from cluster.text import clean
from facts.base import parse_services, services_command, unreadable
from facts.signs import Signs

UNIT = "corosync.service"
CONFIG = "/etc/corosync/corosync.conf"
AUTHKEY = "/etc/corosync/authkey"
FILES = (CONFIG, AUTHKEY)
# Corosync writes the ring's number with each membership.
SIGNS = Signs(units=(UNIT,), files=(*FILES, "/var/lib/corosync/ringid_*"))


def corosync_command() -> str:
    """A shell command whose output `parse_corosync` reads. At most 2 s when corosync hangs, some 20 ms else."""
    return f"timeout 2 corosync-quorumtool -s 2>&1; echo; echo Services=; {services_command({UNIT: FILES})}"


def parse_corosync(text: str) -> QuorumNode | Unknown:
    """The host's record from `corosync-quorumtool -s` (corosync-quorumtool(8)) and its unit.

    Not running: `running` False; so it is too for one that hangs, whose unit is then active.
    """
    said, mark, rest = text[:100_000].partition("\nServices=")
    if not mark:
        return unreadable(ValueError("the answer breaks off"), clean(text))
    service = parse_services(rest.lstrip("\n")).get(UNIT) or ServiceState(UNIT, "unknown", "unknown", enabled=False)
    values = dict(re.findall(r"^([A-Z][A-Za-z ]+):[ \t]+(.*)$", said, re.MULTILINE))
    if "Quorate" not in values:
        return QuorumNode(running=False, quorate=False, votes=0, expected=0, members=(), service=service)
    # Before the name there may be a column of the quorum device's; after it, which of them this host is.
    lines = re.findall(r"^ +\d+ +\d+ +(\S.*)$", said.partition("Membership")[2], re.MULTILINE)
    members = [line.removesuffix(" (local)").split()[-1] for line in lines]
    try:
        return QuorumNode(
            running=True,
            quorate=values["Quorate"] == "Yes",
            votes=whole(values["Total votes"]),
            expected=whole(values["Expected votes"]),
            members=tuple(clean(member, 63) for member in members),
            service=service,
        )
    except (LookupError, ValueError) as error:
        return unreadable(error, clean(said))


class CorosyncQuorum(FactBase[QuorumNode | Unknown]):
    """This host's view of the controllers' membership."""

    @override
    def command(self) -> str:
        return corosync_command()

    @override
    def process(self, output: Iterable[str]) -> QuorumNode | Unknown:
        return parse_corosync("\n".join(output))
