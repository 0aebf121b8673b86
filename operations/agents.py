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

from cluster.agents.names import AGENTS, HA_FOLDER, L3_UNIT, TELLS
from cluster.agents.record import AgentsNode
from cluster.agents.verdict import missing, without_heir
from cluster.condition import counted
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

LEAVE = 60
"""Seconds in which another node is the primary of a router whose keepalived has said that it goes."""
# Whose number a file names may have ended long ago.
_END = f"""for file in {HA_FOLDER}/*.pid.keepalived; do
pid= of=
{{ read -r pid <"$file"; read -r of <"/proc/$pid/comm"; }} 2>/dev/null
[ "$of" != keepalived ] || kill -TERM "$pid"
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


def restarted(name: str, units: Sequence[str] = tuple(AGENTS), *, clustered: bool) -> list[Step]:
    """The steps that restart the agents on `name`, or these units of them; if they are `clustered`, those that run:
    Pacemaker alone starts one, and lets be who restarts one."""
    return [
        Step(
            f"the agents on {name} restart",
            lambda: restart(name, units, clustered=clustered),
            verify=lambda: silent(name),
            within=START,
            lasting="they were restarted",
            on=name,
        )
    ]


def restart(name: str, units: Sequence[str], *, clustered: bool) -> None:
    """Start these units anew, and wait until one that can't do with its settings would have ended again."""
    with starting(name, *units):
        verb = "try-restart" if clustered else "restart"
        again = f"systemctl daemon-reload; systemctl {verb} {' '.join(units)}; sleep {STAYS}"
        shell(name, f"{_UNHEARD}; {again}", timeout=START)


def silent(name: str) -> str | None:
    """Why the agents on a host don't run, or what of theirs does not, or None: all of it does."""
    node = look(name, AgentsServe)
    if not isinstance(node, AgentsNode):
        return f"{name}: {node.reason}"
    if node.away:
        return f"{name}: {down(node.away[0])}, see /var/log/neutron there"
    return next((f"{name}: {what}, see /var/log/neutron there" for what in missing(node)), None)


def brought_back(name: str, *, clustered: bool) -> None:
    """Let the agents on `name` run with the settings that lie on its disk: started, or restarted where that is due.
    Those that are `clustered` are started by Pacemaker."""
    node = look(name, AgentsServe)
    if not isinstance(node, AgentsNode):
        raise Refused(f"{name} can't be read: {node.reason}")
    mine = [unit for unit in node.units if unit.unit in AGENTS]
    if units := [one.unit for one in mine if (one.restart_due if runs(one) else not clustered)]:
        restart(name, units, clustered=clustered)
        if why := silent(name):
            raise Refused(f"{why}.")


def let_go(hosts: Sequence[str], name: str) -> Step:
    """The step that ends each router's keepalived on `name`, where no agent runs that would start it anew: it says that
    it goes, and another node is the primary at once. A router whose agent starts again is a backup there."""
    return Step(
        f"the routers of {name} go to the other network nodes",
        lambda: _let_go(name),
        precheck=lambda: without_heir(look_all(hosts, AgentsServe), name),
        verify=lambda: carries_routers(name),
        within=LEAVE,
        lasting="they are where they went",
        on=name,
    )


def _let_go(name: str) -> None:
    node = look(name, AgentsServe)
    if not isinstance(node, AgentsNode):
        raise Refused(f"{name} can't be read: {node.reason}")
    if L3_UNIT not in {unit.unit for unit in node.away}:
        raise Refused(f"{L3_UNIT} runs on {name}, and would start what is ended there.")
    shell(name, _END)


def carries_routers(name: str) -> str | None:
    """Why a host is the primary of routers still, or None."""
    node = look(name, AgentsServe)
    if not isinstance(node, AgentsNode):
        return f"{name}: {node.reason}"
    return f"{name} is the primary of {counted(len(node.primary), 'router')}" if node.primary else None


@operation()
def rolled(hosts: Sequence[str], clustered: bool) -> Generator[PyinfraCommand, None, None]:
    """Restart what runs with former settings, one host at a time; of `hosts`, those that take part."""
    for name, node in look_all(taking_part(hosts), AgentsServe).items():
        if not isinstance(node, AgentsNode):
            yield refused("Restart the agents", f"whether it is due on {name} is not known: {node.reason}")
        elif due := [unit.unit for unit in node.units if unit.restart_due and runs(unit)]:
            steps = partial(restarted, name, due, clustered=clustered)
            yield Procedure(f"{name}: restart {', '.join(due)}", steps, on=name)
