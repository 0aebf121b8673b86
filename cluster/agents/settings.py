"""What the inventory says of the network nodes' agents, and what of it they can't be made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cluster.checking import choice
from cluster.layer import settings_of
from cluster.openstack.availability import AGENTS
from cluster.openstack.table import NEUTRON
from cluster.reading import Mistake, foreign, shown
from cluster.spec import Cluster

DATAPATHS = ("system", "netdev")


class Availability(StrEnum):
    """Who keeps the agents running. Routers are on two nodes, by VRRP, and so are addresses, either way."""

    VRRP = "vrrp"
    """systemd, on each node by itself."""
    PACEMAKER = "pacemaker"
    """Pacemaker, in a cluster of the network nodes' own that fences."""


_PHYSICAL = re.compile(r"([A-Za-z0-9_-]{1,12}):([A-Za-z0-9_.-]{1,15})", re.ASCII)
"""A bridge is named after the network, and Linux gives an interface's name 15 letters."""
_VLANS = re.compile(r"([A-Za-z0-9_-]{1,12}):([0-9]{1,4}):([0-9]{1,4})", re.ASCII)
_LAST_VLAN = 4094
"""IEEE 802.1Q."""


@dataclass(frozen=True, slots=True)
class Agents:
    """The inventory's section `agents`; where there is none, hatui has nothing to do with the network nodes' agents."""

    physical: str = ""
    """The physical networks, and the interface of each network node that is in it: NAME:INTERFACE, by commas."""
    vlans: str = ""
    """The VLANs that projects' networks get, NAME:FIRST:LAST, by commas. Empty: they are tunnels."""
    datapath: str = "system"
    """Of Open vSwitch: the kernel's, or netdev, which is its own."""
    availability: str = Availability.VRRP
    """vrrp or pacemaker."""
    agent: str = "hatui"
    """Of the latter: hatui, or systemd."""

    @property
    def bridges(self) -> Mapping[str, str]:
        """Each bridge for a physical network, to the interface in it."""
        return {f"br-{name}": interface for name, interface in self.mapped.items()}

    @property
    def mapped(self) -> Mapping[str, str]:
        """Each physical network, to its interface."""
        found = [_PHYSICAL.fullmatch(one) for one in _words(self.physical)]
        return {one[1]: one[2] for one in found if one}

    @property
    def ranges(self) -> tuple[str, ...]:
        """The VLANs of each physical network, as neutron has them: one without those of projects by its name alone."""
        given = _words(self.vlans)
        taken = {one.partition(":")[0] for one in given}
        return (*(name for name in self.mapped if name not in taken), *given)

    @property
    def tunnels(self) -> bool:
        """Whether there can be any: Open vSwitch's own datapath can't send them from an address of the kernel's."""
        return self.datapath == "system"


def wanted(spec: Cluster) -> bool:
    """Whether the inventory has the network nodes' agents."""
    return "agents" in spec.others


def agents_of(spec: Cluster) -> Agents:
    """What the inventory says of them."""
    return settings_of(spec, "agents", Agents)


def clustered(spec: Cluster) -> bool:
    """Whether Pacemaker alone starts them, in a cluster of the network nodes' own."""
    return wanted(spec) and agents_of(spec).availability == Availability.PACEMAKER


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for one in text.split(",") if (word := one.strip()))


def checks(spec: Cluster) -> Iterator[Mistake]:
    """What of the section they can't be made of."""
    if not wanted(spec):
        return
    mine = agents_of(spec)
    if not NEUTRON.wanted(spec):
        yield Mistake("agents", "needs neutron: give the inventory a section of that name, too.")
    yield from choice("agents.datapath", mine.datapath, DATAPATHS)
    yield from choice("agents.availability", mine.availability, tuple(Availability))
    yield from choice("agents.agent", mine.agent, AGENTS)
    for word in _words(mine.physical):
        if not _PHYSICAL.fullmatch(word):
            yield Mistake(
                "agents.physical",
                f"has {shown(word)}: it must be NAME:INTERFACE with commas between them, such as 'physnet1:eth1', "
                "a name of up to 12 letters, digits, _ and -.",
                foreign(word),
            )
    for word in _words(mine.vlans):
        found = _VLANS.fullmatch(word)
        if not found or not 1 <= int(found[2]) <= int(found[3]) <= _LAST_VLAN:
            yield Mistake(
                "agents.vlans",
                f"has {shown(word)}: it must be NAME:FIRST:LAST with commas between them, such as 'physnet1:100:199', "
                f"of VLANs from 1 to {_LAST_VLAN}.",
                foreign(word),
            )
        elif found[1] not in mine.mapped:
            yield Mistake("agents.vlans", f"names {found[1]}, which is no physical network in agents.physical.")
    if not mine.tunnels and not mine.vlans:
        yield Mistake(
            "agents.vlans",
            "is not given: with the datapath netdev there are no tunnels, so projects' networks have to be VLANs.",
        )
