"""What Pacemaker has of a service of OpenStack: the names of its resources, and whether they are those wanted."""

from __future__ import annotations

from cluster.openstack.availability import Availability
from cluster.openstack.record import ApiNode
from cluster.openstack.service import OpenstackService
from cluster.pacemaker.record import CRM_MON, CrmStatus
from cluster.spec import Cluster
from cluster.state import ClusterState


def named(unit: str, *, warm: bool = False) -> str:
    """The name of the resource that runs a unit; `warm` of that which a clone runs on all controllers."""
    return f"hatui-{'warm-' if warm else ''}{unit.removesuffix('.service')}"


def is_warm(spec: Cluster, service: OpenstackService, unit: str) -> bool:
    """Whether Pacemaker is to run a unit on all controllers."""
    return service.availability(spec) is Availability.WARM and unit not in service.lone_units(spec)


def resource_of(spec: Cluster, service: OpenstackService, unit: str) -> str:
    """The name of the resource that is to run a unit."""
    return named(unit, warm=is_warm(spec, service, unit))


def changes_hands(service: OpenstackService, spec: Cluster, state: ClusterState) -> str:
    """Why the service can't be rolled out one controller after another: somebody else is to start it, or elsewhere.

    A sentence with what to do; empty if it can, or if no controller tells what Pacemaker runs.
    """
    told = next((one for one in state[CRM_MON].values() if isinstance(one, CrmStatus) and one.running), None)
    if told is None or not any(isinstance(one, ApiNode) for one in state[service.fact].values()):
        return ""
    passive, warm = {named(unit) for unit in service.units}, {named(unit, warm=True) for unit in service.units}
    lone = {named(service.lone.unit)} if service.lone else set()
    there = {one.id.partition(":")[0] for one in told.resources} & (passive | warm | lone)
    if there == {resource_of(spec, service, unit) for unit in service.clustered(spec)}:
        return ""
    is_now = Availability.PASSIVE if there & passive else Availability.WARM if there & warm else Availability.ACTIVE
    wanted = service.availability(spec)
    if is_now is wanted:
        said = f"{service.name} is to have other parts under Pacemaker: that is done on all controllers at once"
    else:
        said = (
            f"{service.name} is {is_now}, and is to be {wanted}: that is done on all controllers at once, and it is "
            "away meanwhile"
        )
    by = f"`pyinfra INVENTORY deploy/haproxy.py`, then `pyinfra INVENTORY deploy/{service.name}.py`"
    return f"{said}. Do it by {by}."
