"""Neutron's agents on the network nodes, where the inventory has them."""

from pyinfra import host
from pyinfra.api.exceptions import PyinfraError

from cluster.agents.names import AGENTS, AWAY, SWITCH_UNIT
from cluster.agents.settings import agents_of, wanted
from cluster.layers.agents import AGENTS_LAYER
from cluster.spec import Cluster, Role
from deploy.agents_files import drop_ins, hidden, settings
from deploy.amended_ini import amended_ini
from facts.keepalived import InterfaceOf
from operations.agents import bridged, rolled
from operations.files import managed
from operations.hosts import conducts
from operations.lock import unlocked
from operations.packages import installed
from operations.service import resting, running

unlocked(name="Agents: nobody else changes the cluster")

cluster: Cluster = host.data.cluster
mine = agents_of(cluster)

if wanted(cluster) and Role.NETWORK in host.groups:
    own = host.get_fact(InterfaceOf, address=cluster.address(host.name))
    if own in mine.mapped.values():
        raise PyinfraError(
            f"{host.name} is reached by {own}, which agents.physical names: in a bridge nobody would reach the host. "
            "Name an interface that has no address."
        )
    installed(name="Agents: packages", packages=AGENTS_LAYER.packages(cluster))
    resting(name="Agents: what they start by themselves is not started beside them", units=list(AWAY))
    amended_ini("Agents: settings", settings(cluster, host.name), group="neutron", secrets=hidden(cluster))
    managed(name="Agents: how they are started", files=drop_ins())
    running(name="Agents: the switch runs", units=[SWITCH_UNIT])
    bridged(name="Agents: physical networks", bridges=mine.bridges, datapath=mine.datapath)
    running(name="Agents: they run", units=list(AGENTS))

if wanted(cluster) and conducts(cluster.names(Role.NETWORK)):
    rolled(name="Agents: restart what runs with former settings", hosts=list(cluster.names(Role.NETWORK)))
