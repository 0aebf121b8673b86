"""What of the balancers' VIP can be told in few words."""

from __future__ import annotations

from cluster.keepalived.record import VRRP_OWNER
from cluster.layer import Things
from cluster.spec import Cluster
from cluster.state import ClusterState
from cluster.things import of_each
from cluster.vip import VipNode, owner_of


def things(spec: Cluster, state: ClusterState) -> Things:
    """Who owns the VIP, and how each keepalived is."""
    yield owner_of(VRRP_OWNER.name, spec.keepalived.vip, state[VRRP_OWNER])
    yield from _DAEMONS(spec, state)


def _keepalived(node: VipNode) -> str:
    if node.keepalived is None or not node.keepalived.known:
        return "absent"
    if node.keepalived.frozen:
        return "frozen"
    return "away" if node.away and node.keepalived.active == "active" else node.keepalived.active


_DAEMONS = of_each(VRRP_OWNER, "keepalived", _keepalived)
