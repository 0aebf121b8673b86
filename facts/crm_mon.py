"""The XML of crm_mon(8), as a record. What one version leaves out or writes otherwise costs that field alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from xml.etree.ElementTree import Element

from cluster.number import whole_or
from cluster.pacemaker.record import CrmFailure, CrmNode, CrmResource, CrmStatus, FencingEvent
from cluster.state import ServiceState
from cluster.text import clean
from facts.xml import parsed

_HISTORY = 20
"""Entries of fencing and failures that are kept of what may be thousands."""
_CONSTRAINTS = 100
_COUNTS = 1000
"""Histories, each of a resource on a node, that are looked at for failures."""
_INFINITY = 1_000_000
"""What Pacemaker means by INFINITY, and crm_mon writes in its place."""
_UNREAD = 20

_INSTANCES = {"Master", "Slave", "Promoted", "Unpromoted"}
"""Roles that only an instance of a promotable clone has; a bundle does not say of itself that it is one."""
_ROLES = {"master": "promoted", "slave": "unpromoted"}
"""Words of before Pacemaker 2.1."""


def status(root: Element, left: str, service: ServiceState | None) -> CrmStatus:
    """The record from crm_mon's XML (any API version, or --as-xml of 1.1), and what cibadmin told of the CIB."""
    reader = Reader()
    dc = root.find("summary/current_dc")
    options = root.find("summary/cluster_options")
    present = reader.flag(dc, "present", "the DC")
    cib = reader.cib(left)
    locations = list(cib.iter("rsc_location")) if cib is not None else []
    resources = reader.resources(root, _addresses(cib) if cib is not None else {})
    return CrmStatus(
        running=True,
        dc=word(dc, "name") if present else "",
        quorate=present and reader.flag(dc, "with_quorum", "the DC"),
        stonith_enabled=reader.flag(options, "stonith-enabled", "the options"),
        maintenance_mode=reader.flag(options, "maintenance-mode", "the options"),
        stop_all=reader.flag(options, "stop-all-resources", "the options"),
        nodes=tuple(reader.node(node) for node in root.iterfind("nodes/node")),
        resources=tuple(resources),
        failures=tuple(map(_failure, root.findall("failures/failure")[:_HISTORY])),
        fencing=tuple(map(_event, root.findall("fence_history/fence_event")[:_HISTORY])),
        bans=tuple(name for one in locations if (name := word(one, "id")).startswith("cli-"))[:_CONSTRAINTS],
        constraints=tuple(_in_words(one) for one in locations[:_CONSTRAINTS]),
        service=service,
        unread=tuple(reader.unread[:_UNREAD]),
    )


def word(element: Element | None, attribute: str, limit: int = 64) -> str:
    """An attribute as text that is harmless; empty where it is not there."""
    return clean(element.get(attribute, ""), limit) if element is not None else ""


@dataclass(slots=True)
class Reader:
    """Reads what decides, and notes in `unread` what it could not make out."""

    unread: list[str] = field(default_factory=list)

    def flag(self, element: Element | None, attribute: str, what: str, *, missing: bool = False) -> bool:
        """Whether an attribute is "true"; `missing` where it is not there, or says neither that nor "false"."""
        said = element.get(attribute) if element is not None else None
        if said not in (None, "true", "false"):
            self.unread.append(f"{attribute} of {what}")
        return said == "true" if said in ("true", "false") else missing

    def cib(self, left: str) -> Element | None:
        """What cibadmin told; None where it told nothing that can be read."""
        if not left.strip():
            return None
        try:
            return parsed(left)
        except ValueError:
            self.unread.append("the constraints of the CIB")
            return None

    def node(self, node: Element) -> CrmNode:
        name = word(node, "name")
        if node.get("online") is None:
            self.unread.append(f"online of {name}")
        return CrmNode(
            name=name,
            online=self.flag(node, "online", name),
            standby=self.flag(node, "standby", name),
            maintenance=self.flag(node, "maintenance", name),
            pending=self.flag(node, "pending", name),
            unclean=self.flag(node, "unclean", name),
            is_dc=self.flag(node, "is_dc", name),
            kind="member" if word(node, "type") in ("", "member", "ping", "unknown") else "remote",
            guest_of=word(node, "id_as_resource"),
            shutdown=self.flag(node, "shutdown", name),
            standby_onfail=self.flag(node, "standby_onfail", name),
            health=word(node, "health") or "green",
        )

    def resources(self, root: Element, addresses: Mapping[str, str]) -> Iterator[CrmResource]:
        """Every instance of every resource, in the order in which they are shown."""
        histories = _histories(root)
        for top in root.iterfind("resources/*"):
            yield from self._within(top, _Above(), histories, addresses)

    def _within(
        self, element: Element, above: _Above, histories: Histories, addresses: Mapping[str, str]
    ) -> Iterator[CrmResource]:
        if element.tag == "resource":
            yield self._resource(element, above, histories, addresses)
            return
        name = word(element, "id")
        role = _target(element) or above.target_role
        inner = replace(
            above,
            instances=above.instances or element.tag in ("clone", "bundle"),
            replica=word(element, "id") if element.tag == "replica" else above.replica,
            promotable=above.promotable or self.flag(element, "multi_state", name),
            target_role="stopped" if self.flag(element, "disabled", name) else role,
        )
        for child in element:
            one = None
            for one in self._within(child, inner, histories, addresses):
                yield one
            # The members of a group start one after the other: those behind one that is stopped by hand are so too.
            if element.tag == "group" and one is not None and one.target_role == "stopped":
                inner = replace(inner, target_role="stopped")

    def _resource(
        self, resource: Element, above: _Above, histories: Histories, addresses: Mapping[str, str]
    ) -> CrmResource:
        name = word(resource, "id")
        role = word(resource, "role")
        known = histories.get(name, ())
        threshold = min((limit for _, _, limit in known), default=_INFINITY)
        nodes = tuple(word(node, "name") for node in resource.iterfind("node"))
        return CrmResource(
            id=name,
            agent=word(resource, "resource_agent"),
            role=role,
            active=self.flag(resource, "active", name, missing=bool(nodes) and role != "Stopped"),
            failed=self.flag(resource, "failed", name),
            managed=self.flag(resource, "managed", name, missing=True),
            orphaned=self.flag(resource, "orphaned", name),
            blocked=self.flag(resource, "blocked", name),
            nodes=nodes,
            fail_counts={node: count for node, count, _ in known if count},
            migration_threshold=threshold if 0 < threshold < _INFINITY else None,
            common=_common(name, above) if above.instances else "",
            promotable=above.promotable or role in _INSTANCES,
            target_role=above.target_role if above.target_role == "stopped" else _target(resource) or above.target_role,
            failure_ignored=self.flag(resource, "failure_ignored", name),
            locked_to=word(resource, "locked_to"),
            pending=word(resource, "pending"),
            address=addresses.get(name),
        )


