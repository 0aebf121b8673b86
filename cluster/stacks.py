"""The clusters of Corosync and Pacemaker: the controllers' and, by choice, the network nodes' own. Pure.

Each is a description: what goes over the clusters (cluster/corosync, cluster/pacemaker, the floors above) names none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cluster.agents.settings import clustered
from cluster.corosync.record import COROSYNC_QUORUM, QuorumNode
from cluster.pacemaker.record import CRM_MON, CrmStatus
from cluster.spec import Cluster, FencingDevice, Role
from cluster.state import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A cluster of Corosync and Pacemaker, of all hosts of a role."""

    role: Role
    title: str
    """What its hosts are called, more than one."""
    quorum: Fact[QuorumNode]
    """What is seen of Corosync; named as its layer is."""
    crm: Fact[CrmStatus]
    """The same of Pacemaker."""
    authkey: str
    """The name of the secret that is Corosync's key."""
    suffix: str = ""
    """What its name in Corosync has beside the inventory's: no two clusters may be called the same."""
    multicast: int = 0
    """How far its port for multicast is above the inventory's, of which Corosync takes the one below, too."""
    has_vip: bool = False
    """Whether it has the controllers' VIP."""
    wanted: Callable[[Cluster], bool] = lambda _: True

    @property
    def prefix(self) -> str:
        """Of the names of what would else be called the same as that of the controllers."""
        return self.crm.name.removesuffix("pacemaker")

    def names(self, spec: Cluster) -> tuple[str, ...]:
        """Its hosts, in the order of the inventory."""
        return spec.names(self.role)

    def vip(self, spec: Cluster) -> str:
        """The address that it keeps; empty for none."""
        return spec.pacemaker.vip if self.has_vip else ""

    def called(self, spec: Cluster) -> str:
        """Its name in Corosync."""
        return f"{spec.corosync.cluster_name}{self.suffix}"

    def multicast_port(self, spec: Cluster) -> int:
        """Of Corosync's transport udp."""
        return spec.corosync.multicast_port + self.multicast

    def fencing(self, spec: Cluster) -> Mapping[str, FencingDevice]:
        """The device that fences each of its hosts, as far as the inventory has them."""
        devices = spec.pacemaker.fencing
        return {name: devices[name] for name in self.names(spec) if name in devices}


CONTROLLERS = Stack(
    role=Role.CONTROLLER,
    title="controllers",
    quorum=COROSYNC_QUORUM,
    crm=CRM_MON,
    authkey="corosync_authkey",
    has_vip=True,
)
NETWORK = Stack(
    role=Role.NETWORK,
    title="network nodes",
    quorum=Fact("network_corosync", QuorumNode, 20),
    crm=Fact("network_pacemaker", CrmStatus, 15),
    authkey="network_corosync_authkey",
    suffix="-network",
    multicast=2,
    wanted=clustered,
)
STACKS = (CONTROLLERS, NETWORK)
