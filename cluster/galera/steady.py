"""When the database is steady: every node is Synced, in one Primary component of all members."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cluster.condition import asked, known_of
from cluster.galera.gates import incomplete, is_primary, is_synced
from cluster.galera.gates import members as all_members
from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.layer import Condition
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, Unknown


def _count(spec: Cluster, state: ClusterState) -> tuple[str, str]:
    """Nodes that are Synced, and the size of the Primary component, an arbitrator counted."""
    names = spec.names(Role.GALERA)
    known = known_of(state[WSREP_STATUS], names, GaleraNode)
    size = len(all_members(spec))
    sizes = sorted({node.size for node in known.values() if is_primary(node)})
    primary = f"Primary of {' and '.join(map(str, sizes))}" if sizes else "no Primary"
    return (
        f"{len(names)} Synced, Primary of {size}",
        f"{sum(map(is_synced, known.values()))} Synced, {primary}",
    )


def _against(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
    names = spec.names(Role.GALERA)
    nodes = {name: node for name, node in asked(state[WSREP_STATUS], names).items() if name not in excluding}
    members = all_members(spec)
    sizes = range(len(members - set(excluding)), len(members) + 1)
    first = next(iter(nodes.values()), None)
    seen = first.size if first is not None and not isinstance(first, Unknown) else 0
    # A host that is left out may be a member or not, but all others have to see the same.
    if reason := incomplete(nodes, seen if seen in sizes else sizes[-1]):
        yield f"the database is not complete: {reason} (`hatui recover galera` if it does not come back by itself)."


STEADY = (Condition("database", _count, _against),)
