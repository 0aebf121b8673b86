"""What must hold of the inventory's section `keepalived` (RFC 5798, keepalived.conf(5))."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.checking import between
from cluster.reading import Mistake, place, shown
from cluster.spec import Cluster, Role


def checks(cluster: Cluster) -> Iterator[Mistake]:
    """The VIP of the balancers (RFC 5798, keepalived.conf(5))."""
    spec = cluster.keepalived
    balancers = cluster.names(Role.HAPROXY)
    yield from between("keepalived.virtual_router_id", spec.virtual_router_id, 1, 255, " (RFC 5798)")
    interval = spec.advert_interval
    yield from between("keepalived.advert_interval", interval, 0.01, 40.95, " seconds (RFC 5798)")
    if 0.01 <= interval <= 40.95 and abs(interval * 100 - round(interval * 100)) > 1e-6:
        yield Mistake(
            "keepalived.advert_interval", f"is {interval}: VRRP counts in whole hundredths of a second, such as 0.1."
        )
    owners: dict[int, str] = {}
    for name, priority in spec.priorities.items():
        key = place("keepalived", "priorities", name)
        yield from between(key, priority, 1, 254, " (255 is for who owns the address itself, RFC 5798)")
        if balancers and name not in balancers:
            known = ", ".join(map(place, balancers))
            yield Mistake(key, f"is {priority}, but {shown(name)} is no balancer: there are {known}.")
        other = owners.setdefault(priority, name)
        if other != name:
            yield Mistake(
                key, f"is {priority}, as {place(other)} has: no two may be equal, or both could take the VIP."
            )
    for name in balancers:
        if name not in spec.priorities:
            yield Mistake(
                place("keepalived", "priorities", name), "is missing: each balancer needs a number from 1 to 254."
            )
