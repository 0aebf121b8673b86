"""The services of the inventory: what can't be balanced, and what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cluster.checking import ALGORITHMS, between, choice, port, taken_on_balancers
from cluster.haproxy.services import BUILT_IN, RESERVED
from cluster.reading import Mistake, place, shown
from cluster.spec import Cluster, Role, Service

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_PATH = re.compile(r"/[A-Za-z0-9/_.~%?=&-]{0,200}")
_LONGEST = 24 * 3600


def checks(cluster: Cluster) -> Iterator[Mistake]:
    """Each service, and that no two of them have one port."""
    taken = taken_on_balancers(cluster)
    for key in ("database_port", "queue_port"):
        taken.setdefault(getattr(cluster.haproxy, key), f"haproxy.{key}")
    taken.setdefault(cluster.haproxy.stats_port, "haproxy.stats_port")
    for name, service in cluster.services.items():
        key = place("services", name)
        if not _NAME.fullmatch(name):
            yield Mistake(key, "is no name of a service: it must be up to 31 small letters, digits and -.")
        if name in (*BUILT_IN, *RESERVED):
            yield Mistake(key, f"is a name that hatui's own settings of HAProxy have: there are {', '.join(RESERVED)}.")
        yield from port(f"{key}.port", service.port, taken)
        yield from between(f"{key}.server_port", service.server_port, 0, 65535)
        yield from between(f"{key}.timeout", service.timeout, 0, _LONGEST, " seconds")
        yield from between(f"{key}.check_timeout", service.check_timeout, 1, 60, " seconds")
        yield from between(f"{key}.max_connections", service.max_connections, 0, 100_000)
        yield from choice(f"{key}.mode", service.mode, ("tcp", "http"))
        yield from _hosts(cluster, key, service)
        yield from _of_mode(key, service)


def _hosts(cluster: Cluster, key: str, service: Service) -> Iterator[Mistake]:
    roles = [str(role) for role in Role if role is not Role.HAPROXY]
    if service.role not in roles:
        yield Mistake(f"{key}.role", f"is {shown(service.role)}: it must be {', '.join(roles[:-1])} or {roles[-1]}.")
    elif not cluster.names(Role(service.role)):
        yield Mistake(f"{key}.role", f"is {shown(service.role)}, and the inventory has no host of it.")


def _of_mode(key: str, service: Service) -> Iterator[Mistake]:
    if service.mode == "http":
        yield from choice(f"{key}.algorithm", service.algorithm, (*ALGORITHMS, "uri"))
        if service.check and not _PATH.fullmatch(service.check):
            yield Mistake(f"{key}.check", f"is {shown(service.check)}: it must be a path, such as /healthcheck.")
        return
    yield from choice(f"{key}.algorithm", service.algorithm, ALGORITHMS)
    if service.check:
        yield Mistake(f"{key}.check", f"is {shown(service.check)}: only a service of mode http has a path to ask for.")
    if service.websocket:
        yield Mistake(f"{key}.websocket", "is True: only a service of mode http has WebSockets.")
