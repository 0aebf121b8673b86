"""The command `halab fault`: its words are the faults' own, from their descriptions."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping

from rich.console import Console
from rich.table import Table

from lab import cases, config, making
from lab.cases import Case, Value
from lab.errors import LabError
from lab.fault import Fault, Known, Option, known
from lab.topology import Lab, check_hosts


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """`halab fault list`, `heal`, and a verb for each fault."""
    faults = known()
    top = verbs.add_parser("fault", help="break something for a while; `halab fault list` tells what")
    names = top.add_subparsers(required=True, metavar="NAME")

    show = names.add_parser("list", parents=[common], help="what can be broken, and what is")
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(verb=lambda lab, args: _list(lab, faults, args.json))

    heal = names.add_parser(
        "heal", parents=[common], help="heal at once: all, or one fault, or that of the hosts that are named"
    )
    heal.add_argument("name", nargs="?", default="all", metavar="NAME|all")
    heal.add_argument("hosts", nargs="*", metavar="HOST")
    heal.set_defaults(verb=_heal)

    for fault in faults.faults.values():
        _verb(names.add_parser(fault.name, parents=[common], help=fault.does, description=told(fault)), fault)
    for one in faults.impossible.values():
        refused = names.add_parser(one.name, parents=[common], help="not to be had")
        refused.add_argument("rest", nargs=argparse.REMAINDER)
        refused.set_defaults(verb=lambda _lab, _args, name=one.name: faults.need(name))


def told(fault: Fault) -> str:
    return f"{fault.does}. Whom: {fault.whom}. How it heals: {fault.heals}."


def _verb(one: argparse.ArgumentParser, fault: Fault) -> None:
    one.add_argument("hosts", nargs="+", metavar="HOST")
    for option in fault.options:
        if option.default is False:
            one.add_argument(f"--{option.name}", action="store_true", help=option.help)
        else:
            text = option.help if option.default is None else f"{option.help} (default: {option.default})"
            one.add_argument(
                f"--{option.name}", type=_typed(option), default=option.default, required=option.needed, help=text
            )
    one.add_argument(
        "--for",
        dest="seconds",
        type=_seconds,
        default=making.DEFAULT_SECONDS,
        metavar="SECONDS",
        help=f"it heals by itself after so long (default: {making.DEFAULT_SECONDS:.0f})",
    )
    one.set_defaults(verb=lambda lab, args: _make(lab, fault, args))


def _typed(option: Option) -> Callable[[str], Value]:
    def check(text: str) -> Value:
        try:
            return option.check(text)
        except ValueError as why:
            raise argparse.ArgumentTypeError(str(why)) from why

    return check


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= making.LONGEST:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} are no seconds from 1 to {making.LONGEST:.0f}")
    return seconds


def _make(lab: Lab, fault: Fault, args: argparse.Namespace) -> int:
    given: Mapping[str, Value] = {option.name: getattr(args, option.name.replace("-", "_")) for option in fault.options}
    names = check_hosts(args.hosts, config.names(lab))
    if len(names) < len(args.hosts):
        raise LabError(f"a host is named twice ({' '.join(args.hosts)}); name each once")
    for case in making.make(lab, fault, names, given, args.seconds):
        print(f"{case}: {heals(case)}")
    return 0


def heals(case: Case) -> str:
    return f"heals by itself in {case.left:.0f} s, or by `halab fault heal {case.fault} {' '.join(case.hosts)}`"


def _heal(lab: Lab, args: argparse.Namespace) -> int:
    name = None if args.name == "all" else known().need(args.name).name
    healed = making.heal(lab, name, check_hosts(args.hosts, config.names(lab)))
    for case in healed:
        print(f"{case}: healed")
    if not healed:
        print("nothing to heal")
    return 0


def _list(lab: Lab, faults: Known, as_json: bool) -> int:
    made = cases.found(lab)
    if as_json:
        print(json.dumps({"faults": [*faults.faults], "made": [case.as_json() for case in made]}, indent=2))
        return 0
    console = Console(highlight=False)
    table = Table("fault", "what it does", "whom it hits", "how it heals", "options", show_lines=True)
    for fault in faults.faults.values():
        options = "\n".join(f"--{option.name}" for option in fault.options)
        table.add_row(fault.name, fault.does, fault.whom, fault.heals, options)
    console.print(table)
    for one in faults.impossible.values():
        console.print(f"Not to be had: {one.name}: {one.why}", markup=False)
    for case in made:
        console.print(f"made: {case}: {heals(case)}", markup=False)
    if not made:
        console.print(f"nothing is broken in the lab {lab.subnet}")
    return 0
