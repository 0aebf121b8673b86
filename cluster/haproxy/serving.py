"""What clients of a layer get, by the balancers: they know it where the layer's own hosts can't be asked."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.haproxy.record import ProxyNode
from cluster.state import Unknown

Proxies = Mapping[str, ProxyNode | Unknown]

TAKES = ("UP", "no check")
"""How the status of a server begins that takes sessions."""


def nobody_served(proxies: Proxies, backend: str) -> str | None:
    """That no server of `backend` takes sessions on any balancer, as a clause; None if that is not known.

    Every balancer has to say so: one that can't be asked may be the one that serves.
    """
    said = []
    for name, proxy in proxies.items():
        servers = (
            [server for server in proxy.servers if server.backend == backend] if isinstance(proxy, ProxyNode) else []
        )
        if not servers or any(server.status.startswith(TAKES) for server in servers):
            return None
        said.append(name)
    if not said:
        return None
    return f"no server of {backend} takes any on {', '.join(said)}"
