"""Small CIBs, each from a short description: three controllers, and what is made of them.

`text` writes one as XML; crm_mon(8) renders it as it would a living cluster (`CIB_file=FILE crm_mon …`). What can't be
in a CIB (the history of fencing, Pacemaker itself being away) is not told by these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element, SubElement, indent, tostring

VIP = "192.0.2.48"
UNDER_WAY = 193
"""Pacemaker's exit code of what has none yet."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node and its state. A `kind` of remote has no Corosync of its own."""

    name: str
    online: bool = True
    expected: bool = True
    pending: bool = False
    kind: str = "member"
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Those that last, such as standby."""
    passing: Mapping[str, str] = field(default_factory=dict)
    """Those that end with its session, such as shutdown."""


@dataclass(frozen=True, slots=True)
class Op:
    """The last that was done with a resource on a node; `rc` is what came of it, `UNDER_WAY` until then."""

    node: str
    task: str = "start"
    rc: int = 0
    expected: int = 0
    interval: int = 0


@dataclass(frozen=True, slots=True)
class Primitive:
    """A resource, `agent` as in "ocf:heartbeat:IPaddr2"."""

    id: str
    agent: str
    ops: Sequence[Op] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    monitor: str = ""
    """on-fail of its monitor."""
    lock: str = ""
    """The node that shut down with it (shutdown-lock)."""


@dataclass(frozen=True, slots=True)
class Group:
    """Resources that run together, one after the other."""

    id: str
    members: Sequence[Primitive]
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Clone:
    """Something that runs on several nodes."""

    id: str
    of: Primitive | Group
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Containers with a resource in each; `on` is where the replicas run, in their order."""

    id: str
    of: Primitive
    replicas: int
    on: Sequence[str] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    promoted: int = 0
    """Of a promotable one: how many may be."""


Resource = Primitive | Group | Clone | Bundle


@dataclass(frozen=True, slots=True)
class Cib:
    """A cluster: what is configured, and what is so."""

    nodes: Sequence[Node]
    resources: Sequence[Resource]
    options: Mapping[str, str] = field(default_factory=dict)
    locations: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    """Id to resource, node and score."""
    orphans: Sequence[Primitive] = ()
    """Those that run, or ran, and are not configured."""
    quorum: bool = True
    dc: str = "1"


def at(*nodes: str) -> tuple[Op, ...]:
    """Started on these."""
    return tuple(Op(node) for node in nodes)


def promoted(node: str) -> Op:
    """A monitor that found it promoted."""
    return Op(node, "monitor", rc=8, expected=8, interval=10000)


def failed(node: str) -> tuple[Op, ...]:
    """Started, and found not to run since."""
    return Op(node), Op(node, "monitor", rc=7, interval=10000)


NODES = tuple(Node(name) for name in ("cc01", "cc02", "cc03"))
VIP_RESOURCE = Primitive("vip", "ocf:heartbeat:IPaddr2", at("cc01"), parameters={"ip": VIP})
FENCING = tuple(
    Primitive(f"fence-{name}", "stonith:fence_ipmilan", at(watched), parameters={"pcmk_host_list": name})
    for name, watched in (("cc01", "cc02"), ("cc02", "cc03"), ("cc03", "cc01"))
)
FENCED = {"stonith-enabled": "true"}


def cluster(
    *resources: Resource,
    nodes: Sequence[Node] = NODES,
    base: Sequence[Resource] = (VIP_RESOURCE, *FENCING),
    options: Mapping[str, str] | None = None,
    **more: object,
) -> Cib:
    """Three controllers with their VIP and fencing, and these resources."""
    return Cib(nodes, (*base, *resources), {**FENCED, **(options or {})}, **more)  # type: ignore[arg-type]


def but(name: str, **changes: object) -> tuple[Node, ...]:
    """The controllers, one of them changed."""
    return tuple(replace(node, **changes) if node.name == name else node for node in NODES)  # type: ignore[arg-type]


def text(cib: Cib) -> str:
    """It as XML."""
    root = Element(
        "cib",
        {
            "crm_feature_set": "3.16.1", "validate-with": "pacemaker-3.8", "epoch": "1", "num_updates": "0",
            "admin_epoch": "0", "have-quorum": "1" if cib.quorum else "0", **({"dc-uuid": cib.dc} if cib.dc else {}),
        },
    )  # fmt: skip
    configuration = SubElement(root, "configuration")
    _pairs(SubElement(configuration, "crm_config"), "cluster_property_set", "options", cib.options)
    nodes = SubElement(configuration, "nodes")
    numbers = {
        node.name: str(number) if node.kind == "member" else node.name for number, node in enumerate(cib.nodes, 1)
    }
    for node in cib.nodes:
        if node.kind == "member" or node.attributes:
            entry = SubElement(nodes, "node", id=numbers[node.name], uname=node.name)
            if node.kind == "remote":
                entry.set("type", "remote")
            _pairs(entry, "instance_attributes", f"{node.name}-attributes", node.attributes)
    resources = SubElement(configuration, "resources")
    for resource in cib.resources:
        _resource(resources, resource)
    constraints = SubElement(configuration, "constraints")
    for name, (what, where, score) in cib.locations.items():
        SubElement(constraints, "rsc_location", id=name, rsc=what, node=where, score=score)
    status = SubElement(root, "status")
    ran = [one for resource in cib.resources for one in _ran(resource)] + [(one.id, one) for one in cib.orphans]
    for node in cib.nodes:
        _state(SubElement(status, "node_state"), node, numbers[node.name], ran)
    indent(root)
    return tostring(root, encoding="unicode")


