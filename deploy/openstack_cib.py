"""A service of OpenStack as Pacemaker is to run it: with the controllers' VIP, or on all controllers for its sake.

No group: in one, each member is started after the one before it, and one that fails takes down those after it. Here
they start side by side, each with the VIP and after it. Source: Pacemaker Explained, "Colocation", "Clones".
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from cluster.openstack.availability import Availability
from cluster.openstack.resources import is_warm, named, resource_of
from cluster.openstack.service import OpenstackService
from cluster.pacemaker.names import VIP, clone_of
from cluster.spec import Cluster
from deploy import cib
from deploy.cib import options

_ATTRACTS = "1000"
"""How much the VIP prefers a controller on which a warm service runs: more than to stay where it is (100), less than to
run at all, also where the service runs nowhere."""


def under_pacemaker(cluster: Cluster, service: OpenstackService) -> str:
    """The `configuration` element with what is there of the service, as XML; empty where nothing is."""
    if not service.clustered(cluster):
        return ""
    configuration = Element("configuration")
    resources = SubElement(configuration, "resources")
    constraints = SubElement(configuration, "constraints")
    for unit in service.clustered(cluster):
        name = resource_of(cluster, service, unit)
        if unit in service.lone_units(cluster):
            # Nobody asks it at an address: it runs on any controller, wherever the VIP is.
            _primitive(resources, cluster, service, unit)
        elif is_warm(cluster, service, unit):
            clone = SubElement(resources, "clone", id=clone_of(name))
            options(clone, {"interleave": "true"})
            _primitive(clone, cluster, service, unit)
            attracts = {"rsc": VIP, "with-rsc": clone_of(name), "score": _ATTRACTS}
            SubElement(constraints, "rsc_colocation", {"id": f"{name}-attracts", **attracts})
        else:
            _primitive(resources, cluster, service, unit)
            SubElement(
                constraints,
                "rsc_colocation",
                {"id": f"{name}-with-vip", "rsc": name, "with-rsc": VIP, "score": "INFINITY"},
            )
            SubElement(constraints, "rsc_order", id=f"{name}-after-vip", first=VIP, then=name)
    return tostring(configuration, encoding="unicode")


def not_under_pacemaker(cluster: Cluster, service: OpenstackService) -> tuple[str, ...]:
    """The ids of what is not there of the service, with how it is kept available: constraints before resources."""
    gone: list[str] = []
    for unit in service.units:
        passive, warm = named(unit), named(unit, warm=True)
        kept = unit in service.clustered(cluster)
        if not (kept and service.availability(cluster) is Availability.PASSIVE):
            gone += [f"{passive}-after-vip", f"{passive}-with-vip", passive]
        if not (kept and service.availability(cluster) is Availability.WARM):
            gone += [f"{warm}-attracts", clone_of(warm)]
    if service.lone and not service.lone_units(cluster):
        gone.append(named(service.lone.unit))
    return tuple(gone)


def _primitive(parent: Element, cluster: Cluster, service: OpenstackService, unit: str) -> None:
    if is_warm(cluster, service, unit):
        # Its VIP would wait for it to be started anew in its place: so it is let down there for half a minute.
        failures = {"migration-threshold": "1", "failure-timeout": "30s"}
    else:
        # Three failures within two minutes, and it goes elsewhere.
        failures = {"migration-threshold": "3", "failure-timeout": "120s"}
    # What is no API has nothing that could be asked.
    ask = next((api.health_file for api in service.apis if api.unit == unit), "")
    name, agent = resource_of(cluster, service, unit), service.of(cluster).agent
    cib.service(parent, name, unit, agent, failures=failures, ask=ask)
