"""What must hold of a cluster's resources, and of the device that fences each of its hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cluster.checking import between
from cluster.reading import Mistake, foreign, place, shown
from cluster.spec import Cluster
from cluster.stacks import CONTROLLERS, STACKS, Stack

_IPMI_USER = re.compile(r"[A-Za-z0-9_.@-]{1,16}", re.ASCII)


def checks(stack: Stack, cluster: Cluster) -> Iterator[Mistake]:
    """Of one of the clusters; what both have in common is told of the controllers'."""
    if stack is CONTROLLERS:
        yield from _common(cluster)
    # The inventory may have the network nodes' devices, whoever keeps the agents.
    fencing, names = stack.fencing(cluster), stack.names(cluster) if stack.wanted(cluster) else ()
    for name in names if fencing else ():
        if name not in fencing:
            yield Mistake(
                place("pacemaker", "fencing", name),
                f"is missing: where some {stack.title} can be fenced, "
                "each must be, or a lost one holds its resources for ever.",
            )


def _common(cluster: Cluster) -> Iterator[Mistake]:
    spec = cluster.pacemaker
    yield from between("pacemaker.monitor_interval", spec.monitor_interval, 2, 300, " seconds")
    members = [name for stack in STACKS for name in stack.names(cluster)]
    for name, device in spec.fencing.items():
        key = place("pacemaker", "fencing", name)
        if name not in members:
            yield Mistake(
                key,
                f"is for no controller and no network node: there are {', '.join(map(place, members)) or 'none'}.",
                foreign(name),
            )
        if not _IPMI_USER.fullmatch(device.user):
            yield Mistake(
                f"{key}.user", f"is {shown(device.user)}: it must be 1 to 16 letters, digits and _ . @ - (IPMI)."
            )
        yield from between(f"{key}.port", device.port, 1, 65535)
