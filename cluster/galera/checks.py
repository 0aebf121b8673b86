"""What must hold of the database nodes, their votes, and how a joiner gets its data."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.checking import choice, named
from cluster.galera.settings import galera_settings
from cluster.reading import Mistake, shown
from cluster.spec import Cluster, Role


def checks(cluster: Cluster) -> Iterator[Mistake]:
    """The database nodes, their votes, and how a joiner gets its data."""
    spec = cluster.galera
    yield from named("galera.cluster_name", spec.cluster_name)
    yield from choice("galera.sst_method", spec.sst_method, ("mariabackup", "rsync"))
    nodes = cluster.names(Role.GALERA)
    arbitrator = spec.arbitrator
    if arbitrator is not None and arbitrator not in cluster.hosts:
        yield Mistake("galera.arbitrator", f"is {shown(arbitrator)}: it must be one of the hosts.")
    elif arbitrator in nodes:
        yield Mistake(
            "galera.arbitrator", f"is {shown(arbitrator)}, a database node: it votes already, choose another host."
        )
    voters = len(nodes) + (1 if arbitrator is not None else 0)
    if len(nodes) < 2:
        yield Mistake("hosts.galera", f"has {len(nodes)}: 3 database nodes are needed, or 2 and an arbitrator.")
    elif voters == 2:
        yield Mistake(
            "hosts.galera",
            "has 2 and there is no arbitrator: with either one lost the other stops; "
            "add a third node, or name a host for galera.arbitrator.",
        )
    elif voters % 2 == 0:
        with_arbitrator = " and an arbitrator" if arbitrator is not None else ""
        mend = "leave the arbitrator out" if arbitrator is not None else "add a node, or an arbitrator"
        yield Mistake(
            "hosts.galera",
            f"has {len(nodes)}{with_arbitrator}: {voters} voters can split in equal halves, "
            f"and neither goes on; {mend}.",
        )
    yield from galera_settings(cluster)
