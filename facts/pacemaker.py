"""Pacemaker on this host: what the cluster runs, where, and whom it fenced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.pacemaker.names import UNIT
from cluster.pacemaker.record import CONTROLLERS_VIP, CrmStatus
from cluster.stacks import STACKS
from cluster.state import Unknown
from cluster.text import clean
from facts import keepalived
from facts.asked import asked_command, split_asked, why_not_asked
from facts.base import parse_services, services_command, unreadable
from facts.crm_mon import status, word
from facts.hints import Hints
from facts.keepalived import VrrpOwner
from facts.xml import parsed

# The configuration, and on the DC the number of what its scheduler last had to decide.
HINTS = Hints(units=(UNIT,), files=("/var/lib/pacemaker/cib/cib.xml", "/var/lib/pacemaker/pengine/pe-input.last"))

_ADDRESSES = "//primitive[@type='IPaddr2']"
"""The VIPs, each with the address that crm_mon does not tell."""
_NO_OPTION = 64
"""crm_mon's exit code for an option that it does not know: before Pacemaker 2.0.3 it has no --output-as."""


def pacemaker_command() -> str:
    """A shell command whose output `parse_crm_mon` reads. At most 5 s when Pacemaker hangs, some 40 ms else.

    `Asked` is the exit code of crm_mon; `Process` is there only where it failed.
    """
    return (
        "timeout 2 crm_mon -1 --output-as=xml 2>/dev/null; asked=$?; "
        f"[ $asked -ne {_NO_OPTION} ] || {{ timeout 2 crm_mon --as-xml 2>/dev/null; asked=$?; }}; "
        "echo; echo Left=; [ $asked -ne 0 ] || "
        f'timeout 1 cibadmin -Q -A "//rsc_location|{_ADDRESSES}" 2>/dev/null; '
        f"echo; echo Services=; {services_command({UNIT: ()})}; {asked_command('pacemakerd')}"
    )


def parse_crm_mon(text: str) -> CrmStatus | Unknown:
    """The cluster as this host sees it, from crm_mon's XML (crm_mon(8)), and from the CIB the location constraints and
    the VIPs' addresses.

    Not running, which takes an inactive unit and no process: `running` False. Unknown, with what was missing, where
    crm_mon could not be asked.
    """
    said, left_mark, rest = text.partition("\nLeft=\n")
    left, mark, services = rest.partition("\nServices=")
    if not mark or not left_mark:
        return unreadable(ValueError("the answer breaks off"), clean(text))
    services, asked = split_asked(services)
    service = parse_services(services.lstrip("\n")).get(UNIT)
    try:
        # An error, too, is said in XML, without a summary.
        root = parsed(said) if said.strip() else None
        if root is not None and root.find("summary") is not None:
            return status(root, left, service)
    except (ValueError, LookupError) as error:
        return unreadable(error, clean(said))
    if reason := why_not_asked("crm_mon", services, service, asked, _error(root)):
        return Unknown(reason)
    return CrmStatus(
        running=False, dc="", quorate=False, stonith_enabled=False, maintenance_mode=False,
        nodes=(), resources=(), failures=(), fencing=(), bans=(), service=service,
    )  # fmt: skip


def _error(root: Element | None) -> str:
    """What crm_mon says went wrong, such as "Not connected"; empty if it says nothing."""
    said = root.find("status") if root is not None else None
    return "" if word(said, "code") == "0" else word(said, "message", 120)


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


def lacking(wanted: str, seen: str) -> tuple[str, ...]:
    """Each element of the XML `wanted` that is not in `seen` with the same attributes (found by tag and id), as a line:
    "+" before what is not there, "~" before what is there with other values."""
    try:
        return tuple(_lacking(parsed(wanted), parsed(seen) if seen.strip() else None))
    except ValueError:
        return ("+ all of it: the configuration that is there could not be read",)


def ids_of(configuration: str) -> set[str]:
    """The ids of all elements of a configuration of hatui's own."""
    return {name for one in parsed(configuration).iter() if (name := one.get("id"))}


def there(configuration: str, ids: Iterable[str]) -> tuple[str, ...]:
    """Those of `ids` that a configuration has; none where it could not be read."""
    try:
        found = {one.get("id") for one in parsed(configuration).iter()} if configuration.strip() else set()
    except ValueError:
        return ()
    return tuple(one for one in ids if one in found)


def _lacking(wanted: Element, seen: Element | None) -> Iterator[str]:
    differs = [name for name, value in wanted.attrib.items() if seen is not None and seen.get(name) != value]
    if seen is None and wanted.attrib:
        yield f"+ {wanted.tag} {' '.join(f'{name}={value}' for name, value in wanted.attrib.items())}"
    elif seen is not None and differs:
        said = ", ".join(f"{name} {seen.get(name, 'not there')} -> {wanted.get(name)}" for name in differs)
        yield f"~ {wanted.tag} {wanted.get('id', '')}: {said}"
    for child in wanted:
        others = seen.iterfind(child.tag) if seen is not None else ()
        yield from _lacking(child, next((other for other in others if other.get("id") == child.get("id")), None))


FACTS = {
    CONTROLLERS_VIP.name: (VrrpOwner(), keepalived.HINTS),
    **{stack.crm.name: (CrmMon(), HINTS) for stack in STACKS},
}
"""The layers' facts (cluster/layers), by their names, and what tells of a change in each."""
