"""Elements of Pacemaker's configuration as XML (Pacemaker Explained): parameters, options, operations, a unit's own."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement


def parameters(primitive: Element, values: Mapping[str, str]) -> None:
    """What its agent is told."""
    name = primitive.get("id")
    pairs(SubElement(primitive, "instance_attributes", id=f"{name}-instance_attributes"), values)


def options(resource: Element, values: Mapping[str, str]) -> None:
    """What Pacemaker does with it (meta attributes)."""
    pairs(SubElement(resource, "meta_attributes", id=f"{resource.get('id')}-meta_attributes"), values)


def pairs(parent: Element, values: Mapping[str, str]) -> None:
    """Names and values."""
    for name, value in values.items():
        SubElement(parent, "nvpair", id=f"{parent.get('id')}-{name}", name=name, value=value)


def operation(primitive: Element, name: str, *, timeout: int, interval: int = 0, on_fail: str = "") -> None:
    """What its agent does, every `interval` seconds or when it is time (0), for `timeout` seconds at most."""
    operations = primitive.find("operations")
    if operations is None:
        operations = SubElement(primitive, "operations")
    said = {"name": name, "interval": f"{interval}s", "timeout": f"{timeout}s"}
    if on_fail:
        said["on-fail"] = on_fail
    SubElement(operations, "op", {"id": f"{primitive.get('id')}-{name}-{interval}s", **said})


def service(parent: Element, name: str, unit: str, agent: str, *, failures: Mapping[str, str], ask: str = "") -> None:
    """The resource that runs a unit of systemd, by the `agent` that the inventory names (hatui, systemd).

    `failures` are options for when it fails; `ask` is the file by which ocf:hatui:service asks it, if it can be asked.
    """
    if agent == "systemd":
        primitive = SubElement(
            parent, "primitive", {"id": name, "class": "systemd", "type": unit.removesuffix(".service")}
        )
    else:
        primitive = SubElement(
            parent, "primitive", {"id": name, "class": "ocf", "provider": "hatui", "type": "service"}
        )
        parameters(primitive, {"unit": unit} | ({"ask": ask} if ask else {}))
    options(primitive, {**failures, "target-role": "Started"})
    operation(primitive, "start", timeout=120)
    # What can't be stopped is left where it is: fencing its host takes down far more than one service.
    operation(primitive, "stop", timeout=120, on_fail="block")
    operation(primitive, "monitor", timeout=120, interval=5)
