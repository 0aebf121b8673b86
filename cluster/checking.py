"""What the checks of an inventory have in common: choices, bounds, and ports that are taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cluster.haproxy.names import PEERS_PORT
from cluster.reading import Mistake, shown
from cluster.spec import Cluster, Role

ALGORITHMS = ("roundrobin", "leastconn", "source")


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}", re.ASCII)


def named(key: str, name: str) -> Iterator[Mistake]:
    """Whether `name` is one that a cluster can have."""
    if not _NAME.fullmatch(name):
        yield Mistake(
            key, f"is {shown(name)}: it must be 1 to 32 letters, digits, _ . -, with a letter or digit first."
        )


def choice(key: str, value: str, known: Iterable[str]) -> Iterator[Mistake]:
    """Whether `value` is one of `known`."""
    if value not in known:
        yield Mistake(key, f"is {shown(value)}: it must be {' or '.join(known)}.")


def between(key: str, value: float, least: float, most: float, unit: str = "") -> Iterator[Mistake]:
    """Whether `value` is from `least` to `most`."""
    # NaN is between nothing.
    if not least <= value <= most:
        yield Mistake(key, f"is {value}: it must be from {least} to {most}{unit}.")


def taken_on_balancers(cluster: Cluster) -> dict[int, str]:
    """The ports that something else has on a balancer, and what."""
    taken = {cluster.ssh.port: "ssh.port", PEERS_PORT: "HAProxy's own link between the balancers"}
    arbitrator = cluster.hosts.get(cluster.galera.arbitrator or "")
    if arbitrator and arbitrator.role is Role.HAPROXY:
        taken[4567] = "the Galera arbitrator on the same host"
    return taken


def port(key: str, number: int, taken: dict[int, str]) -> Iterator[Mistake]:
    """Whether `number` is a port that nobody has in `taken`, where it is noted."""
    yield from between(key, number, 1, 65535)
    if number in taken:
        yield Mistake(key, f"is {number}, which {taken[number]} has: each needs a port of its own.")
    taken.setdefault(number, key)
