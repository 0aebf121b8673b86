"""The controllers' cluster: when its configuration may be written, and when Corosync may take new settings over."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.state import CrmStatus, QuorumNode, Unknown


def may_configure(nodes: Mapping[str, CrmStatus | Unknown]) -> str | None:
    """Why the CIB must not be written now, or None: every controller is to be online in one cluster with quorum.

    Two halves that do not see each other would get a VIP each, and once fencing is on, a controller that was never
    seen would be fenced.
    """
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            return f"{name} {node.reason}"
        if not node.running:
            return f"{name}: Pacemaker does not answer"
        if not node.quorate:
            return f"{name} is in no cluster with quorum"
        online = {member.name for member in node.nodes if member.online and not member.pending}
        if missing := [other for other in nodes if other not in online]:
            return f"{name} does not see {', '.join(missing)} online"
    if len({node.dc for node in nodes.values() if isinstance(node, CrmStatus)}) > 1:
        return "the controllers do not agree on the DC"
    return None


def is_settled(status: CrmStatus | Unknown) -> str | None:
    """What does not run yet as it should, or None. A fencing device that runs has been asked for its host's status."""
    if isinstance(status, Unknown):
        return status.reason
    if status.failures:
        said = (f"{failure.operation} on {failure.node}: {failure.reason}" for failure in status.failures)
        return "; ".join(said)
    waiting = [resource.id for resource in status.resources if not resource.active or resource.failed]
    return f"{', '.join(waiting)} do not run" if waiting else None


def may_reload(nodes: Mapping[str, QuorumNode | Unknown]) -> str | None:
    """Why Corosync must not take new settings over now, or None: every member has to be there to take them too."""
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            return f"{name} {node.reason}"
        if not node.running or not node.quorate:
            return f"{name} is not in a membership with quorum"
        if len(node.members) != len(nodes):
            return f"{name} sees {len(node.members)} of {len(nodes)} members"
    return None
