"""A service of OpenStack as it runs: whether it answers, and restarts while the other controllers carry on."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.haproxy.gates import kept_away
from cluster.haproxy.record import ProxyNode
from cluster.health.services import down
from cluster.openstack.availability import Availability
from cluster.openstack.lone_health import misplaced, unheard
from cluster.openstack.offers import balanced
from cluster.openstack.parts import listed
from cluster.openstack.record import ApiNode
from cluster.openstack.service import OpenstackService
from cluster.openstack.table import BY_NAME
from cluster.openstack.verdict import answer, mute, unlisted
from cluster.pacemaker.names import VIP
from cluster.spec import Cluster, Role
from cluster.state import Unknown, runs
from facts.openstack import answers
from operations import services
from operations.controllers import moved, where
from operations.hosts import look, look_all, shell, taking_part
from operations.procedure import Procedure, taken
from operations.service import or_last_words
from operations.starting import starting
from operations.steps import Refused, Step, refused
from operations.traffic import carrying

START = 300
"""Seconds in which it must answer after its start: on a busy host it takes minutes."""


@operation()
def answering(
    service: str, hosts: Sequence[str], cluster: Cluster, *, alone: bool = False
) -> Generator[PyinfraCommand, None, None]:
    """Wait until the service answers on each of `hosts` that takes part: what comes next stands on it.

    Where it is to run `alone`, until it does on one of `hosts`. Its lone part has to have told of itself, too.
    """
    mine = BY_NAME[service]
    asked = hosts if alone else taking_part(hosts)

    def why_not() -> str | None:
        reasons = (silent(mine, name) for name in asked)
        if not alone:
            found = next(filter(None, reasons), None)
        else:
            several = list(reasons)
            found = None if None in several else several[0]
        return found or _unheard(mine, cluster, hosts)

    if why_not():
        told = f"one of {', '.join(asked)}" if alone else ", ".join(asked)
        yield Step(f"{service} answers on {told}", lambda: None, verify=why_not, within=START)


def silent(service: OpenstackService, name: str) -> str | None:
    """Why the service on a host does not answer, or None: it does, whatever becomes of its database."""
    node = look(name, answers(service.name))
    if not isinstance(node, ApiNode):
        return f"{name}: {node.reason}"
    if node.away:
        return f"{name}: {down(node.away[0])}"
    if not node.healthy:
        return f"{service.name} on {name} {answer(node.health)}"
    return f"{name}: {mute(node.mute[0])}" if node.mute else None


def _unheard(service: OpenstackService, cluster: Cluster, hosts: Sequence[str]) -> str | None:
    """Why its lone part does not do its work, or None: it does, or there is none."""
    if not service.lone or not service.lone_units(cluster):
        return None
    nodes = look_all(hosts, answers(service.name))
    if reason := misplaced(cluster, service, nodes):
        return reason
    if not listed(nodes):
        return unlisted(service)
    if reason := next(unheard(cluster, service, nodes), ""):
        return f"{reason}: see {service.log(service.lone.unit)} there"
    return None


def restarted(
    service: OpenstackService, cluster: Cluster, proxies: Mapping[str, ProxyNode | Unknown], name: str
) -> list[Step]:
    """The steps that restart the service on `name` while the others carry on. Who was taken out by hand stays so.

    `proxies` is what the balancers are seen to do. What Pacemaker runs is restarted where it runs: its agent lets that
    be, and nothing moves.
    """
    clustered = service.clustered(cluster)
    step = Step(
        f"{service.name} on {name} restarts",
        lambda: _restart(service, clustered, name),
        verify=lambda: silent(service, name),
        within=START,
        lasting="it was restarted",
        on=name,
    )
    # None of it that is balanced there is asked for in vain.
    served = [one for one in balanced(service, cluster) if name not in kept_away(proxies, one)]
    balancers = list(proxies)
    return [
        *(services.taken_out(balancers, one, name) for one in served),
        step,
        *(services.given_back(balancers, one, name) for one in served),
    ]


def vip_leaves(service: OpenstackService, cluster: Cluster, name: str, well: Sequence[str]) -> list[Step]:
    """The steps that move the controllers' VIP from `name`, which has it, to the first of `well`, which give the
    service: where it runs on all controllers. None where another service would have to move along."""
    along = [one for one in BY_NAME.values() if one.wanted(cluster) and _is(one, cluster, Availability.PASSIVE)]
    others = [host for host in well if host != name]
    if along or not others or not _is(service, cluster, Availability.WARM):
        return []
    return moved(cluster.names(Role.CONTROLLER), VIP, name, others[0])


def _is(service: OpenstackService, cluster: Cluster, availability: Availability) -> bool:
    return service.availability(cluster) is availability


def _restart(service: OpenstackService, clustered: Collection[str], name: str, units: Sequence[str] = ()) -> None:
    """Start its units anew, or those given. Refused, with a unit's own words, where systemd says that it failed.

    Those that are `clustered` only where they run: Pacemaker alone starts one.
    """
    for unit in units or _all_units(_seen(service, name)):
        with starting(name, unit):
            verb = "try-restart" if unit in clustered else "restart"
            again = or_last_words(f"systemctl daemon-reload; systemctl {verb} {unit}", unit, service.log(unit))
            shell(name, again, timeout=START)


def _all_units(node: ApiNode) -> list[str]:
    return [unit.unit for unit in (*node.units, *node.lone)]


def _seen(service: OpenstackService, name: str) -> ApiNode:
    """What is so of it on the host. Refused where that can't be told."""
    node = look(name, answers(service.name))
    if not isinstance(node, ApiNode):
        raise Refused(f"{name} can't be read: {node.reason}")
    return node


def brought_back(service: OpenstackService, cluster: Cluster, name: str) -> None:
    """Let the service on `name` run with the settings that lie on its disk: started, or restarted where that is due."""
    node, clustered = _seen(service, name), service.clustered(cluster)
    # What Pacemaker starts, it starts by itself.
    if away := [unit.unit for unit in node.away if unit.unit not in clustered]:
        _restart(service, clustered, name, away)
    if due(node):
        taken(_restarted_now(service, cluster, name))


def due(node: ApiNode) -> bool:
    """Whether one of its units runs with former settings."""
    return any(unit.restart_due and runs(unit) for unit in (*node.units, *node.lone))


@operation()
def rolled(service: str, cluster: Cluster) -> Generator[PyinfraCommand, None, None]:
    """Restart what runs with former settings, one controller at a time."""
    mine = BY_NAME[service]
    for name, node in look_all(taking_part(cluster.names(Role.CONTROLLER)), answers(service)).items():
        if not isinstance(node, ApiNode):
            yield refused(f"Restart {service}", f"whether it is due on {name} is not known: {node.reason}")
        elif due(node):
            yield Procedure(f"{name}: restart {service}", partial(_restarted_now, mine, cluster, name), on=name)


def _restarted_now(service: OpenstackService, cluster: Cluster, name: str) -> list[Step]:
    """The balancers may not run yet."""
    hosts, leaves = cluster.names(Role.CONTROLLER), list[Step]()
    if _is(service, cluster, Availability.WARM) and where(hosts, VIP) == (name,):
        leaves = vip_leaves(service, cluster, name, [host for host in hosts if not silent(service, host)])
    return [*leaves, *restarted(service, cluster, carrying(cluster.names(Role.HAPROXY)), name)]
