"""Packets that are lost by chance, as on a bad cable. By nftables and not by netem, which many kernels do not have."""

from __future__ import annotations

from lab import bridge
from lab.cases import Case
from lab.fault import Fault, Option, number
from lab.topology import Lab, port


def _lose(lab: Lab, case: Case) -> None:
    chance = f"numgen random mod 100 < {case.options['share']} drop"
    bridge.put(lab, case.id, [f'{side} "{port(case.host)}" {chance}' for side in ("iifname", "oifname")])


def _mend(lab: Lab, case: Case) -> None:
    bridge.take(lab, case.id)


FAULTS = (
    Fault(
        "loss",
        does="of the host's packets a share is lost, each by chance, both ways, ARP too",
        whom="a host; never its BMC, which is on a network of its own",
        heals="packets pass; through a power cycle too it lasts till then",
        make=_lose,
        heal=_mend,
        options=(Option("share", "percent of the packets", check=number(1, 99), needed=True),),
    ),
)
