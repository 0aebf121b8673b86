"""Keystone as it runs: whether it answers, and restarts while the other controllers carry on."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.haproxy.gates import kept_away
from cluster.haproxy.record import ProxyNode
from cluster.openstack.keystone import NAME, UNIT
from cluster.openstack.record import ApiNode
from cluster.openstack.verdict import answer
from cluster.state import Unknown, runs
from facts.keystone import KeystoneApi
from operations import services
from operations.hosts import look, look_all, shell, taking_part
from operations.procedure import Procedure, taken
from operations.service import or_last_words
from operations.starting import starting
from operations.steps import Refused, Step, refused
from operations.traffic import carrying

START = 300
"""Seconds in which keystone must answer after its start: on a busy host it takes minutes."""
LOG = "/var/log/keystone/keystone.log"


@operation()
def answering(hosts: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Wait until keystone answers on each of `hosts` that takes part: what comes next stands on it."""
    waiting = [name for name in taking_part(hosts) if silent(name)]
    if waiting:
        yield Step(
            f"Keystone answers on {', '.join(waiting)}",
            lambda: None,
            verify=lambda: next((why for name in waiting if (why := silent(name))), None),
            within=START,
        )


def silent(name: str) -> str | None:
    """Why keystone on a host does not answer, or None: it does, whatever becomes of its database."""
    node = look(name, KeystoneApi)
    if not isinstance(node, ApiNode):
        return f"{name}: {node.reason}"
    return None if runs(node.service) and node.healthy else f"keystone on {name} {answer(node.health)}"


def restarted(proxies: Mapping[str, ProxyNode | Unknown], name: str) -> list[Step]:
    """The steps that restart keystone on `name` while the others carry on. Who was taken out by hand stays so.

    `proxies` is what the balancers are seen to do.
    """
    step = Step(
        f"Keystone on {name} restarts",
        lambda: restart(name),
        verify=lambda: silent(name),
        within=START,
        lasting="it was restarted",
        on=name,
    )
    if name in kept_away(proxies, NAME):
        return [step]
    balancers = list(proxies)
    return [services.taken_out(balancers, NAME, name), step, services.given_back(balancers, NAME, name)]


def restart(name: str) -> None:
    """Start it anew. Refused, with its own words, where systemd says that it failed."""
    with starting(name, UNIT):
        again = or_last_words(f"systemctl daemon-reload; systemctl restart {UNIT}", UNIT, LOG)
        shell(name, again, timeout=START)


def brought_back(balancers: Sequence[str], name: str) -> None:
    """Let keystone on `name` run with the settings that lie on its disk: started, or restarted where that is due."""
    node = look(name, KeystoneApi)
    if not isinstance(node, ApiNode):
        raise Refused(f"{name} can't be read: {node.reason}")
    if not runs(node.service):
        restart(name)
    elif node.service.restart_due:
        taken(_restarted_now(balancers, name))


@operation()
def rolled(hosts: Sequence[str], balancers: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Restart what runs with former settings, one host at a time."""
    for name, node in look_all(taking_part(hosts), KeystoneApi).items():
        if not isinstance(node, ApiNode):
            yield refused("Restart keystone", f"whether it is due on {name} is not known: {node.reason}")
        elif node.service.restart_due:
            plan = partial(_restarted_now, balancers, name)
            yield Procedure(f"{name}: restart keystone", plan, on=name)


def _restarted_now(balancers: Sequence[str], name: str) -> list[Step]:
    """The balancers may not run yet."""
    return restarted(carrying(balancers), name)
