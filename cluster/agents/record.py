"""What is seen of neutron's agents on a network node."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.state import Fact, Record, ServiceState, runs


@dataclass(frozen=True, slots=True)
class AgentsNode(Record):
    """Its units, and what the agents have running there: a keepalived a router, a dnsmasq a network."""

    switch: ServiceState
    """Open vSwitch as a whole, which is enabled."""
    units: tuple[ServiceState, ...]
    """The process that forwards, and the agents."""
    primary: tuple[str, ...] = ()
    """The routers, by neutron's ids, that this node is the primary of (VRRP)."""
    backup: tuple[str, ...] = ()
    """Those that it would take over."""
    dead: tuple[str, ...] = ()
    """Those that are to be here, and have no keepalived."""
    mute: tuple[str, ...] = ()
    """Those whose keepalived runs, while neutron's own program that is to tell of it has told nothing."""
    networks: int = 0
    """As many networks are given their addresses from here: a dnsmasq each."""
    unserved: int = 0
    """As many are to be, and have no dnsmasq."""

    @property
    def away(self) -> tuple[ServiceState, ...]:
        """What does not run of that which must."""
        return tuple(unit for unit in self.units if not runs(unit))


AGENTS_FACT = Fact("agents", AgentsNode, 30)
