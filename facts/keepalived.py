"""VIPs on this host: what the kernel has, whoever put it there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.keepalived.names import CONFIG, FILES, PROGRAM, UNIT, VIP_AWAY_FILE
from cluster.keepalived.record import VRRP_OWNER
from cluster.number import whole_or
from cluster.state import Unknown
from cluster.text import clean
from cluster.vip import VipNode
from facts.base import STOPPED, parse_processes, parse_services, processes_command, services_command, unreadable
from facts.hints import Hints

HINTS = Hints(units=(UNIT,), files=FILES, addresses=True)
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What reading JSON of another shape than the expected, or nested without end, may raise."""
_MAX_ANSWER = 1_000_000


def vrrp_command() -> str:
    """A shell command whose output `parse_vrrp` reads. Takes 20 ms."""
    services = services_command({UNIT: FILES})
    # Read by the shell itself: each program that starts costs a host more than all of these lines.
    said = (
        'while read -r word value _; do case $word in priority) printf "%s " "$value";; '
        '[0-9]*.[0-9]*.[0-9]*.[0-9]*) printf "+%s " "$word";; esac; done'
    )
    return (
        f"ip -j -4 addr; echo; echo Away=$(cat {VIP_AWAY_FILE} 2>/dev/null); "
        f"printf Priority=; {{ {said} <{CONFIG}; }} 2>/dev/null; echo; "
        f"echo Services=; if [ -x /usr/sbin/keepalived ]; then {services}; fi; {processes_command(UNIT, PROGRAM)}"
    )


def parse_vrrp(text: str) -> VipNode | Unknown:
    """The host's record from the output of `vrrp_command`, or why it can't be told.

    Every address but loopback's is held: a VIP may have any prefix, and only the inventory says which is one.
    """
    try:
        said, mark, rest = text[:_MAX_ANSWER].partition("\nServices=")
        if not mark:
            raise ValueError("the answer breaks off")
        said, _, away = said.partition("\nAway=")
        away, asked, settings = away.partition("\nPriority=")
        rest, states = parse_processes(rest, PROGRAM)
        service = parse_services(rest.lstrip("\n")).get(UNIT)
        if service is not None and states and STOPPED & set(states):
            service = replace(service, frozen=True)
        try:
            found = [one for one in addresses(said) if one.interface != "lo"]
        except json.JSONDecodeError:
            return Unknown(f"its addresses can't be read (`ip -j -4 addr`): {clean(said, 120) or 'no answer'}")
        return VipNode(
            held={one.address: one.interface for one in found},
            keepalived=service,
            away=away.strip() == "1",
            priority=_priority([word for word in settings.split() if word[0] != "+"]),
            no_carrier=tuple(dict.fromkeys(one.interface for one in found if not one.carrier)),
            configured=_configured(settings) if asked else None,
            process=None if states is None else bool(states),
        )
    except UNREADABLE as error:
        return unreadable(error, clean(text))


def _priority(said: list[str]) -> int | None:
    """The priority, of all that the settings name; None if that is not one alone: another instance may have its own."""
    return whole_or(None, said[0], 1, 255) if len(said) == 1 else None


def _configured(settings: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\+(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])", settings)[:100])


@dataclass(frozen=True, slots=True)
class Address:
    """An IPv4 address of an interface; `carrier` is False where its link is known to be down."""

    interface: str
    address: str
    carrier: bool


def addresses(text: str) -> Iterator[Address]:
    """Each address in the output of `ip -j -4 addr` (ip-address(8)); an entry without an address is none."""
    links: list[dict[str, Any]] = json.loads(text)
    if not all(isinstance(link, dict) for link in links):
        raise TypeError("no list of links")
    for link in links:
        # An empty object stands for each link that has no IPv4 address.
        for entry in link.get("addr_info") or []:
            if isinstance(entry, dict) and isinstance(address := entry.get("local"), str):
                yield Address(clean(str(link["ifname"]), 15), clean(address, 15), _carrier(link))


def _carrier(link: dict[str, Any]) -> bool:
    """Whether nothing says that the link is down (ip-link(8); RFC 2863, ifOperStatus)."""
    flags = link.get("flags")
    without = isinstance(flags, list) and ("NO-CARRIER" in flags or "LOWER_UP" not in flags)
    return not without and link.get("operstate") not in ("DOWN", "LOWERLAYERDOWN", "NOTPRESENT")


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
            found = {one.address: one.interface for one in addresses("\n".join(output))}
        except UNREADABLE:
            return None
        return found.get(self.address)


FACTS = {VRRP_OWNER.name: (VrrpOwner(), HINTS)}
"""The layer's facts (cluster/layers), by their names, and what tells of a change in each."""
