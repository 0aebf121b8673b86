"""What Pacemaker is to run, as the part of its CIB that hatui owns; what others put there is left alone.

Source: Pacemaker Explained (properties, fencing), ocf_heartbeat_IPaddr2(7), fence_ipmilan(8), pacemaker-fenced(7).
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from cluster.pacemaker.names import VIP
from cluster.spec import Cluster, FencingDevice
from cluster.stacks import Stack
from deploy.cib import operation, pairs, parameters
from deploy.pacemaker_files import IPMITOOL

_ELSEWHERE = "1000"
"""How much a device of one of two hosts is drawn to the other: more than to stay where it is (100). While that one is
away or drained it is watched from its own host, so that it is known to work; no negative score lets it. Fencing itself
is done by another host where there is one (pacemaker-fenced(7))."""
_LATER = "5s"
"""How long the fencing of the first of two hosts waits: where each has lost the other, one of them must win."""


def wanted_configuration(cluster: Cluster, stack: Stack) -> str:
    """The `configuration` element with every element that must be there, as XML."""
    fencing, names = stack.fencing(cluster), stack.names(cluster)
    of_two = len(names) == 2
    configuration = Element("configuration")
    properties = SubElement(SubElement(configuration, "crm_config"), "cluster_property_set", id="cib-bootstrap-options")
    pairs(
        properties,
        {
            # Without any device nothing would ever start; the status then says "unfenced".
            "stonith-enabled": "true" if fencing else "false",
            "no-quorum-policy": "stop",
        },
    )
    resources = SubElement(configuration, "resources")
    constraints = SubElement(configuration, "constraints")
    if address := stack.vip(cluster):
        vip = SubElement(
            resources, "primitive", {"id": VIP, "class": "ocf", "provider": "heartbeat", "type": "IPaddr2"}
        )
        parameters(vip, {"ip": address, "cidr_netmask": "32"})
        operation(vip, "monitor", interval=cluster.pacemaker.monitor_interval, timeout=20)
    for name, device in fencing.items():
        fence = SubElement(resources, "primitive", {"id": fence_of(name), "class": "stonith", "type": "fence_ipmilan"})
        later = {"pcmk_delay_base": _LATER} if of_two and name == names[0] else {}
        parameters(fence, {**_device(name, device), **later})
        operation(fence, "monitor", interval=60, timeout=20)
        # A host that is to be fenced can't be the one that does it.
        where = {"node": name, "score": "-INFINITY"}
        if of_two:
            where = {"node": next(other for other in names if other != name), "score": _ELSEWHERE}
        SubElement(constraints, "rsc_location", {"id": elsewhere(name), "rsc": fence_of(name), **where})
    defaults = SubElement(SubElement(configuration, "rsc_defaults"), "meta_attributes", id="rsc-options")
    # What a failover has moved stays there: moving it back would be a second cut for its clients.
    pairs(defaults, {"resource-stickiness": "100"})
    return tostring(configuration, encoding="unicode")


def fence_of(name: str) -> str:
    """The resource that is a host's fencing device."""
    return f"fence-{name}"


def elsewhere(name: str) -> str:
    """The constraint by which it is watched from another host."""
    return f"{fence_of(name)}-elsewhere"


def _device(name: str, device: FencingDevice) -> dict[str, str]:
    return {
        "ip": device.address,
        "ipport": str(device.port),
        "username": device.user,
        "lanplus": "1",
        # The agent asks the BMC again and again until it says so; waiting before it asks would only be added to the
        # time that the VIP is away, once for "off" and once for "on".
        "power_wait": "0",
        "ipmitool_path": IPMITOOL,
        "pcmk_host_list": name,
    }
