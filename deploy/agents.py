"""Neutron's agents on the network nodes, where the inventory has them: kept by systemd, or by Pacemaker."""

from pyinfra import host
from pyinfra.api.exceptions import PyinfraError

from cluster.agents.names import AGENTS, AWAY, SWITCH_UNIT
from cluster.agents.settings import agents_of, clustered, wanted
from cluster.corosync.names import FILES
from cluster.layers.agents import AGENTS_LAYER
from cluster.openstack.resources import named
from cluster.spec import Cluster, Role
from deploy.agents_cib import not_under_pacemaker, under_pacemaker
from deploy.agents_files import drop_ins, hidden, settings
from deploy.amended_ini import amended_ini
from deploy.pacemaker_files import FENCING_FILES
from facts.keepalived import InterfaceOf
from facts.pacemaker import CrmConfiguration, there
from operations.agents import START, bridged, rolled
from operations.files import managed
from operations.handed_over import handed_over
from operations.hosts import conducts, taking_part
from operations.lock import unlocked
from operations.pacemaker import configured, disbanded
from operations.packages import installed
from operations.service import resting, running

unlocked(name="Agents: nobody else changes the cluster")

cluster: Cluster = host.data.cluster
mine = agents_of(cluster)
hosts = list(cluster.names(Role.NETWORK))
leads = wanted(cluster) and conducts(hosts)

if leads and len(taking_part(hosts)) < len(hosts):
    # A part of the nodes would be left with agents that nobody starts.
    kept = there(host.get_fact(CrmConfiguration) or "", map(named, AGENTS))
    if clustered(cluster) != bool(kept):
        raise PyinfraError("agents.availability is changed on all network nodes at once: deploy to all of them.")

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
    managed(name="Agents: how they are started", files=drop_ins(cluster))
    running(name="Agents: the switch runs", units=[SWITCH_UNIT])
    bridged(name="Agents: physical networks", bridges=mine.bridges, datapath=mine.datapath)
    if clustered(cluster):
        handed_over(name="Agents: Pacemaker alone starts them", resources={one: named(one) for one in AGENTS})

if leads:
    configured(
        name="Agents: what Pacemaker runs of them",
        hosts=hosts,
        wanted=under_pacemaker(cluster),
        gone=not_under_pacemaker(cluster),
        within=START,
    )

if wanted(cluster) and Role.NETWORK in host.groups and not clustered(cluster):
    running(name="Agents: they run", units=list(AGENTS))
    disbanded(name="Agents: no cluster of the network nodes'", files=[*FILES, *FENCING_FILES])

if leads:
    rolled(name="Agents: restart what runs with former settings", hosts=hosts, clustered=clustered(cluster))
