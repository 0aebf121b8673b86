"""On which controllers a service of OpenStack runs, and on which it stands by."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.openstack.availability import Availability
from cluster.openstack.record import ApiNode
from cluster.openstack.service import OpenstackService
from cluster.spec import Cluster
from cluster.state import Unknown, runs


def gives_it(node: ApiNode) -> bool:
    """Whether its own process gives what it is there for: what answers may be another host's, at a VIP."""
    return runs(node.service) and node.works


def stands_by(service: OpenstackService, spec: Cluster, node: ApiNode) -> bool:
    """Whether nothing of it runs on a host, as it is to be where it runs on one alone."""
    idle = all(unit.active == "inactive" for unit in node.units)
    return idle and service.availability(spec) is Availability.PASSIVE


def is_known(service: OpenstackService, spec: Cluster, node: ApiNode) -> bool:
    """Whether it is known that a host gives it, or does not."""
    return node.call is not None or not node.healthy or stands_by(service, spec, node)


def not_alone(service: OpenstackService, nodes: Mapping[str, ApiNode | Unknown]) -> str:
    """Why it does not run on one host alone, as a sentence without full stop; empty if it does, or may."""
    seen = {name: node for name, node in nodes.items() if isinstance(node, ApiNode)}
    on = [name for name, node in seen.items() if len(node.away) < len(node.units)]
    if len(on) > 1:
        return f"{service.name} runs on {' and '.join(on)}: it is to run on one alone (`crm_mon -1`)"
    return f"{service.name} runs nowhere: Pacemaker is to start it (`crm_mon -1`)" if not on and seen == nodes else ""
