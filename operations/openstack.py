"""A service of OpenStack as it runs: whether it answers, and restarts while the other controllers carry on."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.haproxy.gates import kept_away
from cluster.haproxy.record import ProxyNode
from cluster.health.services import down
from cluster.openstack.record import ApiNode
from cluster.openstack.service import OpenstackService
from cluster.openstack.table import BY_NAME
from cluster.openstack.verdict import answer, mute
from cluster.state import Unknown, runs
from facts.openstack import answers
from operations import services
from operations.hosts import look, look_all, shell, taking_part
from operations.procedure import Procedure, taken
from operations.service import or_last_words
from operations.starting import starting
from operations.steps import Refused, Step, refused
from operations.traffic import carrying

START = 300
"""Seconds in which it must answer after its start: on a busy host it takes minutes."""


@operation()
def answering(service: str, hosts: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Wait until the service answers on each of `hosts` that takes part: what comes next stands on it."""
    mine = BY_NAME[service]
    waiting = [name for name in taking_part(hosts) if silent(mine, name)]
    if waiting:
        yield Step(
            f"{service} answers on {', '.join(waiting)}",
            lambda: None,
            verify=lambda: next((why for name in waiting if (why := silent(mine, name))), None),
            within=START,
        )


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


def restarted(service: OpenstackService, proxies: Mapping[str, ProxyNode | Unknown], name: str) -> list[Step]:
    """The steps that restart the service on `name` while the others carry on. Who was taken out by hand stays so.

    `proxies` is what the balancers are seen to do.
    """
    step = Step(
        f"{service.name} on {name} restarts",
        lambda: restart(service, name),
        verify=lambda: silent(service, name),
        within=START,
        lasting="it was restarted",
        on=name,
    )
    # None of it that is balanced there is asked for in vain.
    balanced = [one for one in service.balanced if name not in kept_away(proxies, one)]
    balancers = list(proxies)
    return [
        *(services.taken_out(balancers, one, name) for one in balanced),
        step,
        *(services.given_back(balancers, one, name) for one in balanced),
    ]


def restart(service: OpenstackService, name: str, units: Sequence[str] = ()) -> None:
    """Start its units anew, or those given. Refused, with a unit's own words, where systemd says that it failed."""
    for unit in units or [one.unit for one in _seen(service, name).units]:
        with starting(name, unit):
            again = or_last_words(f"systemctl daemon-reload; systemctl restart {unit}", unit, service.log(unit))
            shell(name, again, timeout=START)


def _seen(service: OpenstackService, name: str) -> ApiNode:
    """What is so of it on the host. Refused where that can't be told."""
    node = look(name, answers(service.name))
    if not isinstance(node, ApiNode):
        raise Refused(f"{name} can't be read: {node.reason}")
    return node


def brought_back(service: OpenstackService, balancers: Sequence[str], name: str) -> None:
    """Let the service on `name` run with the settings that lie on its disk: started, or restarted where that is due."""
    node = _seen(service, name)
    if node.away:
        restart(service, name, [unit.unit for unit in node.away])
    if due(node):
        taken(_restarted_now(service, balancers, name))


def due(node: ApiNode) -> bool:
    """Whether one of its units runs with former settings."""
    return any(unit.restart_due and runs(unit) for unit in node.units)


@operation()
def rolled(service: str, hosts: Sequence[str], balancers: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Restart what runs with former settings, one host at a time."""
    mine = BY_NAME[service]
    for name, node in look_all(taking_part(hosts), answers(service)).items():
        if not isinstance(node, ApiNode):
            yield refused(f"Restart {service}", f"whether it is due on {name} is not known: {node.reason}")
        elif due(node):
            plan = partial(_restarted_now, mine, balancers, name)
            yield Procedure(f"{name}: restart {service}", plan, on=name)


def _restarted_now(service: OpenstackService, balancers: Sequence[str], name: str) -> list[Step]:
    """The balancers may not run yet."""
    return restarted(service, carrying(balancers), name)
