"""Pacemaker on this host: what the cluster runs, where, and whom it fenced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from xml.etree.ElementTree import Element

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import whole_or
from cluster.state import CrmFailure, CrmNode, CrmResource, CrmStatus, FencingEvent, ServiceState, Unknown
from cluster.text import clean
from facts.base import parse_services, services_command, unreadable
from facts.signs import Signs
from facts.xml import parsed

UNIT = "pacemaker.service"
# The configuration, and on the DC the number of what its scheduler last had to decide.
SIGNS = Signs(units=(UNIT,), files=("/var/lib/pacemaker/cib/cib.xml", "/var/lib/pacemaker/pengine/pe-input.last"))

_HISTORY = 20
"""Entries of fencing and failures that are kept of what may be thousands."""
_CONSTRAINTS = 100
_COUNTS = 1000
"""Histories, each of a resource on a node, that are looked at for failures."""
_INFINITY = 1_000_000
"""What Pacemaker means by INFINITY, and crm_mon writes in its place."""


def pacemaker_command() -> str:
    """A shell command whose output `parse_crm_mon` reads. At most 2 s when Pacemaker hangs, some 40 ms else."""
    return (
        "timeout 2 crm_mon -1 --output-as=xml 2>/dev/null; asked=$?; echo; echo Left=; [ $asked -ne 0 ] || "
        "timeout 1 cibadmin -Q -A //rsc_location 2>/dev/null; "
        f"echo; echo Services=; {services_command({UNIT: ()})}"
    )


def parse_crm_mon(text: str) -> CrmStatus | Unknown:
    """The cluster as this host sees it, from crm_mon's XML (crm_mon(8)) and the CIB's location constraints.

    Not running: `running` False; so it is too for one that hangs, whose unit is then active.
    """
    said, left_mark, rest = text.partition("\nLeft=\n")
    left, mark, services = rest.partition("\nServices=")
    if not mark or not left_mark:
        return unreadable(ValueError("the answer breaks off"), clean(text))
    service = parse_services(services.lstrip("\n")).get(UNIT)
    try:
        # An error, too, is said in XML, without a summary.
        root = parsed(said) if said.strip() else None
        if root is None or root.find("summary") is None:
            return _down(service)
        return _status(root, left, service)
    except (ValueError, LookupError) as error:
        return unreadable(error, clean(said))


def _down(service: ServiceState | None) -> CrmStatus:
    return CrmStatus(
        running=False, dc="", quorate=False, stonith_enabled=False, maintenance_mode=False,
        nodes=(), resources=(), failures=(), fencing=(), bans=(), service=service,
    )  # fmt: skip


def _status(root: Element, left: str, service: ServiceState | None) -> CrmStatus:
    dc = root.find("summary/current_dc")
    options = root.find("summary/cluster_options")
    locations = _locations(left)
    histories = _histories(root)
    present = dc is not None and dc.get("present") == "true"
    return CrmStatus(
        running=True,
        dc=_word(dc, "name") if present else "",
        quorate=present and _flag(dc, "with_quorum"),
        stonith_enabled=_flag(options, "stonith-enabled"),
        maintenance_mode=_flag(options, "maintenance-mode"),
        nodes=tuple(_node(node) for node in root.iterfind("nodes/node")),
        resources=tuple(_resource(resource, histories) for resource in root.iterfind("resources//resource")),
        failures=tuple(
            CrmFailure(
                operation=_word(failure, "op_key") or _word(failure, "id"),
                node=_word(failure, "node"),
                reason=_word(failure, "exitreason", 160) or _word(failure, "exitstatus"),
            )
            for failure in root.findall("failures/failure")[:_HISTORY]
        ),
        fencing=tuple(
            FencingEvent(
                target=_word(event, "target"),
                action=_word(event, "action"),
                status=_word(event, "status"),
                completed=_word(event, "completed"),
            )
            for event in root.findall("fence_history/fence_event")[:_HISTORY]
        ),
        bans=tuple(name for one in locations if (name := _word(one, "id")).startswith("cli-"))[:_CONSTRAINTS],
        constraints=tuple(_in_words(one) for one in locations[:_CONSTRAINTS]),
        service=service,
    )


def _locations(text: str) -> list[Element]:
    """The location constraints of the CIB: one is said as it is, more within another element."""
    return list(parsed(text).iter("rsc_location")) if text.strip() else []


def _in_words(location: Element) -> str:
    what = _word(location, "rsc") or _word(location, "rsc-pattern") or "a set of resources"
    node, score = _word(location, "node"), _word(location, "score")
    if not node:
        return f"{what} by a rule, {_word(location, 'id')}"
    return f"{what} not on {node}" if score == "-INFINITY" else f"{what} on {node}, score {score}"


Histories = Mapping[str, Sequence[tuple[str, int, int]]]
"""Resource to node, fail count and migration threshold of each node that has run it, or tried to."""


def _histories(root: Element) -> Histories:
    found: dict[str, list[tuple[str, int, int]]] = {}
    entries = ((node, one) for node in root.iterfind("node_history/node") for one in node.iterfind("resource_history"))
    for node, one in islice(entries, _COUNTS):
        limits = _number(one, "fail-count", 0), _number(one, "migration-threshold", _INFINITY)
        found.setdefault(_word(one, "id"), []).append((_word(node, "name"), *limits))
    return found


def _number(element: Element, attribute: str, missing: int) -> int:
    """A number of Pacemaker's scores; what is none, or is not there, counts as `missing`."""
    said = element.get(attribute, "")
    if said == "INFINITY":
        return _INFINITY
    return min(whole_or(missing, said), _INFINITY)


