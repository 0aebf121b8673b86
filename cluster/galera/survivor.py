"""Galera when the majority is lost for good: a server that lives is made the Primary component where it stands.

It has all that it had when the others went, and its clients' connections: it need not be stopped and bootstrapped. The
others come back by themselves if they are only cut off, so a person has to know that they are lost.

Source: MariaDB and Galera documentation, "Resetting the Quorum" (pc.bootstrap).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cluster.galera.gates import Nodes, is_primary, retries
from cluster.galera.record import GaleraNode
from cluster.galera.recovery import finds_up
from cluster.galera.recovery_record import GaleraPosition
from cluster.haproxy.record import ProxyNode
from cluster.state import Unknown


def survivors(nodes: Nodes) -> dict[str, GaleraNode]:
    """The nodes whose server runs and answers outside of a Primary component; none while there is such a component."""
    if any(map(is_primary, nodes.values())):
        return {}
    return {
        name: node
        for name, node in nodes.items()
        if isinstance(node, GaleraNode)
        and node.running
        and node.answers
        and not node.standalone
        and node.cluster_status.lower() == "non-primary"
    }


def may_be_made_primary(nodes: Nodes, proxies: Mapping[str, ProxyNode | Unknown], chosen: str) -> str | None:
    """Why `chosen` must not be made the Primary component where it stands, or None if a person may choose that."""
    if member := next((name for name, node in nodes.items() if is_primary(node)), None):
        return f"{member} is in a Primary component: nothing is made beside it"
    alone = survivors(nodes)
    if chosen not in alone:
        return f"{chosen} does not run outside of a Primary component: it can't be made one where it stands"
    own = alone[chosen]
    if not own.uuid or own.seqno < 0:
        return f"{chosen} does not say how far its data go"
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            if node.alive:
                return f"{name} is not down, though it can't be asked: {node.reason.rstrip('.')}"
            if balancer := finds_up(proxies, name):
                return f"{name} can't be read, and {balancer} finds it UP: it lives. Mend the way to {name}"
        elif name in alone:
            if node.uuid != own.uuid:
                return f"{name} runs too, with data of another cluster ({node.uuid}; {chosen} has {own.uuid})"
            if node.seqno > own.seqno:
                return f"{name} runs too, and is further (seqno {node.seqno}; {chosen} is at {own.seqno}): choose it"
        elif node.running and not retries(node):
            return f"{name} runs its server, and does not say in which component: find out, or stop it"
    return None


def given_up(nodes: Nodes, positions: Mapping[str, GaleraPosition | Unknown], chosen: str) -> Iterator[str]:
    """What would be lost if `chosen` were made the Primary component, a sentence each.

    `positions`: how far the data of each node go whose server is down.
    """
    own = nodes[chosen]
    assert isinstance(own, GaleraNode)
    for name, node in nodes.items():
        position = node if isinstance(node, Unknown) else positions.get(name)
        if isinstance(position, Unknown):
            yield f"whatever {name} has and {chosen} has not: nobody knows, it can't be read ({position.reason})"
        elif position is not None and position.uuid and position.uuid != own.uuid:
            yield f"all data of {name}, which are of another cluster ({position.uuid})"
        elif position is not None and position.seqno > own.seqno:
            beyond = f"seqno {own.seqno + 1} to {position.seqno}"
            yield f"{position.seqno - own.seqno} transactions ({beyond}) that {name} has"
