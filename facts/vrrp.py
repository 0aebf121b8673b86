"""VIPs on this host: what the kernel has, whoever put it there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import whole, whole_or
from cluster.state import Unknown, VipNode
from cluster.text import clean
from cluster.wiring import VIP_AWAY_FILE
from facts.base import parse_services, services_command, unreadable
from facts.signs import Signs

UNIT = "keepalived.service"
CONFIG = "/etc/keepalived/keepalived.conf"
CHECK_PROGRAM = "/usr/local/lib/hatui/haproxy_answers"
"""Asks HAProxy whether it still answers; keepalived runs it."""
END_PROGRAM = "/usr/local/lib/hatui/end_sessions"
"""Ends the connections to a VIP that this host has lost; keepalived runs it."""
FILES = (CONFIG, CHECK_PROGRAM, END_PROGRAM)
SIGNS = Signs(units=(UNIT,), files=FILES, addresses=True)
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What reading JSON of another shape than the expected, or nested without end, may raise."""
_MAX_ANSWER = 1_000_000


def vrrp_command() -> str:
    """A shell command whose output `parse_vrrp` reads. Takes 20 ms."""
    services = services_command({UNIT: FILES})
    # Read by the shell itself: each program that starts costs a host more than all of these lines.
    priorities = 'while read -r word value _; do [ "$word" != priority ] || printf "%s " "$value"; done'
    return (
        f"ip -j -4 addr; echo; echo Away=$(cat {VIP_AWAY_FILE} 2>/dev/null); "
        f"printf Priority=; {{ {priorities} <{CONFIG}; }} 2>/dev/null; echo; "
        f"echo Services=; if [ -x /usr/sbin/keepalived ]; then {services}; fi"
    )


def parse_vrrp(text: str) -> VipNode | Unknown:
    """The host's record from the output of `vrrp_command`, or why it can't be told.

    Every /32 address of an interface other than loopback counts as a VIP: hosts have their own with their network's
    prefix, and a VIP belongs to no network.
    """
    try:
        said, mark, rest = text[:_MAX_ANSWER].partition("\nServices=")
        if not mark:
            raise ValueError("the answer breaks off")
        said, _, away = said.partition("\nAway=")
        away, _, priorities = away.partition("\nPriority=")
        held = {
            address: interface for interface, address, prefix in addresses(said) if prefix == 32 and interface != "lo"
        }
        return VipNode(
            held=held,
            keepalived=parse_services(rest.lstrip("\n")).get(UNIT),
            away=away.strip() == "1",
            priority=_priority(priorities.split()),
        )
    except UNREADABLE as error:
        return unreadable(error, clean(text))


def _priority(said: list[str]) -> int | None:
    """The priority, of all that the settings name; None if that is not one alone: another instance may have its own."""
    return whole_or(None, said[0], 1, 255) if len(said) == 1 else None


def addresses(text: str) -> Iterator[tuple[str, str, int]]:
    """Interface, IPv4 address and prefix length of each address in the output of `ip -j -4 addr` (ip-address(8))."""
    links: list[dict[str, Any]] = json.loads(text)
    for link in links:
        # An empty object stands for each link that has no IPv4 address.
        for entry in link.get("addr_info", []):
            yield clean(str(link["ifname"]), 15), clean(str(entry["local"]), 15), whole(entry["prefixlen"], 0, 32)


class VrrpOwner(FactBase[VipNode | Unknown]):
    """The VIPs that this host holds, and the state of its keepalived."""

    @override
    def command(self) -> str:
        return vrrp_command()

    @override
    def process(self, output: Iterable[str]) -> VipNode | Unknown:
        return parse_vrrp("\n".join(output))


class InterfaceOf(FactBase[str | None]):
    """The interface that has `address`, or None if no interface of this host has it."""

    @override
    def command(self, address: str) -> str:
        self.address = address
        return "ip -j -4 addr"

    @override
    def process(self, output: Iterable[str]) -> str | None:
        try:
            found = {address: interface for interface, address, _ in addresses("\n".join(output))}
        except UNREADABLE:
            return None
        return found.get(self.address)
