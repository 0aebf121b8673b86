"""What must hold of the load balancers and of the two services that hatui itself brings them."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.checking import ALGORITHMS, between, choice, port, taken_on_balancers
from cluster.reading import Mistake
from cluster.spec import Cluster, Role


def checks(cluster: Cluster) -> Iterator[Mistake]:
    """The load balancers and the services that they offer."""
    count = len(cluster.names(Role.HAPROXY))
    if count < 2:
        yield Mistake(
            "hosts.haproxy", f"has {count}: at least 2 balancers are needed, or the one is a single point of failure."
        )
    spec = cluster.haproxy
    for key, algorithm in (("database_algorithm", spec.database_algorithm), ("queue_algorithm", spec.queue_algorithm)):
        if algorithm == "uri":
            yield Mistake(
                f"haproxy.{key}",
                f"is 'uri': it works on HTTP requests, and this service is TCP; it must be {' or '.join(ALGORITHMS)}.",
            )
        else:
            yield from choice(f"haproxy.{key}", algorithm, ALGORITHMS)
    yield from between("haproxy.max_connections", spec.max_connections, 1, 1_000_000)
    taken = taken_on_balancers(cluster)
    ports = {"database_port": spec.database_port, "queue_port": spec.queue_port, "stats_port": spec.stats_port}
    for key, number in ports.items():
        yield from port(f"haproxy.{key}", number, taken)
