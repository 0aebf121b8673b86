"""Galera: when a cluster may be created, a node may join, and a node may be restarted.

`nodes` maps every database host of the cluster to its record; `size` is the number of members that a complete
cluster has, an arbitrator counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.galera.names import GALERA_BACKEND, KEEPS_UP
from cluster.galera.record import GaleraNode
from cluster.galera.recovery_record import GaleraPosition
from cluster.haproxy.gates import why_not_shared
from cluster.haproxy.record import ProxyNode
from cluster.haproxy.servers import state_of, takes_none
from cluster.spec import Cluster, Role
from cluster.state import Unknown, runs

Nodes = Mapping[str, GaleraNode | Unknown]

RECOVER = (
    "`hatui recover galera` reads how far the data of each node go, proposes the one to begin with, and brings the "
    "cluster back."
)
"""What to do about a cluster that is wholly down."""


def members(spec: Cluster) -> frozenset[str]:
    """The hosts that a complete cluster has as members: its nodes, and the arbitrator where there is one."""
    arbitrator = spec.galera.arbitrator
    return frozenset((*spec.names(Role.GALERA), *([arbitrator] if arbitrator else [])))


def is_primary(node: GaleraNode | Unknown) -> bool:
    """Whether the node is a member of the Primary component."""
    return isinstance(node, GaleraNode) and node.running and node.cluster_status == "Primary"


def may_run(node: GaleraNode | Unknown) -> bool:
    """Whether a server is seen to run, or its unit is active: it is not down, whatever else is known of it."""
    if isinstance(node, Unknown):
        return node.alive
    return node.running or (node.service is not None and node.service.active in ("active", "reloading", "deactivating"))


def retries(node: GaleraNode | Unknown) -> bool:
    """Whether the server is being started or waits for its next try: where there is no Primary component, in vain."""
    return isinstance(node, GaleraNode) and node.service is not None and node.service.active == "activating"


def is_synced(node: GaleraNode | Unknown) -> bool:
    """Whether the node is in the Primary component and has all that the cluster has."""
    return is_primary(node) and isinstance(node, GaleraNode) and node.ready and node.state == "Synced"


def evidence(name: str, node: GaleraNode | Unknown) -> str:
    """One line of what is known of the node, for a person who must decide which of several has the newest data."""
    if isinstance(node, Unknown):
        return f"{name}: unknown, {node.reason}"
    if node.standalone:
        return f"{name}: its server runs without Galera"
    if node.running:
        doing = f"{node.state or 'no state'}, {node.cluster_status or 'no component'}" if node.answers else "no answer"
        doing = node.turns_away or doing
        return f"{name}: its server runs ({doing}), uuid {node.uuid or 'none'}, seqno {node.seqno}"
    safe = {True: "1", False: "0", None: "none"}[node.safe_to_bootstrap]
    crashed = " (crashed: not written)" if node.uuid and node.seqno < 0 else ""
    return f"{name}: down, uuid {node.uuid or 'none'}, seqno {node.seqno}{crashed}, safe_to_bootstrap {safe}"


def may_bootstrap(nodes: Nodes, databases: Mapping[str, Sequence[str]], first: str) -> str | None:
    """Why no new cluster must be created on `first`, or None if there is evidence that none exists.

    `databases` maps each host to the databases in its data directory besides the server's own.

    Source: lesson 10 of those that others paid for: a node picked without reading all of them overwrites newer data.
    """
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            return f"nothing is bootstrapped: {name} may hold the newest data, and can't be read. {name} {node.reason}"
    known = {name: node for name, node in nodes.items() if isinstance(node, GaleraNode)}
    table = "\n".join(f"  {evidence(name, node)}" for name, node in nodes.items())
    if any(may_run(node) and not node.standalone for node in known.values()):
        return (
            f"no node is in a Primary component, but not all are down. Nothing is bootstrapped.\n{table}\n"
            "Wait if they are starting; look at the network between them if they are not."
        )
    if any(node.uuid for node in known.values()):
        return f"no node runs, and there is data of a cluster. Nothing is bootstrapped.\n{table}\n{RECOVER}"
    for name in known:
        if name != first and databases.get(name):
            return (
                f"{name} holds databases ({', '.join(databases[name])}) that a state transfer from {first} would "
                f"replace. Dump and drop them, or name {name} first in the inventory."
            )
    return None


def may_join(
    nodes: Nodes, databases: Mapping[str, Sequence[str]], host: str, position: GaleraPosition | Unknown | None = None
) -> str | None:
    """Why `host`, which is down or standalone, must not be started as a joiner, or None if it may.

    `position` is what its tablespace says where its state file names no cluster, as after a disk that was full.
    """
    node = nodes[host]
    if isinstance(node, Unknown):
        return f"{host} can't be read: {node.reason}"
    if not node.running and runs(node.service):
        return f"{host} is not down: its unit is active"
    members = [name for name in nodes if name != host and is_primary(nodes[name])]
    if not members:
        return f"there is no Primary component that {host} could join"
    if busy := transferring(nodes, besides=host):
        return f"{busy}: one joiner at a time"
    known = [other for name in members if isinstance(other := nodes[name], GaleraNode)]
    uuids, newest = {other.uuid for other in known}, max(other.seqno for other in known)
    unneeded = f"If they are not needed, `hatui recover galera --force-from {members[0]}` has them replaced."
    found = position if isinstance(position, GaleraPosition) and not node.uuid else node
    uuid, seqno = found.uuid, found.seqno
    if uuid and uuid not in uuids:
        return (
            f"{host} has data of another cluster (uuid {uuid}; the running one is {', '.join(sorted(uuids))}), "
            f"which a state transfer would replace. {unneeded}"
        )
    if uuid and not node.running and seqno > newest:
        return (
            f"{host} has data that the running cluster has not (seqno {seqno}; the cluster is at {newest}), with "
            f"which its server would not start. {unneeded}"
        )
    if not uuid and databases.get(host):
        unread = f" (its tablespace can't be asked: {position.reason})" if isinstance(position, Unknown) else ""
        return (
            f"{host} holds databases ({', '.join(databases[host])}) that a state transfer would replace{unread}: "
            "dump and drop them first."
        )
    return None


def transferring(nodes: Nodes, *, besides: str = "") -> str | None:
    """The first node that sends or receives a state transfer, as a clause; None if there is none."""
    for name, node in nodes.items():
        if name != besides and isinstance(node, GaleraNode) and node.running:
            if node.state.startswith("Donor") and not node.desynced:
                return f"{name} sends its state (Donor)"
            if node.state.startswith("Join"):
                return f"{name} is receiving its state ({node.state})"
    return None


def incomplete(nodes: Nodes, size: int) -> str | None:
    """Why the cluster is not whole and at rest, or None if every node is Synced in one configuration of `size`.

    Source: kolla's LP#2161773: Synced alone is not enough, nor is the size; a joiner may still receive its state.
    """
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            return f"{name} can't be read: {node.reason}"
        if not node.running:
            return f"{name} is down"
        if node.standalone:
            return f"{name} runs without Galera"
        if not node.answers:
            quiet = f"{name} turns clients away: {node.turns_away}" if node.turns_away else f"{name} does not answer"
            return f"{name} is receiving its state or starting" if node.state else quiet
        if node.untold:
            return f"{name} does not tell {', '.join(node.untold)}"
        if node.cluster_status != "Primary":
            return f"{name} is not in the Primary component ({node.cluster_status or 'no component'})"
        if node.state != "Synced":
            return f"{name} is {node.state or 'in no state'}, not Synced"
        if not node.ready:
            return f"{name} is not ready (wsrep_ready)"
        if node.size != size:
            return f"{name} sees {node.size} of {size} members"
    known = {name: node for name, node in nodes.items() if isinstance(node, GaleraNode)}
    if len({(node.uuid, node.conf_id) for node in known.values()}) > 1:
        seen = ", ".join(f"{name} {node.conf_id}" for name, node in known.items())
        return f"the members do not agree on the configuration ({seen})"
    return None


def may_restart_galera(nodes: Nodes, host: str, size: int) -> str | None:
    """Why `host`'s server must not be restarted now, or None if it may: every node is Synced, in one configuration."""
    reason = incomplete(nodes, size)
    return f"{host} is not restarted: {reason}." if reason else None


