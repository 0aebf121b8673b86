"""The agents as Pacemaker is to run them: all of them on each network node. Source: Pacemaker Explained, "Clones"."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from cluster.agents.names import AGENTS
from cluster.agents.settings import agents_of, clustered
from cluster.pacemaker.names import clone_of
from cluster.spec import Cluster
from cluster.stacks import NETWORK
from deploy.cib import operation, options, parameters
from deploy.pacemaker_cib import elsewhere, fence_of


def resource_of(unit: str) -> str:
    """The name of the resource that runs an agent."""
    return f"hatui-{unit.removesuffix('.service')}"


def under_pacemaker(cluster: Cluster) -> str:
    """The `configuration` element with each agent, as XML; empty where Pacemaker has nothing to do with them."""
    if not clustered(cluster):
        return ""
    configuration = Element("configuration")
    resources = SubElement(configuration, "resources")
    for unit in AGENTS:
        name = resource_of(unit)
        clone = SubElement(resources, "clone", id=clone_of(name))
        options(clone, {"interleave": "true"})
        if agents_of(cluster).agent == "systemd":
            what = {"class": "systemd", "type": unit.removesuffix(".service")}
        else:
            what = {"class": "ocf", "provider": "hatui", "type": "service"}
        primitive = SubElement(clone, "primitive", {"id": name, **what})
        if agents_of(cluster).agent != "systemd":
            parameters(primitive, {"unit": unit})
        # However often it fails: there is no better place for it, and each start may be the one that lasts.
        options(primitive, {"failure-timeout": "120s", "target-role": "Started"})
        operation(primitive, "start", timeout=120)
        # What can't be stopped is left where it is: fencing its node would take down what serves there.
        operation(primitive, "stop", timeout=120, on_fail="block")
        operation(primitive, "monitor", timeout=120, interval=5)
    return tostring(configuration, encoding="unicode")


def not_under_pacemaker(cluster: Cluster) -> tuple[str, ...]:
    """The ids of what is not there where systemd keeps them: all that the network nodes' cluster has."""
    if clustered(cluster):
        return ()
    names = NETWORK.names(cluster)
    agents = [clone_of(resource_of(unit)) for unit in AGENTS]
    return (*agents, *map(elsewhere, names), *map(fence_of, names))
