"""Neutron's agents on the network nodes: the switch's bridges, and agents that are restarted one node after another.

A restart leaves what serves as it is: each router's keepalived and the switch's flows stay. Each network's dnsmasq does
until its agent has asked neutron what is to be there, and is started anew then.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial

from pyinfra import host
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.agents.names import AGENTS, HA_FOLDER, TELLS
from cluster.agents.record import AgentsNode
from cluster.agents.verdict import missing
from cluster.health.services import down
from cluster.state import runs
from facts.agents import AgentsServe, SwitchBridges
from operations.hosts import look, look_all, shell, taking_part
from operations.procedure import Procedure
from operations.starting import starting
from operations.steps import Refused, Step, refused
from operations.told import Told

START = 300
"""Seconds in which an agent must have started: on a busy host it takes minutes."""
STAYS = 15
"""Seconds after which one that can't do with its settings has ended again: systemd calls it started at once."""
# Debian 12's may hang at its start, before it has told anything: eventlet's locks are no locks between its threads
# (neutron, "Only start these threads after the initial status is set"). The agent starts one that has ended anew.
_UNHEARD = f"""for one in {HA_FOLDER}/*/keepalived.conf; do
one=${{one%/*}}
[ ! -d "$one" ] || [ -e "$one/state" ] || pkill -KILL -f "^[^ ]*python3 [^ ]*{TELLS} --router_id=${{one##*/}} "
done"""


@operation()
def bridged(bridges: Mapping[str, str], datapath: str) -> Generator[PyinfraCommand, None, None]:
    """Have each of `bridges` in Open vSwitch, with its interface in it; further ports stay. ovs-vsctl(8)."""
    seen = host.get_fact(SwitchBridges) or {}
    for bridge, interface in bridges.items():
        kind, ports = seen.get(bridge, ("", ()))
        if (kind or "system") != datapath or bridge not in seen or interface not in ports:
            yield Told(
                f"put {interface} into the bridge {bridge}",
                f"ovs-vsctl --timeout=30 --may-exist add-br {bridge} -- set bridge {bridge} datapath_type={datapath} "
                f"-- --may-exist add-port {bridge} {interface}",
            )


def restarted(name: str, units: Sequence[str] = tuple(AGENTS)) -> list[Step]:
    """The steps that restart the agents on `name`, or these units of them."""
    return [
        Step(
            f"the agents on {name} restart",
            lambda: restart(name, units),
            verify=lambda: silent(name),
            within=START,
            lasting="they were restarted",
            on=name,
        )
    ]


def restart(name: str, units: Sequence[str]) -> None:
    """Start these units anew, and wait until one that can't do with its settings would have ended again."""
    with starting(name, *units):
        again = f"systemctl daemon-reload; systemctl restart {' '.join(units)}; sleep {STAYS}"
        shell(name, f"{_UNHEARD}; {again}", timeout=START)


def silent(name: str) -> str | None:
    """Why the agents on a host don't run, or what of theirs does not, or None: all of it does."""
    node = look(name, AgentsServe)
    if not isinstance(node, AgentsNode):
        return f"{name}: {node.reason}"
    if node.away:
        return f"{name}: {down(node.away[0])}, see /var/log/neutron there"
    return next((f"{name}: {what}, see /var/log/neutron there" for what in missing(node)), None)


def brought_back(name: str) -> None:
    """Let the agents on `name` run with the settings that lie on its disk: started, or restarted where that is due."""
    node = look(name, AgentsServe)
    if not isinstance(node, AgentsNode):
        raise Refused(f"{name} can't be read: {node.reason}")
    if units := [unit.unit for unit in node.units if unit.unit in AGENTS and (not runs(unit) or unit.restart_due)]:
        restart(name, units)
        if why := silent(name):
            raise Refused(f"{why}.")


@operation()
def rolled(hosts: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Restart what runs with former settings, one host at a time; of `hosts`, those that take part."""
    for name, node in look_all(taking_part(hosts), AgentsServe).items():
        if not isinstance(node, AgentsNode):
            yield refused("Restart the agents", f"whether it is due on {name} is not known: {node.reason}")
        elif due := [unit.unit for unit in node.units if unit.restart_due and runs(unit)]:
            yield Procedure(f"{name}: restart {', '.join(due)}", partial(restarted, name, due), on=name)
