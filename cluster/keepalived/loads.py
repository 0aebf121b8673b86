"""Which balancer carries its clients' traffic: the VIP's owner."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.keepalived.record import VRRP_OWNER
from cluster.layer import MOST, Load
from cluster.spec import Cluster
from cluster.state import ClusterState
from cluster.vip import owners


def vip_owner(spec: Cluster, state: ClusterState) -> Mapping[str, Load]:
    """The balancers' VIP."""
    return dict.fromkeys(owners(state[VRRP_OWNER], spec.keepalived.vip), Load(MOST, "the VIP's owner"))
