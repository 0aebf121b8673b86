"""Packets that are dropped on the lab's bridge: rules in a table of nft(8) each, so that one goes without the others.

The rules name bridge ports, so they hold for VIPs and every protocol, and through a power cycle. A host's BMC is on the
bridge itself, not behind another port: it stays reachable, as a management network would.
"""

from __future__ import annotations

from collections.abc import Iterable

from lab import network
from lab.errors import LabError
from lab.shell import run
from lab.topology import Lab


def check(lab: Lab) -> None:
    """LabError if the kernel has no nftables for bridges."""
    try:
        put(lab, "check", [])
        take(lab, "check")
    except LabError as why:
        raise LabError(f"this machine's kernel has no nftables for bridges, which cuts need: {why}") from why


def put(lab: Lab, name: str, rules: Iterable[str]) -> None:
    """Put rules in place for what the bridge forwards, all at once; those that `name` had before are gone."""
    table = f"bridge halab-{name}"
    chain = "type filter hook forward priority 0; policy accept;"
    lines = " ; ".join(rules)
    _nft(lab, f"add table {table}\ndelete table {table}\ntable {table} {{ chain forward {{ {chain} {lines} ; }} ; }}\n")


def take(lab: Lab, name: str) -> None:
    """Take the rules of `name` away; nothing to do if there are none."""
    _nft(lab, f"add table bridge halab-{name}\ndelete table bridge halab-{name}\n")


def _nft(lab: Lab, commands: str) -> None:
    run(network.inside(lab, ["nft", "-f", "-"]), stdin=commands)