def _node(node: Element) -> CrmNode:
    return CrmNode(
        name=_word(node, "name"),
        online=_flag(node, "online"),
        standby=_flag(node, "standby"),
        maintenance=_flag(node, "maintenance"),
        pending=_flag(node, "pending"),
        unclean=_flag(node, "unclean"),
        is_dc=_flag(node, "is_dc"),
    )


def _resource(resource: Element, histories: Histories) -> CrmResource:
    known = histories.get(_word(resource, "id"), ())
    threshold = min((limit for _, _, limit in known), default=_INFINITY)
    return CrmResource(
        id=_word(resource, "id"),
        agent=_word(resource, "resource_agent"),
        role=_word(resource, "role"),
        active=_flag(resource, "active"),
        failed=_flag(resource, "failed"),
        managed=_flag(resource, "managed"),
        orphaned=_flag(resource, "orphaned"),
        blocked=_flag(resource, "blocked"),
        nodes=tuple(_word(node, "name") for node in resource.iterfind("node")),
        fail_counts={node: count for node, count, _ in known if count},
        migration_threshold=threshold if 0 < threshold < _INFINITY else None,
    )


def _word(element: Element | None, attribute: str, limit: int = 64) -> str:
    return clean(element.get(attribute, ""), limit) if element is not None else ""


def _flag(element: Element | None, attribute: str) -> bool:
    return element is not None and element.get(attribute) == "true"


class CrmMon(FactBase[CrmStatus | Unknown]):
    """The Pacemaker cluster as this host sees it."""

    @override
    def command(self) -> str:
        return pacemaker_command()

    @override
    def process(self, output: Iterable[str]) -> CrmStatus | Unknown:
        return parse_crm_mon("\n".join(output))


class CrmConfiguration(FactBase[str]):
    """The `configuration` section of the CIB as XML (cibadmin(8)); empty where Pacemaker does not answer."""

    @override
    def command(self) -> str:
        return "timeout 5 cibadmin -Q --scope configuration 2>/dev/null; true"

    @override
    def process(self, output: Iterable[str]) -> str:
        return "\n".join(output)


def has_all(wanted: str, seen: str) -> bool:
    """Whether every element of the XML `wanted` is in `seen`, with the same attributes (found by tag and id)."""
    try:
        return bool(seen.strip()) and _in(parsed(wanted), parsed(seen))
    except ValueError:
        return False


def _in(wanted: Element, seen: Element) -> bool:
    if any(seen.get(name) != value for name, value in wanted.attrib.items()):
        return False
    for child in wanted:
        others = [other for other in seen.iterfind(child.tag) if other.get("id") == child.get("id")]
        if not others or not _in(child, others[0]):
            return False
    return True
