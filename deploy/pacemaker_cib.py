"""What Pacemaker is to run, as the part of its CIB that hatui owns; what others put there is left alone.

Source: Pacemaker Explained (properties, fencing), ocf_heartbeat_IPaddr2(7), fence_ipmilan(8), pacemaker-fenced(7).
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from cluster.pacemaker.names import VIP
from cluster.spec import Cluster, FencingDevice
from deploy.cib import operation, pairs, parameters
from deploy.pacemaker_files import IPMITOOL


def wanted_configuration(cluster: Cluster) -> str:
    """The `configuration` element with every element that must be there, as XML."""
    wanted = cluster.pacemaker
    configuration = Element("configuration")
    properties = SubElement(SubElement(configuration, "crm_config"), "cluster_property_set", id="cib-bootstrap-options")
    pairs(
        properties,
        {
            # Without any device nothing would ever start; the status then says "unfenced".
            "stonith-enabled": "true" if wanted.fencing else "false",
            "no-quorum-policy": "stop",
        },
    )
    resources = SubElement(configuration, "resources")
    constraints = SubElement(configuration, "constraints")
    vip = SubElement(resources, "primitive", {"id": VIP, "class": "ocf", "provider": "heartbeat", "type": "IPaddr2"})
    parameters(vip, {"ip": wanted.vip, "cidr_netmask": "32"})
    operation(vip, "monitor", interval=wanted.monitor_interval, timeout=20)
    for name, device in wanted.fencing.items():
        fence = SubElement(resources, "primitive", {"id": f"fence-{name}", "class": "stonith", "type": "fence_ipmilan"})
        parameters(fence, _device(name, device))
        operation(fence, "monitor", interval=60, timeout=20)
        # A host that is to be fenced can't be the one that does it.
        SubElement(
            constraints, "rsc_location", id=f"fence-{name}-elsewhere", rsc=f"fence-{name}", node=name, score="-INFINITY"
        )
    defaults = SubElement(SubElement(configuration, "rsc_defaults"), "meta_attributes", id="rsc-options")
    # What a failover has moved stays there: moving it back would be a second cut for its clients.
    pairs(defaults, {"resource-stickiness": "100"})
    return tostring(configuration, encoding="unicode")


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
