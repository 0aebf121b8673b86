"""The agents as Pacemaker is to run them: all of them on each network node. Source: Pacemaker Explained, "Clones"."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from cluster.agents.names import AGENTS
from cluster.agents.settings import agents_of, clustered
from cluster.openstack.resources import named
from cluster.pacemaker.names import clone_of
from cluster.spec import Cluster
from cluster.stacks import NETWORK
from deploy import cib
from deploy.cib import options
from deploy.pacemaker_cib import elsewhere, fence_of


def under_pacemaker(cluster: Cluster) -> str:
    """The `configuration` element with each agent, as XML; empty where Pacemaker has nothing to do with them."""
    if not clustered(cluster):
        return ""
    configuration = Element("configuration")
    resources = SubElement(configuration, "resources")
    for unit in AGENTS:
        name = named(unit)
        clone = SubElement(resources, "clone", id=clone_of(name))
        options(clone, {"interleave": "true"})
        # However often it fails: there is no better place for it, and each start may be the one that lasts.
        cib.service(clone, name, unit, agents_of(cluster).agent, failures={"failure-timeout": "120s"})
    return tostring(configuration, encoding="unicode")


def not_under_pacemaker(cluster: Cluster) -> tuple[str, ...]:
    """The ids of what is not there where systemd keeps them: all that the network nodes' cluster has."""
    if clustered(cluster):
        return ()
    names = NETWORK.names(cluster)
    agents = [clone_of(named(unit)) for unit in AGENTS]
    return (*agents, *map(elsewhere, names), *map(fence_of, names))
