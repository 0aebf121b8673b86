"""Programs that OpenStack no longer has: since when, and what does their work now. Pure.

They stay in inventories, in a service's own records (which keep one for ever, as down), and as units of old packages.
Sources: the programs that each release of nova, glance and neutron brings; Debian's changelogs of their packages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cluster.releases import RELEASES


@dataclass(frozen=True, slots=True)
class Retired:
    """A program that was removed."""

    service: str
    """Whose it was."""
    since: str
    """The first release of OpenStack without it, with its year."""
    now: str
    """What does its work now, as a clause."""
    releases: frozenset[str] = frozenset(RELEASES)
    """Of Debian: those whose OpenStack has it no longer."""

    @property
    def says(self) -> str:
        """What goes on after its name."""
        return f"was removed from OpenStack in {self.since}, {self.now}"


RETIRED: Mapping[str, Retired] = {
    "nova-cert": Retired("nova", "Pike (2017)", "and nova makes no certificates any longer"),
    "nova-cells": Retired("nova", "Train (2019)", "nova's other services know the cells by themselves"),
    "nova-consoleauth": Retired("nova", "Train (2019)", "nova-novncproxy finds the consoles' tokens in the database"),
    "nova-placement-api": Retired("nova", "Train (2019)", "placement is a service of its own"),
    "nova-console": Retired("nova", "Ussuri (2020)", "nova-novncproxy shows the consoles"),
    "nova-network": Retired("nova", "Ussuri (2020)", "neutron makes the networks"),
    "nova-xvpvncproxy": Retired("nova", "Ussuri (2020)", "nova-novncproxy shows the consoles"),
    "glance-registry": Retired("glance", "Victoria (2020)", "glance-api asks the database itself"),
    "neutron-lbaasv2-agent": Retired("neutron", "Train (2019)", "octavia balances load"),
    "neutron-linuxbridge-agent": Retired(
        "neutron", "2025.1", "neutron-openvswitch-agent does its work", frozenset({"trixie"})
    ),
}
"""By the program's name, which is that of its unit, too."""


def retired_of(service: str) -> dict[str, str]:
    """What the inventory is told that has one of the service's by name."""
    return {name: f"{one.says}: leave it out." for name, one in RETIRED.items() if one.service == service}


def retired_in(release: str, service: str = "") -> dict[str, Retired]:
    """Those that a release of Debian has no longer, of one service or of all."""
    return {name: one for name, one in RETIRED.items() if release in one.releases and service in ("", one.service)}
