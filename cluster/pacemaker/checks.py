"""What must hold of the controllers' resources, and of the device that fences each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cluster.checking import between
from cluster.reading import Mistake, foreign, place, shown
from cluster.spec import Cluster, Role

_IPMI_USER = re.compile(r"[A-Za-z0-9_.@-]{1,16}", re.ASCII)


def checks(cluster: Cluster) -> Iterator[Mistake]:
    """The controllers' resources, and the device that fences each."""
    spec = cluster.pacemaker
    yield from between("pacemaker.monitor_interval", spec.monitor_interval, 2, 300, " seconds")
    controllers = cluster.names(Role.CONTROLLER)
    for name, device in spec.fencing.items():
        key = place("pacemaker", "fencing", name)
        if name not in controllers:
            yield Mistake(
                key, f"is for no controller: there are {', '.join(map(place, controllers)) or 'none'}.", foreign(name)
            )
        if not _IPMI_USER.fullmatch(device.user):
            yield Mistake(
                f"{key}.user", f"is {shown(device.user)}: it must be 1 to 16 letters, digits and _ . @ - (IPMI)."
            )
        yield from between(f"{key}.port", device.port, 1, 65535)
    for name in controllers if spec.fencing else ():
        if name not in spec.fencing:
            yield Mistake(
                place("pacemaker", "fencing", name),
                "is missing: where some controllers can be fenced, "
                "each must be, or a lost one holds its resources for ever.",
            )
