"""What is wrong with the resources of a Pacemaker cluster: one trouble of each, however many instances it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cluster.pacemaker.record import CrmNode, CrmResource, CrmStatus

PROMOTED = ("Promoted", "Master")
MOVING = ("Starting", "Stopping", "Promoting", "Demoting", "Migrating")


class Kind(StrEnum):
    """What a trouble is of; `Trouble.broken` says whether it keeps something from its clients."""

    BLOCKED = "blocked"
    FAILED = "failed"
    NOWHERE = "nowhere"
    UNCLEAN = "unclean"
    UNPROMOTED = "unpromoted"
    DOUBLE = "double"
    DISABLED = "disabled"
    UNMANAGED = "unmanaged"
    ORPHANED = "orphaned"
    FEWER = "fewer"
    MOVING = "moving"


_BROKEN = {Kind.BLOCKED, Kind.FAILED, Kind.NOWHERE, Kind.UNCLEAN, Kind.UNPROMOTED, Kind.DOUBLE}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One resource's: `said` is a clause, so that "NAME SAID" is a sentence."""

    resource: str
    kind: Kind
    said: str
    fencing: bool
    """It is a fencing device."""

    @property
    def broken(self) -> bool:
        """It does not do what it is there for. False: it was set so by hand, or something is left over."""
        return self.kind in _BROKEN

    @property
    def unsettled(self) -> bool:
        """It is not as it is to be, or about to become so."""
        return self.broken or self.kind is Kind.MOVING

    def __str__(self) -> str:
        return f"{self.resource} {self.said}"


@dataclass(frozen=True, slots=True)
class Group:
    """One resource with all its instances in a clone, or in a bundle's replicas."""

    name: str
    instances: Sequence[CrmResource]

    @property
    def active(self) -> list[CrmResource]:
        """The instances that run."""
        return [one for one in self.instances if one.active]


def groups(resources: Sequence[CrmResource]) -> list[Group]:
    """The resources by name, in the order in which they are shown."""
    found: dict[str, list[CrmResource]] = {}
    for one in resources:
        found.setdefault(one.common or one.id, []).append(one)
    return [Group(name, instances) for name, instances in found.items()]


def troubles(view: CrmStatus) -> list[Trouble]:
    """Every trouble of every resource. Where all are stopped at once (stop-all-resources), none is told for it."""
    return [trouble for group in groups(view.resources) for trouble in _of(view, group)]


def unsettled(view: CrmStatus) -> list[Trouble]:
    """Those for which the cluster is not at rest."""
    return [trouble for trouble in troubles(view) if trouble.unsettled]


def moving(resource: CrmResource) -> bool:
    """Whether Pacemaker is changing where or how it runs."""
    return resource.pending in MOVING or resource.role in MOVING


def _of(view: CrmStatus, group: Group) -> Iterator[Trouble]:
    def told(kind: Kind, said: str) -> Trouble:
        return Trouble(group.name, kind, said, fencing=group.instances[0].agent.startswith("stonith:"))

    if blocked := [one for one in group.instances if one.blocked]:
        yield told(Kind.BLOCKED, f"is blocked{_on(blocked)}")
    elif failed := [one for one in group.instances if one.failed and not one.failure_ignored]:
        yield told(Kind.FAILED, f"failed{_on(failed)}")
    elif not group.active:
        yield from (told(*found) for found in _inactive(view, group))
    else:
        yield from (told(*found) for found in _broken_though_active(view, group))
    if ignored := [one for one in group.instances if one.failure_ignored]:
        yield told(Kind.UNMANAGED, f"failed{_on(ignored)}, which its configuration ignores (on-fail=ignore)")
    if group.active:
        yield from (told(*found) for found in _by_hand(view, group))


def _inactive(view: CrmStatus, group: Group) -> Iterator[tuple[Kind, str]]:
    first = group.instances[0]
    host = next((node.guest_of for node in view.nodes if node.name == first.id and node.guest_of), "")
    # Of a guest node whose host does not run, the host is told of.
    if all(one.orphaned for one in group.instances) or view.stop_all or (host and not _runs(view, host)):
        return
    if first.target_role == "stopped":
        yield Kind.DISABLED, "is disabled by hand (target-role Stopped)"
    elif first.locked_to:
        yield Kind.DISABLED, f"waits for {first.locked_to}, which was shut down (shutdown-lock)"
    else:
        yield Kind.NOWHERE, f"runs nowhere{f' ({first.pending})' if first.pending else ''}"


def _broken_though_active(view: CrmStatus, group: Group) -> Iterator[tuple[Kind, str]]:
    unclean = {node.name for node in view.nodes if node.unclean}
    where = {name for one in group.active for name in one.nodes}
    # Whether a fencing device can be used does not depend on where it is watched.
    if where and where <= unclean and not group.active[0].agent.startswith("stonith:"):
        yield Kind.UNCLEAN, _lost("was", sorted(where))
        return
    for one in group.active:
        if len(one.nodes) > 1:
            yield Kind.DOUBLE, f"runs on {len(one.nodes)} nodes: {', '.join(one.nodes)}"
    if any(one.promotable for one in group.instances):
        promoted = {name for one in group.active if one.role in PROMOTED for name in one.nodes}
        if promoted and promoted <= unclean:
            yield Kind.UNPROMOTED, _lost("was promoted", sorted(promoted))
        elif not promoted and group.instances[0].target_role in ("unpromoted", "stopped"):
            yield Kind.DISABLED, "is kept from being promoted by hand (target-role)"
        elif not promoted and not any(map(moving, group.active)):
            yield Kind.UNPROMOTED, f"has no promoted instance, of {len(group.active)} that run"


def _runs(view: CrmStatus, name: str) -> bool:
    return any(one.active for one in view.resources if one.id == name)


def _lost(what: str, where: Sequence[str]) -> str:
    names = ", ".join(where)
    verb = "is" if len(where) == 1 else "are"
    return f"{what} on {names}, unclean: it is not recovered until {names} {verb} fenced"


def _by_hand(view: CrmStatus, group: Group) -> Iterator[tuple[Kind, str]]:
    active = group.active
    if orphaned := [one for one in active if one.orphaned]:
        yield Kind.ORPHANED, f"runs{_on(orphaned)} and is not configured any more"
    elif active[0].target_role == "stopped":
        yield Kind.DISABLED, f"is disabled by hand (target-role Stopped), and still runs{_on(active)}"
    kept = {node.name for node in view.nodes if node.maintenance}
    # A node's maintenance, and the cluster's, are told of once, for all that runs there.
    unmanaged = [one for one in active if not one.managed and not (one.nodes and set(one.nodes) <= kept)]
    if unmanaged and not view.maintenance_mode:
        yield Kind.UNMANAGED, f"is not managed{_on(unmanaged)}: Pacemaker neither moves nor restarts it"
    if at_it := [one for one in active if one.role in MOVING]:
        yield Kind.MOVING, f"is {at_it[0].role.lower()}{_on(at_it)}"
    # Instances that a clone has beyond the nodes there are wait for more. Those of a node that is away are missed.
    if len(active) < len(group.instances) and any(not _takes(node) for node in view.nodes if not node.guest_of):
        yield Kind.FEWER, f"runs on {len(active)} of {len(group.instances)}"


def _takes(node: CrmNode) -> bool:
    return node.online and not (node.unclean or node.standby or node.pending)


def _on(instances: Sequence[CrmResource]) -> str:
    where = dict.fromkeys(name for one in instances for name in one.nodes)
    return f" on {', '.join(where)}" if where else ""
