"""What is seen of keepalived and the VIP on a balancer."""

from __future__ import annotations

from cluster.state import Fact
from cluster.vip import VipNode

VRRP_OWNER = Fact("vrrp", VipNode, 10)
