"""What each part of the gate of the whole cluster needs, and what is so, as numbers that a person compares.

They tell no more than cluster/gates/rest.py looks at, and decide nothing: the reasons there do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from cluster.duty import writers
from cluster.gates import pacemaker
from cluster.gates.galera import is_primary, is_synced, members
from cluster.gates.haproxy import why_not_serving
from cluster.gates.keepalived import owners, why_not_running
from cluster.gates.resources import unsettled
from cluster.servers import empty_slot
from cluster.spec import Cluster, Role
from cluster.state import (
    BrokerNode,
    ClusterState,
    CrmStatus,
    GaleraNode,
    HostAnswer,
    ProxyNode,
    QuorumNode,
    Unknown,
    VipNode,
)

Count = tuple[str, str]
"""What is needed, and what is so now."""
Node = TypeVar("Node")


def hosts(spec: Cluster, state: ClusterState) -> Count:
    """Hosts that answer."""
    answering = sum(isinstance(state.hosts.get(name), HostAnswer) for name in spec.hosts)
    return f"{len(spec.hosts)} answer", f"{answering} answer"


def balancers(spec: Cluster, state: ClusterState) -> Count:
    """Balancers that serve, servers that are not UP on any of them, and whom they take for the writer."""
    names = spec.names(Role.HAPROXY)
    known = _known(state.haproxy, names, ProxyNode)
    serving = sum(why_not_serving(name, node) is None for name, node in known.items())
    not_up = sum(not (server.serves or empty_slot(server)) for node in known.values() for server in node.servers)
    need, now = f"{len(names)} serve, 0 not UP", f"{serving} serve, {not_up} not UP"
    if not spec.haproxy.single_writer:
        return need, now
    writing = len(writers(known, state.hosts))
    return f"{need}, 1 writer", f"{now}, {_counted(writing, 'writer') if writing else 'no writer yet'}"


def vip(spec: Cluster, state: ClusterState) -> Count:
    """Owners of the balancers' VIP, and balancers that are ready for it."""
    names = spec.names(Role.HAPROXY)
    known = _known(state.vrrp, names, VipNode)
    ready = sum(why_not_running(name, node) is None and not node.away for name, node in known.items())
    owned = _counted(len(owners(known, spec.keepalived.vip)), "owner")
    return f"1 owner, {len(names)} ready", f"{owned}, {ready} ready"


def database(spec: Cluster, state: ClusterState) -> Count:
    """Nodes that are Synced, and the size of the Primary component, an arbitrator counted."""
    names = spec.names(Role.GALERA)
    known = _known(state.galera, names, GaleraNode)
    size = len(members(spec))
    sizes = sorted({node.size for node in known.values() if is_primary(node)})
    primary = f"Primary of {' and '.join(map(str, sizes))}" if sizes else "no Primary"
    return (
        f"{len(names)} Synced, Primary of {size}",
        f"{sum(map(is_synced, known.values()))} Synced, {primary}",
    )


def queue(spec: Cluster, state: ClusterState) -> Count:
    """Brokers that run and see all others run, and alarms."""
    names = spec.names(Role.CONTROLLER)
    known = _known(state.rabbitmq, names, BrokerNode)
    seeing = sum(
        node.running
        and not node.parted
        and not node.partitions
        and len(node.members) == len(node.running_members) == len(names)
        for node in known.values()
    )
    alarms = sum(len(node.alarms) for node in known.values())
    return f"{len(names)} see all, 0 alarms", f"{seeing} see all, {_counted(alarms, 'alarm')}"


def membership(spec: Cluster, state: ClusterState) -> Count:
    """Controllers in a Corosync membership with quorum, and those that see all others in it."""
    names = spec.names(Role.CONTROLLER)
    quorate = [node for node in _known(state.corosync, names, QuorumNode).values() if node.running and node.quorate]
    seeing = sum(set(names) <= set(node.members) for node in quorate)
    return (
        f"{len(names)} quorate, {len(names)} see all",
        f"{len(quorate)} quorate, {seeing} see all",
    )


def resources(spec: Cluster, state: ClusterState) -> Count:
    """Controllers that can run resources, what failed, and constraints that are left of a move or a ban."""
    names = spec.names(Role.CONTROLLER)
    need = f"{len(names)} online, 0 failed, 0 bans"
    known = _known(state.pacemaker, names, CrmStatus)
    view = pacemaker.view_of(known)
    if view is None:
        return need, "0 online"
    online = sum(pacemaker.can_not_run(view, name) is None for name in names)
    failed = len(view.failures) + len(unsettled(view))
    return need, f"{online} online, {failed} failed, {_counted(len(view.bans), 'ban')}"


def controller_vip(spec: Cluster, state: ClusterState) -> Count:
    """Owners of the controllers' VIP, and controllers that answer whether they hold it."""
    names = spec.names(Role.CONTROLLER)
    known = _known(state.controller_vip, names, VipNode)
    owned = _counted(len(owners(known, spec.pacemaker.vip)), "owner")
    return f"1 owner, {len(names)} answer", f"{owned}, {len(known)} answer"


def _known(nodes: Mapping[str, Node | Unknown], names: tuple[str, ...], kind: type[Node]) -> dict[str, Node]:
    return {name: node for name in names if isinstance(node := nodes.get(name), kind)}


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
