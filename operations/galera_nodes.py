"""A Galera node emptied of its sessions, restarted, and given back to the balancers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.gates.galera import incomplete, may_drain, may_restart_galera
from cluster.wiring import GALERA_BACKEND
from operations import servers
from operations.galera import SETTLE, nodes_of, restart_service, why_not_serving
from operations.steps import Step, wait_for
from operations.traffic import DRAIN, carrying
from operations.writer import standby


def emptied(hosts: Sequence[str], balancers: Sequence[str], name: str) -> Step:
    """The step after which `name`, which is not the writer, takes no sessions and has none."""

    def act() -> None:
        servers.keep_away(balancers, GALERA_BACKEND, name)
        servers.end_sessions(balancers, GALERA_BACKEND, name, DRAIN)

    return Step(
        f"{name} takes no sessions",
        act,
        precheck=lambda: may_leave(hosts, balancers, name),
        undo=lambda: servers.undrain(balancers, GALERA_BACKEND, name),
    )


def restarted(hosts: Mapping[str, str], size: int, balancers: Sequence[str], name: str, writer: str) -> list[Step]:
    """The steps that restart MariaDB on `name`, which has no sessions; `size` counts an arbitrator too."""
    names = list(hosts)

    def restart() -> None:
        restart_service(name)
        wait_for(lambda: incomplete(nodes_of(names), size), within=SETTLE)

    return [
        Step(
            f"MariaDB on {name} restarts",
            restart,
            precheck=lambda: may_restart_galera(nodes_of(names), name, size),
            verify=lambda: why_not_serving(name, hosts[name]),
            within=SETTLE,
            lasting="it was restarted",
        ),
        standby(balancers, name, writer, names),
    ]


def may_leave(hosts: Sequence[str], balancers: Sequence[str], name: str) -> str | None:
    """Why `name` must not be taken out of service now, or None: all others are Synced, and take sessions."""
    others = {host: node for host, node in nodes_of(hosts).items() if host != name}
    size = max((getattr(node, "size", 0) for node in others.values()), default=0)
    if reason := incomplete(others, size):
        return f"{name} is not drained: {reason}."
    proxies = carrying(balancers)
    for balancer, proxy in proxies.items():
        for server in proxy.servers:
            if server.backend == GALERA_BACKEND and server.name != name and not server.status.startswith("UP"):
                return f"{name} is not drained: {server.name} is {server.status} on {balancer} already."
    return may_drain(proxies, name)
