"""What of the database's nodes can be told in few words."""

from __future__ import annotations

from cluster.galera.gates import retries
from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.things import of_each


def _how(node: GaleraNode) -> str:
    if retries(node):
        # The server of a try and the pause until the next are the same.
        return "being started"
    if not node.running:
        return "down"
    if node.standalone:
        return "without a cluster"
    refuses = ", without sessions" if node.refuses else ""
    return f"{node.state or 'silent'}, {node.cluster_status or 'no component'} of {node.size}{refuses}"


things = of_each(WSREP_STATUS, "Galera", _how)
