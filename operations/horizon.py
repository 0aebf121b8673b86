"""Horizon as it runs: restarted while the balancers send its users to the others, who know their sessions too."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.haproxy.gates import kept_away
from cluster.haproxy.record import ProxyNode
from cluster.health.services import down
from cluster.openstack.horizon import NAME, UNIT, HorizonNode
from cluster.spec import Cluster, Role
from cluster.state import Unknown, runs
from facts.horizon import HorizonPages
from operations import services
from operations.hosts import look, look_all, shell, taking_part
from operations.procedure import Procedure
from operations.service import or_last_words
from operations.starting import starting
from operations.steps import Step, refused
from operations.traffic import carrying

START = 180
"""Seconds in which it must let somebody in after its start: on a busy host it takes minutes."""


def restarted(proxies: Mapping[str, ProxyNode | Unknown], name: str) -> list[Step]:
    """The steps that restart it on `name`. Who was taken out by hand stays so; `proxies` is what the balancers do."""
    balancers = list(proxies)
    step = Step(
        f"horizon on {name} restarts",
        partial(restart, name),
        verify=partial(_silent, name),
        within=START,
        lasting="it was restarted",
        on=name,
    )
    if name in kept_away(proxies, NAME):
        return [step]
    return [services.taken_out(balancers, NAME, name), step, services.given_back(balancers, NAME, name)]


def restart(name: str) -> None:
    """Start it anew. Refused, with its own words, where systemd says that it failed."""
    with starting(name, UNIT):
        shell(name, or_last_words(f"systemctl daemon-reload; systemctl restart {UNIT}", UNIT), timeout=60)


@operation()
def answering(hosts: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Wait until it lets somebody in on each of `hosts` that takes part."""
    asked = taking_part(hosts)

    def why_not() -> str | None:
        return next(filter(None, map(_silent, asked)), None)

    if why_not():
        yield Step(f"horizon lets users in on {', '.join(asked)}", lambda: None, verify=why_not, within=START)


@operation()
def rolled(cluster: Cluster) -> Generator[PyinfraCommand, None, None]:
    """Restart what runs with former settings, one controller at a time."""
    for name, node in look_all(taking_part(cluster.names(Role.CONTROLLER)), HorizonPages).items():
        if not isinstance(node, HorizonNode):
            yield refused("Restart horizon", f"whether it is due on {name} is not known: {node.reason}")
        elif node.service.restart_due:
            yield Procedure(f"{name}: restart horizon", partial(_now, cluster, name), on=name)


def _now(cluster: Cluster, name: str) -> list[Step]:
    return restarted(carrying(cluster.names(Role.HAPROXY)), name)


def _silent(name: str) -> str | None:
    node = look(name, HorizonPages)
    if not isinstance(node, HorizonNode):
        return f"{name}: {node.reason}"
    if not runs(node.service):
        return f"{name}: {down(node.service)}"
    return None if node.works else f"horizon on {name} lets nobody in yet"
