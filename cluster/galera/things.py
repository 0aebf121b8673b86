"""What of the database's nodes can be told in few words."""

from __future__ import annotations

from cluster.galera.gates import retries
from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.layer import UNKNOWN, Thing, Things
from cluster.spec import Cluster
from cluster.state import ClusterState, Unknown


def things(_: Cluster, state: ClusterState) -> Things:
    """How each is."""
    for name, node in state[WSREP_STATUS].items():
        yield Thing(WSREP_STATUS.name, name, f"Galera on {name}"), _how(node)


def _how(node: GaleraNode | Unknown) -> str:
    if isinstance(node, Unknown):
        return UNKNOWN
    if retries(node):
        # The server of a try and the pause until the next are the same.
        return "being started"
    if not node.running:
        return "down"
    if node.standalone:
        return "without a cluster"
    refuses = ", without sessions" if node.refuses else ""
    return f"{node.state or 'silent'}, {node.cluster_status or 'no component'} of {node.size}{refuses}"
