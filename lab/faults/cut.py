"""Partitions: packets between hosts are lost. Nobody is told: connections hang, as with a broken switch."""

from __future__ import annotations

from lab import bridge, network
from lab.cases import Case, Value
from lab.fault import Fault, Option
from lab.topology import Lab, port

_FORMS = "cut takes two hosts (`cut A B`, `cut A B --one-way`), or one to part from all others (`cut A`)"


def ports(text: str) -> Value:
    numbers = text.split(",")
    if not all(number.isdecimal() and 0 < int(number) < 65536 for number in numbers):
        raise ValueError(f"{text[:40]!r} are no TCP ports; give some such as 4567,4568")
    return ",".join(str(int(number)) for number in numbers)


def rules(case: Case) -> list[str]:
    """The rules that drop these packets (nft(8)), by the bridge ports that they come from and go to.

    ARP is lost only where both directions are cut: without its answers, the other direction of a one-way cut would die
    too.
    """
    one_way, only = bool(case.options["one-way"]), case.options["tcp"]
    one, *others = [f'"{port(host)}"' for host in case.hosts]
    ways = [f"iifname {one} oifname {others[0]}"] if others else [f"iifname {one}", f"oifname {one}"]
    if others and not one_way:
        ways.append(f"iifname {others[0]} oifname {one}")
    if only:
        return [f"{way} tcp {side} {{ {only} }} drop" for way in ways for side in ("dport", "sport")]
    return [f"{way} ether type != arp drop" if one_way else f"{way} drop" for way in ways]


def _refuse(lab: Lab, case: Case) -> str | None:
    if len(case.hosts) > 2 or (len(case.hosts) == 1 and case.options["one-way"]):
        return _FORMS
    return None if network.exists(lab) else f"the lab {lab.subnet} has no network: `halab up`"


def _cut(lab: Lab, case: Case) -> None:
    bridge.put(lab, case.id, rules(case))


def _join(lab: Lab, case: Case) -> None:
    bridge.take(lab, case.id)


FAULTS = (
    Fault(
        "cut",
        does="no packet between two hosts, or between one and all others and this machine",
        whom="one host or two; never their BMCs, which are on a network of their own",
        heals="packets pass; through a power cycle too it lasts till then",
        make=_cut,
        heal=_join,
        options=(
            Option("one-way", "only packets from the first host to the second are lost", default=False, aims=True),
            Option("tcp", "only packets from or to these TCP ports, such as 4567,4568", check=ports, aims=True),
        ),
        refuse=_refuse,
        together=True,
        unseen=lambda hosts, options: hosts if len(hosts) == 1 and not options["tcp"] else (),
    ),
)