def _resource(parent: Element, resource: Resource) -> None:
    match resource:
        case Primitive():
            kind, *middle, of = resource.agent.split(":")
            provider = {"provider": middle[0]} if middle else {}
            element = SubElement(parent, "primitive", {"id": resource.id, "class": kind, **provider, "type": of})
            _pairs(element, "instance_attributes", f"{resource.id}-parameters", resource.parameters)
            if resource.monitor:
                operations = SubElement(element, "operations")
                more = {"id": f"{resource.id}-monitor", "name": "monitor", "interval": "10s"}
                SubElement(operations, "op", {**more, "on-fail": resource.monitor})
        case Group():
            element = SubElement(parent, "group", id=resource.id)
            for member in resource.members:
                _resource(element, member)
        case Clone():
            element = SubElement(parent, "clone", id=resource.id)
            _resource(element, resource.of)
        case Bundle():
            element = SubElement(parent, "bundle", id=resource.id)
            most = {"promoted-max": str(resource.promoted)} if resource.promoted else {}
            SubElement(element, "podman", {"image": "x", "replicas": str(resource.replicas), **most})
            SubElement(element, "network", {"ip-range-start": "192.0.2.90", "control-port": "3121"})
            _resource(element, resource.of)
    if resource.meta:
        pairs = Element("meta_attributes", id=f"{resource.id}-meta")
        for name, value in resource.meta.items():
            SubElement(pairs, "nvpair", id=f"{resource.id}-meta-{name}", name=name, value=value)
        element.insert(0, pairs)


def _ran(resource: Resource) -> list[tuple[str, Primitive]]:
    """What was done on nodes, each under the name that Pacemaker keeps it by."""
    match resource:
        case Primitive():
            return [(resource.id, resource)]
        case Group():
            return [(one.id, one) for one in resource.members]
        case Clone(of=Primitive() as of) if resource.meta.get("globally-unique") == "true":
            return [(f"{of.id}:{number}", replace(of, ops=(op,))) for number, op in enumerate(of.ops)]
        case Clone():
            return _ran(resource.of)
        case Bundle():
            found = [(resource.of.id, resource.of)]
            for number, node in enumerate(resource.on):
                for name, agent in (
                    (f"{resource.id}-ip-192.0.2.{90 + number}", "ocf:heartbeat:IPaddr2"),
                    (f"{resource.id}-podman-{number}", "ocf:heartbeat:podman"),
                    (f"{resource.id}-{number}", "ocf:pacemaker:remote"),
                ):
                    found.append((name, Primitive(name, agent, at(node))))
            return found


def _state(state: Element, node: Node, number: str, ran: Sequence[tuple[str, Primitive]]) -> None:
    state.attrib |= {"id": number, "uname": node.name, "crm-debug-origin": "x"}
    if node.kind == "member":
        state.attrib |= {
            "in_ccm": "true" if node.online else "false",
            "crmd": "online" if node.online else "offline",
            "join": "pending" if node.pending else "member" if node.online else "down",
            "expected": "member" if node.expected else "down",
        }
    else:
        state.attrib |= {"remote_node": "true", "in_ccm": "true" if node.online else "false"}
    if node.passing:
        passing = SubElement(state, "transient_attributes", id=number)
        _pairs(passing, "instance_attributes", f"status-{node.name}", node.passing)
    resources = SubElement(SubElement(state, "lrm", id=number), "lrm_resources")
    for name, primitive in ran:
        mine = [op for op in primitive.ops if op.node == node.name]
        if not mine and primitive.lock != node.name:
            continue
        kind, *middle, of = primitive.agent.split(":")
        provider = {"provider": middle[0]} if middle else {}
        entry = SubElement(resources, "lrm_resource", {"id": name, "class": kind, **provider, "type": of})
        if primitive.lock == node.name:
            entry.set("shutdown-lock", "1700000000")
        for call, op in enumerate(mine, 1):
            _operation(entry, name, call, op)


def _operation(entry: Element, name: str, call: int, op: Op) -> None:
    magic = f"1:1:{op.expected}:00000000-0000-0000-0000-000000000000"
    status = -1 if op.rc == UNDER_WAY else 0
    SubElement(
        entry,
        "lrm_rsc_op",
        {
            "id": f"{name}_{op.task}_{op.interval}", "operation_key": f"{name}_{op.task}_{op.interval}",
            "operation": op.task, "interval": str(op.interval), "call-id": str(call), "rc-code": str(op.rc),
            "op-status": str(status), "transition-key": magic, "transition-magic": f"{status}:{op.rc};{magic}",
            "op-digest": "0", "last-rc-change": "1700000000",
        },
    )  # fmt: skip


def _pairs(parent: Element, tag: str, name: str, values: Mapping[str, str]) -> None:
    if values:
        pairs = SubElement(parent, tag, id=name)
        for number, (key, value) in enumerate(values.items()):
            SubElement(pairs, "nvpair", id=f"{name}-{number}", name=key, value=value)
