"""The parts of a service on all hosts, as its own records have them: who is silent, and what is left of removed ones.

Pure. A record outlives its part: of a program that was removed, and of a host that is gone, it says "down" for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cluster.health.verdict import Finding, Verdict
from cluster.openstack.record import ApiNode, Part
from cluster.openstack.retired import retired_in
from cluster.openstack.service import OpenstackService
from cluster.spec import Cluster
from cluster.state import Unknown, runs

Nodes = Mapping[str, ApiNode | Unknown]

NAMED = 3
"""As many hosts and numbers are named; the others are counted."""


def listed(nodes: Nodes) -> list[Part]:
    """Each part that some controller tells of, once for all that tell the same, by name and host."""
    parts = {part for node in nodes.values() if isinstance(node, ApiNode) for part in node.parts}
    return sorted(parts, key=lambda part: (part.name, part.host, part.number))


def silent(spec: Cluster, nodes: Nodes) -> list[Part]:
    """Those that are given work and have not told the service of themselves lately, by any name of their hosts."""
    return [part for part, other in _down(spec, nodes) if not other]


def _down(spec: Cluster, nodes: Nodes) -> Iterator[tuple[Part, str]]:
    """Those that are given work and are down, each with the other name of its host by which it is up; mostly empty."""
    parts, gone = listed(nodes), retired_in(spec.release)
    up: dict[tuple[str, str], list[str]] = {}
    for part in parts:
        if part.up:
            up.setdefault((part.name, _label(part.host)), []).append(part.host)
    found = {(part.name, part.host): part for part in parts if part.enabled and not part.up and part.name not in gone}
    for part in found.values():
        label = _label(part.host)
        # With a domain and without: in two domains they are two hosts.
        others = (host for host in up.get((part.name, label), ()) if host != part.host and label in (host, part.host))
        yield part, next(others, "")


def _label(host: str) -> str:
    return host.partition(".")[0]


def host_of(spec: Cluster, part: Part) -> str:
    """The inventory's name of its host, which the record may have with a domain; empty if the inventory has it not."""
    return next((name for name in (part.host, _label(part.host)) if name in spec.hosts), "")


def silent_findings(spec: Cluster, service: OpenstackService, nodes: Nodes) -> Iterator[Finding]:
    """Who is silent: each on a host of the inventory; of other hosts, which come and go, once for a program."""
    others: dict[str, list[str]] = {}
    lone = service.lone_names(spec)
    for part in silent(spec, nodes):
        if part.host in lone:
            continue
        if host := host_of(spec, part):
            said = f"{part.name} on {host} has not told {service.name} of itself lately"
            yield Finding(Verdict.WARN, said)
        else:
            others.setdefault(part.name, []).append(part.host)
    for name, hosts in others.items():
        yield Finding(
            Verdict.WARN,
            f"{name} on {some(hosts)}, not in the inventory, has not told {service.name} of itself lately "
            f"(of a host that is gone for good, `{service.forget} {service.forgotten_by}` takes the record away)",
        )


def leftovers(spec: Cluster, service: OpenstackService, nodes: Nodes) -> Iterator[Finding]:
    """What is left of programs that the service has no longer, and of hosts' former names.

    Nobody's trouble, unless such a program still runs.
    """
    for part, other in _down(spec, nodes):
        if other:
            way_out = f"`{service.forget} {part.number or service.forgotten_by}`"
            said = f"{part.name} on {part.host} is on {other} now: {way_out} takes"
            yield Finding(Verdict.OK, f"{said} the record of the host's former name away")
    for name, one in retired_in(spec.release, service.name).items():
        parts = list({(part.host, part.number): part for part in listed(nodes) if part.name == name}.values())
        if parts:
            numbers = " ".join(part.number or service.forgotten_by for part in parts[:NAMED])
            said = f"{name} on {some([part.host for part in parts])} {one.says}; "
            lives = any(part.up for part in parts)
            first = f"it still tells {service.name} of itself: stop it. " if lives else ""
            way_out = f"{first}`{service.forget} {numbers}` takes {'its record' if len(parts) == 1 else 'records'} away"
            yield Finding(Verdict.WARN if lives else Verdict.OK, f"{said}{way_out}")
        units = {
            host: unit
            for host, node in nodes.items()
            if isinstance(node, ApiNode)
            for unit in node.retired
            if unit.unit == f"{name}.service"
        }
        if units:
            lives = any(map(runs, units.values()))
            how = "still runs" if lives else "is still there"
            said = f"the unit {name} {how} on {some(list(units))}, and {one.says}: purge the package that brought it"
            yield Finding(Verdict.WARN if lives else Verdict.OK, said)


def some(hosts: Sequence[str]) -> str:
    """Their names, of which many are counted."""
    more = f" and {len(hosts) - NAMED} more" if len(hosts) > NAMED else ""
    return f"{', '.join(hosts[:NAMED])}{more}"
