"""Pacemaker's members and resources by hand: into standby and back, restarted, and a resource moved for good.

Source: crm_standby(8), crm_resource(8).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from cluster.corosync.names import UNIT as COROSYNC
from cluster.pacemaker.gates import NO_QUORUM, may_configure, may_move, may_stand_by, not_left, not_online, view_of
from cluster.pacemaker.names import UNIT
from cluster.pacemaker.record import CrmStatus
from cluster.state import Unknown
from facts.pacemaker import CrmMon
from operations.hosts import look_all, shell
from operations.starting import starting
from operations.steps import Elsewhere, Refused, Step, wait_for

MOVE = 90
"""Seconds in which resources must have stopped in one place and started in another."""
JOIN = 120
"""Seconds in which a host whose Corosync and Pacemaker were started must be online."""
LIFETIME = "PT10M"
"""After which a move's constraint is void by itself, if nobody was left to clear it (ISO 8601)."""


def nodes_of(hosts: Sequence[str]) -> Mapping[str, CrmStatus | Unknown]:
    """Every host's view, read now."""
    return look_all(hosts, CrmMon)


def stands_by(hosts: Sequence[str], name: str) -> Step:
    """The step in which `name` hands its resources over and takes none."""
    return Step(
        f"{name} hands its resources over (standby)",
        lambda: _standby(hosts, name, on=True),
        precheck=lambda: may_stand_by(nodes_of(hosts), name),
        verify=_unless_taken_back(hosts, name, not_left, standby=True),
        within=MOVE,
        undo=lambda: _back_online(hosts, name),
        on=name,
    )


def online(hosts: Sequence[str], name: str) -> Step:
    """The step after which `name` may run resources again."""
    return Step(
        f"{name} may run resources again (online)",
        lambda: _standby(hosts, name, on=False),
        verify=_unless_taken_back(hosts, name, not_online, standby=False),
        within=MOVE,
        lasting=f"{name} is online",
        on=name,
    )


def restarted(hosts: Sequence[str], name: str) -> list[Step]:
    """The steps that restart Corosync and Pacemaker on `name` while the others run its resources."""

    def restart() -> None:
        # Pacemaker is stopped first by their units' order, and leaves the cluster in good order: nobody is fenced.
        with starting(name, COROSYNC, UNIT):
            shell(
                name, f"systemctl stop {UNIT} && systemctl restart {COROSYNC} && systemctl start {UNIT}", timeout=JOIN
            )

    return [
        stands_by(hosts, name),
        Step(
            f"Corosync and Pacemaker on {name} restart",
            restart,
            precheck=lambda: not_left(nodes_of(hosts), name),
            verify=lambda: may_configure(nodes_of(hosts)),
            within=JOIN,
            lasting="they were restarted",
            on=name,
        ),
        online(hosts, name),
    ]


def moved(hosts: Sequence[str], resource: str, origin: str, target: str) -> list[Step]:
    """The steps that move `resource` to `target`; the constraint that does it is taken away again."""
    return [
        Step(
            f"{resource} moves from {origin} to {target}",
            lambda: _move(hosts, resource, target),
            precheck=lambda: _why_not_move(hosts, resource, origin, target),
            verify=lambda: _not_on(hosts, resource, origin, target),
            within=MOVE,
            undo=lambda: _return(hosts, resource, origin),
        ),
        cleared(hosts, resource, target),
    ]


def cleared(hosts: Sequence[str], resource: str, target: str) -> Step:
    """The step that takes a move's constraint away, after which `resource` is still on `target`."""
    return Step(
        f"No constraint is left of the move of {resource}",
        lambda: _clear(hosts, resource),
        verify=lambda: _left(hosts, resource) or not_run_by(hosts, resource, target),
        lasting="the constraint is gone",
    )


