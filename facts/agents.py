"""Neutron's agents on a network node: their units, and which routers and networks they serve there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.agents.names import AGENTS, DHCP_FOLDER, HA_FOLDER, SWITCH_UNIT, VSWITCHD_UNIT, files
from cluster.agents.record import AGENTS_FACT, AgentsNode
from cluster.state import Unknown
from cluster.text import clean
from facts.base import parse_services, services_command
from facts.hints import Hints

_PRIMARY = frozenset({"primary", "master"})
"""What neutron calls it in its file, by its release."""
_NOTHING = "none"
"""What the command below says for a file that is not there."""
# Who a file with a process' number names may have ended long ago: what lives under the number is looked at too.
# A file that ends without a newline is read all the same.
_ROUTERS = f"""for file in {HA_FOLDER}/*/keepalived.conf; do
[ -r "$file" ] || continue
said= pid=0 of= id=${{file%/*}}
{{ read -r said <"$id/state"; read -r pid <"$id.pid.keepalived"; read -r of <"/proc/$pid/comm"; }} 2>/dev/null
echo "Router=${{id##*/}} ${{said:-{_NOTHING}}} ${{of:-none}}"
done"""
_NETWORKS = f"""for file in {DHCP_FOLDER}/*/pid; do
[ -r "$file" ] || continue
pid=0 of=
{{ read -r pid <"$file"; read -r of <"/proc/$pid/comm"; }} 2>/dev/null
echo "Network=${{of:-none}}"
done"""


class AgentsServe(FactBase[AgentsNode | Unknown]):
    """Their units with the stamps, and what has been told of each router's VRRP (keepalived(8), by neutron's file).

    No program but systemctl(1) and what the stamps need is started for it.
    """

    @override
    def command(self) -> str:
        units = {SWITCH_UNIT: (), VSWITCHD_UNIT: (), **{unit: files(unit) for unit in AGENTS}}
        return f"{services_command(units)}; echo; {_ROUTERS}; {_NETWORKS}; echo Agents=end"

    @override
    def process(self, output: Iterable[str]) -> AgentsNode | Unknown:
        lines = list(output)
        units = parse_services("\n".join(lines))
        if "Agents=end" not in lines or not units.keys() >= {SWITCH_UNIT, VSWITCHD_UNIT, *AGENTS}:
            return Unknown(f"its answer could not be read: {clean(' '.join(lines), 120)}")
        routers = [line.removeprefix("Router=").split() for line in lines if line.startswith("Router=")]
        served = [line == "Network=dnsmasq" for line in lines if line.startswith("Network=")]
        found: dict[str, list[str]] = {"primary": [], "backup": [], "dead": [], "mute": []}
        for router in routers:
            if len(router) != 3:
                return Unknown(f"its answer could not be read: {clean(' '.join(router), 120)}")
            name, said, of = router
            told = "primary" if said in _PRIMARY else "mute" if said == _NOTHING else "backup"
            how = told if of == "keepalived" else "dead"
            found[how].append(clean(name, 36))
        return AgentsNode(
            units[SWITCH_UNIT],
            tuple(units[unit] for unit in (VSWITCHD_UNIT, *AGENTS)),
            **{how: tuple(names) for how, names in found.items()},
            networks=sum(served),
            unserved=len(served) - sum(served),
        )


class SwitchBridges(FactBase[Mapping[str, tuple[str, tuple[str, ...]]]]):
    """Each bridge of Open vSwitch, to its datapath and its ports. None where it does not run (ovs-vsctl(8))."""

    @override
    def command(self) -> str:
        ask = "ovs-vsctl --timeout=5"
        return (
            f"for one in $({ask} list-br 2>/dev/null); do "
            f"echo $one $({ask} get bridge $one datapath_type) $({ask} list-ports $one); done"
        )

    @override
    def process(self, output: Iterable[str]) -> Mapping[str, tuple[str, tuple[str, ...]]]:
        words = [line.split() for line in output]
        return {name: (kind.strip('"'), tuple(ports)) for name, kind, *ports in (one for one in words if len(one) > 1)}


FACTS = {
    AGENTS_FACT.name: (
        AgentsServe(),
        Hints(
            units=(VSWITCHD_UNIT, *AGENTS),
            files=(*dict.fromkeys(path for unit in AGENTS for path in files(unit)), f"{HA_FOLDER}/*/state"),
        ),
    )
}
"""The layer's facts (cluster/layers), by their names, and what tells of a change in each."""
