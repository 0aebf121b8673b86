"""Partitions: which host's packets no longer reach which, dropped on the lab's bridge whatever their address.

The cuts name bridge ports, so they hold for VIPs too, and through a power cycle. A host's BMC is on the bridge itself,
not behind another port: it stays reachable, as a management network would.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from lab import network
from lab.errors import LabError
from lab.shell import run
from lab.topology import HOSTS, Lab, port

MACHINE = "machine"
"""What a cut calls the machine that the lab runs on."""

Cut = tuple[str, str]
"""Packets from the first do not reach the second."""

RULES = """\
table bridge halab {
    set cuts { type ifname . ifname; }
    chain forward {
        type filter hook forward priority 0; policy accept;
        ether type != arp iifname . oifname @cuts drop
        ether type arp iifname . oifname @cuts oifname . iifname @cuts drop
    }
}
"""
"""nft(8): a set that is filled and emptied, and rules that never change.

ARP is lost only where both directions are cut: without its answers, the other direction of a one-way cut would die too.
"""


def setup(lab: Lab) -> None:
    """Load the rules; LabError if the kernel has no nftables for bridges."""
    try:
        _nft(lab, RULES)
    except LabError as why:
        raise LabError(f"this machine's kernel has no nftables for bridges, which cuts need: {why}") from why


def between(a: str, b: str, one_way: bool) -> list[Cut]:
    """The cuts that part `a` and `b`; with `one_way`, only packets from `a` to `b` are lost."""
    if a == b:
        raise LabError(f"{a} can't be cut from itself; name two hosts")
    return [(a, b)] if one_way else [(a, b), (b, a)]


def isolation(host: str) -> list[Cut]:
    """The cuts that part `host` from all other hosts and from the machine."""
    others = [other for other in (*HOSTS, MACHINE) if other != host]
    return [cut for other in others for cut in between(host, other, one_way=False)]


def add(lab: Lab, cuts: Iterable[Cut]) -> None:
    """Put `cuts` in place; those that are there already stay."""
    elements = ", ".join(f'"{_port(a)}" . "{_port(b)}"' for a, b in cuts)
    _nft(lab, f"add element bridge halab cuts {{ {elements} }}\n")


def heal(lab: Lab) -> None:
    """Take all cuts away."""
    _nft(lab, "flush set bridge halab cuts\n")


def current(lab: Lab) -> list[Cut]:
    """The cuts in place now."""
    return parse(run(network.inside(lab, ["nft", "-j", "list", "set", "bridge", "halab", "cuts"])))


def unseen(cuts: Iterable[Cut]) -> set[str]:
    """The hosts that the machine can't speak with, for one of `cuts`."""
    return {name for cut in cuts if MACHINE in cut for name in cut} - {MACHINE}


def parse(text: str) -> list[Cut]:
    """The cuts in the JSON of `nft -j list set` (libnftables-json(5)), in the order of their names."""
    found = []
    for item in json.loads(text)["nftables"]:
        for element in item.get("set", {}).get("elem", []):
            one, other = element["concat"]
            found.append((_name(one), _name(other)))
    return sorted(found)


def _port(name: str) -> str:
    return network.UPLINK if name == MACHINE else port(name)


def _name(bridge_port: str) -> str:
    return MACHINE if bridge_port == network.UPLINK else bridge_port.removeprefix("vb-")


def _nft(lab: Lab, commands: str) -> None:
    run(network.inside(lab, ["nft", "-f", "-"]), stdin=commands)