def _unless_taken_back(
    hosts: Sequence[str],
    name: str,
    why_not: Callable[[Mapping[str, CrmStatus | Unknown], str], str | None],
    *,
    standby: bool,
) -> Callable[[], str | None]:
    """`why_not`, asked again and again; Refused at once where the standby was as told and somebody changed it."""
    looks: list[bool] = []

    def ask() -> str | None:
        nodes = nodes_of(hosts)
        view = view_of(nodes)
        member = next((one for one in view.nodes if one.name == name), None) if view else None
        if member is not None and member.online:
            looks.append(member.standby is standby)
        # Twice, since another host may be asked than before, which has not heard of it yet.
        if True in looks and looks[-2:] == [False, False]:
            what = f"took {name} out of standby" if standby else f"put {name} into standby"
            raise Refused(f"Somebody else {what} meanwhile: it is not waited for any longer.")
        return why_not(nodes, name)

    return ask


def _any(hosts: Sequence[str]) -> str:
    """A host with quorum, through which the cluster is told."""
    for name, node in nodes_of(hosts).items():
        if isinstance(node, CrmStatus) and node.running and node.quorate:
            return name
    raise Refused(f"{NO_QUORUM.capitalize()}.")


def _standby(hosts: Sequence[str], name: str, *, on: bool) -> None:
    change = "-v on" if on else "-D"
    shell(_any(hosts), f"crm_standby -N {shlex.quote(name)} {change} >/dev/null", timeout=30)


def _back_online(hosts: Sequence[str], name: str) -> None:
    _standby(hosts, name, on=False)
    wait_for(lambda: not_online(nodes_of(hosts), name), within=MOVE)


def _move(hosts: Sequence[str], resource: str, target: str) -> None:
    shell(
        _any(hosts),
        f"crm_resource --resource {shlex.quote(resource)} --move --node {shlex.quote(target)} --lifetime {LIFETIME} "
        ">/dev/null 2>&1",
        timeout=30,
    )


def _clear(hosts: Sequence[str], resource: str) -> None:
    shell(_any(hosts), f"crm_resource --resource {shlex.quote(resource)} --clear >/dev/null 2>&1", timeout=30)


def _return(hosts: Sequence[str], resource: str, origin: str) -> None:
    _clear(hosts, resource)
    if where(hosts, resource) != (origin,):
        _move(hosts, resource, origin)
        wait_for(lambda: not_run_by(hosts, resource, origin), within=MOVE)
        _clear(hosts, resource)


def _why_not_move(hosts: Sequence[str], resource: str, origin: str, target: str) -> str | None:
    nodes = nodes_of(hosts)
    if reason := may_move(nodes, resource, target):
        return reason
    now = where(hosts, resource)
    return None if now == (origin,) else f"{resource} is on {', '.join(now) or 'no host'}, not on {origin}"


def where(hosts: Sequence[str], resource: str) -> tuple[str, ...]:
    """The hosts that `resource` runs on now."""
    view = view_of(nodes_of(hosts))
    if view is None:
        raise Refused(f"{NO_QUORUM.capitalize()}.")
    return next((one.nodes for one in view.resources if one.id == resource), ())


def not_run_by(hosts: Sequence[str], resource: str, target: str) -> str | None:
    """Why `resource` does not run on `target` alone, and where it does, or None if so."""
    now = where(hosts, resource)
    return None if now == (target,) else f"{resource} is on {', '.join(now) or 'no host'}, not on {target}"


def _not_on(hosts: Sequence[str], resource: str, origin: str, target: str) -> str | None:
    now = where(hosts, resource)
    if len(now) == 1 and target not in now and origin not in now:
        _clear(hosts, resource)
        raise Elsewhere(f"{resource} went to {now[0]}, not to {target}: Pacemaker chose so. No constraint is left.")
    return not_run_by(hosts, resource, target)


def _left(hosts: Sequence[str], resource: str) -> str | None:
    view = view_of(nodes_of(hosts))
    mine = [ban for ban in (view.bans if view else ()) if ban in (f"cli-prefer-{resource}", f"cli-ban-{resource}")]
    return f"{', '.join(mine)} is still there" if mine else None