@dataclass(frozen=True, slots=True)
class _Above:
    """What the groups, clones and bundles around a resource say of it."""

    instances: bool = False
    """It is one of several that may run."""
    replica: str = ""
    """The number of a bundle's replica."""
    promotable: bool = False
    target_role: str = ""


def _target(element: Element) -> str:
    """A target-role in today's words; any case of letters is as good to Pacemaker."""
    said = word(element, "target_role").lower()
    return _ROLES.get(said, said)


def _common(name: str, above: _Above) -> str:
    """The part of an instance's name that its number, or a replica's address, is no part of."""
    if above.replica:
        return re.sub(r"(-ip)-[0-9a-fA-F.:]+$", r"\1", name).removesuffix(f"-{above.replica}")
    return re.sub(r":[0-9]+$", "", name)


def _failure(failure: Element) -> CrmFailure:
    return CrmFailure(
        operation=word(failure, "op_key") or word(failure, "id"),
        node=word(failure, "node"),
        # Where the agent gave no reason, it is empty or "none".
        reason=word(failure, "exitreason", 160).removesuffix("none") or word(failure, "exitstatus"),
    )


def _event(event: Element) -> FencingEvent:
    return FencingEvent(
        target=word(event, "target"),
        action=word(event, "action"),
        # Before 2.0.3 it was called `state`.
        status=word(event, "status") or word(event, "state"),
        completed=word(event, "completed"),
        reason=word(event, "exit-reason", 160),
    )


def _addresses(cib: Element) -> dict[str, str]:
    """The address of each IPaddr2; one that has more than one, by rules, is left out."""
    found = {}
    for primitive in cib.iter("primitive"):
        said = {word(pair, "value") for pair in primitive.iterfind("instance_attributes/nvpair[@name='ip']")}
        if len(said) == 1:
            found[word(primitive, "id")] = said.pop()
    return found


def _in_words(location: Element) -> str:
    what = word(location, "rsc") or word(location, "rsc-pattern") or "a set of resources"
    node, score = word(location, "node"), word(location, "score")
    if not node:
        return f"{what} by a rule, {word(location, 'id')}"
    return f"{what} not on {node}" if score == "-INFINITY" else f"{what} on {node}, score {score}"


Histories = Mapping[str, Sequence[tuple[str, int, int]]]
"""Resource to node, fail count and migration threshold of each node that has run it, or tried to."""


def _histories(root: Element) -> Histories:
    found: dict[str, list[tuple[str, int, int]]] = {}
    entries = ((node, one) for node in root.iterfind("node_history/node") for one in node.iterfind("resource_history"))
    for node, one in islice(entries, _COUNTS):
        limits = _number(one, "fail-count", 0), _number(one, "migration-threshold", _INFINITY)
        found.setdefault(word(one, "id"), []).append((word(node, "name"), *limits))
    return found


def _number(element: Element, attribute: str, missing: int) -> int:
    """A number of Pacemaker's scores; what is none, or is not there, counts as `missing`."""
    said = element.get(attribute, "")
    if said == "INFINITY":
        return _INFINITY
    return min(whole_or(missing, said), _INFINITY)
