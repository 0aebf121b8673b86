"""What of a cluster's resources can be told in few words."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.layer import Thing, Things
from cluster.pacemaker.record import CONTROLLERS_VIP, CrmStatus
from cluster.pacemaker.resources import PROMOTED, groups
from cluster.spec import Cluster
from cluster.stacks import Stack
from cluster.state import ClusterState, Unknown
from cluster.things import of_each
from cluster.vip import owner_of


def things(stack: Stack, spec: Cluster, state: ClusterState) -> Things:
    """Who owns the controllers' VIP, how each host of the cluster is, and where each resource runs."""
    if vip := stack.vip(spec):
        yield owner_of(CONTROLLERS_VIP.name, vip, state[CONTROLLERS_VIP])
    yield from of_each(stack.crm, "Pacemaker", _daemon)(spec, state)
    yield from _crm(stack.crm.name, state[stack.crm])


def _daemon(node: CrmStatus) -> str:
    return "running" if node.running else "down"


def _crm(fact: str, nodes: Mapping[str, CrmStatus | Unknown]) -> Things:
    views = [node for node in nodes.values() if isinstance(node, CrmStatus) and node.quorate]
    view = next((node for node in views if node.dc), None)
    if view is None:
        return
    for member in view.nodes:
        words = [word for word in ("unclean", "standby", "maintenance", "pending", "shutdown") if getattr(member, word)]
        shown = ", ".join(words) or ("online" if member.online else "offline")
        yield Thing(fact, member.name, f"{member.name} in Pacemaker"), shown
    for group in groups(view.resources):
        where = ", ".join(dict.fromkeys(name for one in group.instances for name in one.nodes)) or "nowhere"
        promoted = ", ".join(name for one in group.active if one.role in PROMOTED for name in one.nodes)
        failed = " (failed)" if any(one.failed for one in group.instances) else ""
        shown = f"{where}{f', promoted on {promoted}' if promoted else ''}{failed}"
        yield Thing(fact, "", f"the resource {group.name}"), shown
