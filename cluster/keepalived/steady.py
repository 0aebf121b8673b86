"""When the balancers' VIP is steady: one owner, and the others are ready for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cluster.condition import asked, counted, known_of, with_hint
from cluster.keepalived.gates import not_one_owner, why_not_running
from cluster.keepalived.record import VRRP_OWNER
from cluster.layer import Condition
from cluster.spec import Cluster, Role
from cluster.state import ClusterState
from cluster.vip import VipNode, owners


def _count(spec: Cluster, state: ClusterState) -> tuple[str, str]:
    """Owners of the balancers' VIP, and balancers that are ready for it."""
    names = spec.names(Role.HAPROXY)
    known = known_of(state[VRRP_OWNER], names, VipNode)
    ready = sum(why_not_running(name, node) is None and not node.away for name, node in known.items())
    owned = counted(len(owners(known, spec.keepalived.vip)), "owner")
    return f"1 owner, {len(names)} ready", f"{owned}, {ready} ready"


def _against(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
    vip = spec.keepalived.vip
    # Who holds the VIP counts in any case: two owners are a trouble of both.
    counted = {
        name: node
        for name, node in asked(state[VRRP_OWNER], spec.names(Role.HAPROXY)).items()
        if name not in excluding or (isinstance(node, VipNode) and vip in node.held)
    }
    if reason := not_one_owner(counted, vip):
        yield with_hint(reason, f": see `journalctl -u keepalived` on {', '.join(counted)}")


STEADY = (Condition("VIP", _count, _against),)
