"""What the inventory says of the packet filter."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.layer import settings_of
from cluster.spec import Cluster


@dataclass(frozen=True, slots=True)
class Ports:
    """The inventory's section `ports`."""

    filter: bool = True
    """Whether hatui keeps a packet filter on the hosts. False: that is somebody else's."""
    also: str = ""
    """Who may speak to the cluster's own ports though it is none of its hosts: addresses and networks, by commas."""

    @property
    def let_in(self) -> tuple[str, ...]:
        """Each of `also`."""
        return tuple(word for one in self.also.split(",") if (word := one.strip()))


def ports_of(spec: Cluster) -> Ports:
    """What the inventory says of them."""
    return settings_of(spec, "ports", Ports)
