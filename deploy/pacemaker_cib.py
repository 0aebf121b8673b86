"""What Pacemaker is to run, as the part of its CIB that hatui owns; what others put there is left alone.

Source: Pacemaker Explained (properties, fencing), ocf_heartbeat_IPaddr2(7), fence_ipmilan(8), pacemaker-fenced(7).
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from cluster.spec import Cluster, FencingDevice
from deploy.pacemaker_files import IPMITOOL

VIP = "controller-vip"


def wanted_configuration(cluster: Cluster) -> str:
    """The `configuration` element with every element that must be there, as XML."""
    wanted = cluster.pacemaker
    configuration = Element("configuration")
    properties = SubElement(SubElement(configuration, "crm_config"), "cluster_property_set", id="cib-bootstrap-options")
    _pairs(
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
    _parameters(vip, {"ip": wanted.vip, "cidr_netmask": "32"})
    _monitor(vip, seconds=wanted.monitor_interval)
    for name, device in wanted.fencing.items():
        fence = SubElement(resources, "primitive", {"id": f"fence-{name}", "class": "stonith", "type": "fence_ipmilan"})
        _parameters(fence, _device(name, device))
        _monitor(fence, seconds=60)
        # A host that is to be fenced can't be the one that does it.
        SubElement(
            constraints, "rsc_location", id=f"fence-{name}-elsewhere", rsc=f"fence-{name}", node=name, score="-INFINITY"
        )
    defaults = SubElement(SubElement(configuration, "rsc_defaults"), "meta_attributes", id="rsc-options")
    # What a failover has moved stays there: moving it back would be a second cut for its clients.
    _pairs(defaults, {"resource-stickiness": "100"})
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


def _parameters(primitive: Element, values: Mapping[str, str]) -> None:
    name = primitive.get("id")
    _pairs(SubElement(primitive, "instance_attributes", id=f"{name}-instance_attributes"), values)


def _pairs(parent: Element, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        SubElement(parent, "nvpair", id=f"{parent.get('id')}-{name}", name=name, value=value)


def _monitor(primitive: Element, *, seconds: int) -> None:
    operations = SubElement(primitive, "operations")
    name = f"{primitive.get('id')}-monitor-{seconds}s"
    SubElement(operations, "op", id=name, name="monitor", interval=f"{seconds}s", timeout="20s")
