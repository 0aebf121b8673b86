"""What of the balancers' VIP can be told in few words."""

from __future__ import annotations

from cluster.keepalived.record import VRRP_OWNER
from cluster.layer import UNKNOWN, Thing, Things
from cluster.spec import Cluster
from cluster.state import ClusterState, Unknown
from cluster.vip import VipNode, owner_of


def things(spec: Cluster, state: ClusterState) -> Things:
    """Who owns the VIP, and how each keepalived is."""
    vips = state[VRRP_OWNER]
    yield owner_of(VRRP_OWNER.name, spec.keepalived.vip, vips)
    for name, vip in vips.items():
        yield Thing(VRRP_OWNER.name, name, f"keepalived on {name}"), _keepalived(vip)


def _keepalived(node: VipNode | Unknown) -> str:
    if isinstance(node, Unknown):
        return UNKNOWN
    if node.keepalived is None or not node.keepalived.known:
        return "absent"
    if node.keepalived.frozen:
        return "frozen"
    return "away" if node.away and node.keepalived.active == "active" else node.keepalived.active