def takes_no_sessions(proxies: Mapping[str, ProxyNode], host: str) -> str | None:
    """Why the balancers send nothing to `host`, or None if every one of them may."""
    for balancer, proxy in proxies.items():
        if reason := takes_none(balancer, proxy, GALERA_BACKEND, host):
            return reason
    return None


def may_drain(proxies: Mapping[str, ProxyNode], host: str) -> str | None:
    """Why `host` must not be drained: a balancer has no other database node that is UP."""
    for balancer, proxy in proxies.items():
        others = [one for one in proxy.servers if one.backend == GALERA_BACKEND and one.name != host]
        if not any(one.serves for one in others):
            shown = ", ".join(f"{one.name} {state_of(one)}" for one in others) or "there is none"
            return f"{host} is not drained: {balancer} has no other database node that is UP ({shown})."
    return None


def may_write(nodes: Nodes, proxies: Mapping[str, ProxyNode | Unknown], host: str) -> str | None:
    """Why `host` must not be made the writer, or None: it is Synced, keeps up, and every balancer may send to it.

    Nor must it as long as the balancers don't tell each other who the writer is.
    """
    node = nodes.get(host)
    if node is None:
        return f"{host} is no database node"
    if isinstance(node, Unknown):
        return f"{host} can't be read: {node.reason}"
    if reason := incomplete({host: node}, node.size):
        return reason
    if node.desynced:
        return f"{host} is desynced (wsrep_desync)"
    if node.read_only:
        return f"{host} is read only"
    if node.recv_queue > KEEPS_UP:
        return f"{host} lags: {node.recv_queue} write sets wait (wsrep_local_recv_queue), at most {KEEPS_UP} may"
    for name, proxy in proxies.items():
        if isinstance(proxy, Unknown):
            return f"{name} can't be asked: {proxy.reason}"
        if not proxy.servers:
            return f"{name}'s HAProxy does not answer"
    if reason := why_not_shared(proxies):
        return reason
    return takes_no_sessions({name: proxy for name, proxy in proxies.items() if isinstance(proxy, ProxyNode)}, host)
