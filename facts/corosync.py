"""Corosync on this host: membership and quorum."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.corosync.names import FILES, UNIT
from cluster.corosync.record import QuorumNode, Ring
from cluster.number import whole, whole_or
from cluster.stacks import STACKS
from cluster.state import ServiceState, Unknown
from cluster.text import clean
from facts.asked import asked_command, split_asked, why_not_asked
from facts.base import parse_services, services_command, unreadable
from facts.hints import Hints

# Corosync writes the ring's number with each membership.
HINTS = Hints(units=(UNIT,), files=(*FILES, "/var/lib/corosync/ringid_*"))

_RINGS = 8
"""As many as Corosync can have."""


def corosync_command() -> str:
    """A shell command whose output `parse_corosync` reads. At most 3 s when corosync hangs, some 20 ms else."""
    return (
        "timeout 2 corosync-quorumtool -s 2>&1; asked=$?; "
        f"echo; echo Services=; {services_command({UNIT: FILES})}; "
        f"{asked_command('corosync')}; "
        "echo; echo Rings=; [ $asked -eq 124 ] || timeout 1 corosync-cfgtool -s 2>&1; true"
    )


def parse_corosync(text: str) -> QuorumNode | Unknown:
    """The host's record from `corosync-quorumtool -s` (corosync-quorumtool(8)), its unit, and its rings.

    Not running, which takes an inactive unit and no process: `running` False. Unknown, with what was missing, where it
    could not be asked.
    """
    said, mark, rest = text[:100_000].partition("\nServices=")
    if not mark:
        return unreadable(ValueError("the answer breaks off"), clean(text))
    rest, _, rings = rest.partition("\nRings=\n")
    services, asked = split_asked(rest)
    known = parse_services(services.lstrip("\n")).get(UNIT)
    service = known or ServiceState(UNIT, "unknown", "unknown", enabled=False)
    values = dict(re.findall(r"^([A-Z][A-Za-z ]+):[ \t]+(.*)$", said, re.MULTILINE))
    if "Quorate" not in values:
        if reason := why_not_asked("corosync-quorumtool", services, known, asked, clean(said.strip(), 120)):
            return Unknown(reason)
        return QuorumNode(running=False, quorate=False, votes=0, expected=0, members=(), service=service)
    # The id 0 is the quorum device's: it has votes, and is no member. Before the name there may be a column of that
    # device's; after it, which of them this host is.
    lines = re.findall(r"^ *(\w+) +\d+ +(\S.*)$", said.partition("Membership")[2], re.MULTILINE)
    members = {
        number: clean(line.removesuffix(" (local)").split()[-1], 63) for node, line in lines if (number := _node(node))
    }
    try:
        return QuorumNode(
            running=True,
            quorate=values["Quorate"] == "Yes",
            votes=whole(values["Total votes"]),
            expected=whole(values["Expected votes"]),
            members=tuple(members.values()),
            service=service,
            rings=parse_rings(rings, members),
        )
    except (LookupError, ValueError) as error:
        return unreadable(error, clean(said))


def _node(said: str) -> int:
    """A node's number, in some versions in hexadecimal; 0 for what is none."""
    if said.startswith("0x"):
        return int(said, 16) if re.fullmatch(r"0x[0-9a-fA-F]{1,8}", said) else 0
    return whole_or(0, said)


def parse_rings(text: str, members: Mapping[int, str]) -> tuple[Ring, ...]:
    """The networks from `corosync-cfgtool -s` (corosync-cfgtool(8)); `members` are those of the membership.

    It is "RING ID" and one status in 2.x, and with udp and udpu; "LINK ID" and a status for each node with knet. Who
    has left the membership is lost on all of them, and is not told here.
    """
    rings = []
    for part in re.split(r"^(?:RING|LINK) ID +", text, flags=re.MULTILINE)[1:][:_RINGS]:
        number = re.match(r"[0-9]{1,3}\b", part)
        if number is None:
            continue
        address = re.search(r"^\s*(?:id|addr)\s*=\s*(\S+)", part, re.MULTILINE)
        whole_ring = re.search(r"^\s*status\s*=\s*(.+)$", part, re.MULTILINE)
        nodes = re.findall(r"^\s*node(?:id)?:?\s+(\w+):\s*(\S.*)$", part, re.MULTILINE)
        rings.append(
            Ring(
                number=int(number.group()),
                address=clean(address.group(1), 45) if address else "",
                faulty=whole_ring is not None and "FAULTY" in whole_ring.group(1),
                lost=tuple(
                    members[node] for said, state in nodes if (node := _node(said)) in members and _is_lost(state)
                ),
            )
        )
    return tuple(rings)


def _is_lost(state: str) -> bool:
    """In 3.1 "connected", "disconnected" or "localhost"; before, "link enabled:1 link connected:1"."""
    return state.startswith("disconnected") or "connected:0" in state


class CorosyncQuorum(FactBase[QuorumNode | Unknown]):
    """This host's view of its cluster's membership."""

    @override
    def command(self) -> str:
        return corosync_command()

    @override
    def process(self, output: Iterable[str]) -> QuorumNode | Unknown:
        return parse_corosync("\n".join(output))


FACTS = {stack.quorum.name: (CorosyncQuorum(), HINTS) for stack in STACKS}
"""The layers' facts (cluster/layers), by their names, and what tells of a change in each."""
