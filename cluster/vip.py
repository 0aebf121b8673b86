"""A VIP as a host has it, whoever put it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cluster.layer import UNKNOWN, Claim, Thing
from cluster.state import Record, ServiceState, Unknown


@dataclass(frozen=True, slots=True)
class VipNode(Record):
    """Which addresses a host holds: `held` maps each IPv4 address on it, but loopback's, to its interface.

    The host's own are among them: only the inventory says which address is a VIP, whatever its prefix.
    Source: `ip -j addr` (ip-address(8)); what keepalived or Pacemaker believes is not asked, clients don't either.
    `keepalived` is None on a host that does not run it (the controllers' VIP is Pacemaker's), or not as a unit.
    """

    held: Mapping[str, str]
    keepalived: ServiceState | None = None
    away: bool = False
    """It was told by hand to give the VIP up, and takes none until it is told otherwise (operations/vip.py)."""
    priority: int | None = None
    """Its VRRP priority, 1 to 255, as the configuration on the host's disk has it (keepalived.conf(5)); None where
    there is none, or more than one."""
    no_carrier: tuple[str, ...] = ()
    """Interfaces of `held` whose link is down: nobody reaches an address on them."""
    configured: tuple[str, ...] | None = None
    """Addresses that keepalived's configuration on the host's disk names, its peers' among them; None: not asked."""
    process: bool | None = None
    """Whether a keepalived runs, as a unit or not (in a container, say); None: not asked."""


def owners(vips: Mapping[str, VipNode | Unknown], vip: str) -> tuple[str, ...]:
    """The hosts that hold `vip`: one, if all is well."""
    return tuple(name for name, node in vips.items() if isinstance(node, VipNode) and vip in node.held)


def owner_of(fact: str, vip: str, nodes: Mapping[str, VipNode | Unknown]) -> tuple[Thing, str]:
    """Who has the VIP, as a thing that is told of."""
    holders = owners(nodes, vip)
    unknown = any(isinstance(node, Unknown) for node in nodes.values())
    thing = Thing(fact, "", f"the owner of {vip}", vip, holders)
    return thing, ", ".join(holders) or (UNKNOWN if unknown else "nobody")


def held_claim(vip: str, host: str, record: Any) -> Claim | None:
    """That a host has the VIP, which only one may have, and one must."""
    held = isinstance(record, VipNode) and vip in record.held
    return Claim(host, f"{vip} is on {host}", needed=True) if held else None
