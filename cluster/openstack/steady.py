"""When a service of OpenStack is complete, so that one of its hosts may be taken out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cluster.condition import asked, known_of
from cluster.health.services import down
from cluster.layer import Condition
from cluster.openstack.availability import Availability
from cluster.openstack.lone_health import misplaced, on, unheard
from cluster.openstack.parts import host_of, listed, silent
from cluster.openstack.record import LIMIT, ApiNode
from cluster.openstack.running import gives_it, not_alone, stands_by
from cluster.openstack.service import OpenstackService
from cluster.openstack.verdict import NO_TOKEN, answer, mute, unlisted
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, Unknown


def condition(service: OpenstackService) -> Condition:
    """That all controllers give what it is there for; or one does, where it is to run on one alone."""
    name, gives = service.name, service.gives

    def count(spec: Cluster, state: ClusterState) -> tuple[str, str]:
        names = spec.names(Role.CONTROLLER)
        working = sum(map(gives_it, known_of(state[service.fact], names, ApiNode).values()))
        if service.availability(spec) is Availability.PASSIVE:
            return f"one gives {gives}", f"{working} give {gives}"
        return f"{len(names)} give {gives}", f"{working} give {gives}"

    def against(spec: Cluster, state: ClusterState, excluding: Collection[str]) -> Iterator[str]:
        for host, node in asked(state[service.fact], spec.names(Role.CONTROLLER)).items():
            if host in excluding or (isinstance(node, ApiNode) and stands_by(service, spec, node)):
                continue
            if isinstance(node, Unknown):
                yield f"{host} can't be asked for its {name}: {node.reason}."
            elif node.away:
                yield f"{down(node.away[0])} on {host}: see `journalctl -u {node.away[0].unit}` there."
            elif node.mute:
                unit = node.mute[0].unit
                yield f"on {host} {mute(node.mute[0])}: see `journalctl -u {unit}` and its log there."
            elif node.healthy and node.waits is not None:
                yield f"{name} on {host} has not given {gives} for {node.waits:.0f} s."
            elif node.healthy and node.call is None:
                yield f"whether {name} on {host} gives {gives} is not known: {NO_TOKEN}."
            elif not node.works:
                said = answer(node.call or 0, LIMIT) if node.healthy else answer(node.health)
                yield f"{name} on {host} {said}: see `journalctl -u {node.service.unit}` and its log there."

        seen = asked(state[service.fact], spec.names(Role.CONTROLLER))
        on_one = service.availability(spec) is Availability.PASSIVE
        if on_one and (said := not_alone(service, seen)):
            yield f"{said}."
        # What it lacks may be for want of a host that is taken out: the one that runs it, or any where none does.
        if not set(on(seen) or spec.names(Role.CONTROLLER)) & set(excluding):
            found = (misplaced(spec, service, seen), *unheard(spec, service, seen))
            yield from (f"{said}." for said in found if said)
            if service.lone_units(spec) and not listed(seen):
                yield f"{unlisted(service)}."
        # Hosts that are not in the inventory come and go, and what is taken out here is nothing to them.
        for part in silent(spec, known_of(state[service.fact], spec.names(Role.CONTROLLER), ApiNode)):
            if (host := host_of(spec, part)) and host not in excluding:
                yield f"{part.name} on {host} has not told {name} of itself lately: see its log there."

    return Condition(name, count, against)
