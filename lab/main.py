"""The command `halab`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from lab import checks, config, fault_verbs, hosts, lifecycle, ready, snapshots, status
from lab.errors import LabError
from lab.progress import Progress
from lab.topology import DEFAULT_SUBNET, RELEASES, Lab, check_hosts, parse_subnet


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb. Exit code 0: done; 2: could not, with one sentence on standard error; `ssh`: the command's own."""
    args = parser().parse_args(argv)
    try:
        lab = parse_subnet(args.subnet or os.environ.get("HALAB_SUBNET") or DEFAULT_SUBNET)
        checks.root()
        for ending in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, _interrupted)
        return int(args.verb(lab, args))
    except (LabError, OSError) as why:
        print(f"halab: {why}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("halab: interrupted", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="halab", description="Real hosts on one Linux machine.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--subnet", metavar="NET", help=f"which lab: a private IPv4 /24 (default: HALAB_SUBNET, or {DEFAULT_SUBNET})"
    )
    verbs = top.add_subparsers(required=True, metavar="VERB")

    up = verbs.add_parser("up", parents=[common], help="bring hosts up (all of them, if none is named)")
    up.add_argument("hosts", nargs="*", metavar="HOST")
    up.add_argument("--release", choices=RELEASES, help=f"the hosts' Debian (default: {RELEASES[0]})")
    up.add_argument("--openstack", action="store_true", help="with OpenStack's packages, and keystone in the inventory")
    up.add_argument("--horizon", action="store_true", help="the same, with horizon")
    up.set_defaults(verb=_up)

    down = verbs.add_parser("down", parents=[common], help="take the lab away")
    down.set_defaults(verb=_down)

    show = verbs.add_parser("status", parents=[common], help="show what is so")
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(verb=_status)

    ssh = verbs.add_parser("ssh", parents=[common], help="log in as root, or run a command")
    ssh.add_argument("host", metavar="HOST")
    ssh.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    ssh.set_defaults(verb=_ssh)

    reset = verbs.add_parser("reset", parents=[common], help="put hosts back to the clean base")
    reset.add_argument("hosts", nargs="+", metavar="HOST")
    reset.set_defaults(verb=_reset)

    power = verbs.add_parser("power", parents=[common], help="take, give or ask for hosts' power")
    power.add_argument("action", choices=("off", "on", "cycle", "status"), help="off is a power loss, not a shutdown")
    power.add_argument("hosts", nargs="+", metavar="HOST")
    power.set_defaults(verb=_power)

    fault_verbs.add(verbs, common)

    snapshot = verbs.add_parser("snapshot", help="keep all hosts' disks, and go back to them")
    acts = snapshot.add_subparsers(required=True, metavar="ACTION")
    for action, text in (
        ("save", "keep them under a name"),
        ("load", "go back to them; what was changed since is lost"),
        ("rm", "forget them"),
    ):
        act = acts.add_parser(action, parents=[common], help=text)
        act.add_argument("name", metavar="NAME")
        act.set_defaults(verb=_snapshot, action=action)
    acts.add_parser("list", parents=[common], help="all that are kept").set_defaults(verb=_snapshots)
    return top


def _interrupted(_number: int, _frame: object) -> NoReturn:
    """End by an exception, so that a verb takes away what it has half built."""
    raise KeyboardInterrupt


def _up(lab: Lab, args: argparse.Namespace) -> int:
    openstack = args.openstack or args.horizon
    names = check_hosts(args.hosts, config.names(lab, openstack))
    lifecycle.up(lab, names, args.release, Progress(), openstack=openstack, horizon=args.horizon)
    return 0


def _down(lab: Lab, _args: argparse.Namespace) -> int:
    lifecycle.down(lab, Progress())
    return 0


def _reset(lab: Lab, args: argparse.Namespace) -> int:
    lifecycle.reset(lab, check_hosts(args.hosts, config.names(lab)), Progress())
    return 0


def _ssh(lab: Lab, args: argparse.Namespace) -> int:
    (host,) = check_hosts([args.host], config.names(lab))
    config.need(lab)
    checks.programs()
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    argv = ready.ssh(lab, host, command)
    os.execvp(argv[0], argv)  # noqa: S606


def _power(lab: Lab, args: argparse.Namespace) -> int:
    names = check_hosts(args.hosts, config.names(lab))
    settings = config.need(lab)
    hosts.check_made(lab, names)
    if args.action == "status":
        for host in names:
            print(f"{host} {status.power(lab, host)}")
        return 0
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        if args.action in ("off", "cycle"):
            list(pool.map(lambda host: hosts.power_off(lab, host), names))
        if args.action in ("on", "cycle"):
            list(pool.map(lambda host: hosts.power_on(lab, host, settings), names))
            ready.wait(lab, names, Progress(), whole_boot=False)
    return 0


def _snapshot(lab: Lab, args: argparse.Namespace) -> int:
    act = {"save": snapshots.save, "load": snapshots.load, "rm": snapshots.remove}[args.action]
    act(lab, args.name, Progress())
    return 0


def _snapshots(lab: Lab, _args: argparse.Namespace) -> int:
    config.need(lab)
    table = Table("snapshot", "saved", "hosts", title=f"lab {lab.subnet}")
    for one in snapshots.found(lab):
        table.add_row(one.name, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.at)), ", ".join(one.hosts))
    Console(highlight=False).print(table)
    return 0


def _status(lab: Lab, args: argparse.Namespace) -> int:
    seen = status.observe(lab)
    if args.json:
        print(json.dumps(seen.as_json(), indent=2))
        return 0
    console = Console(highlight=False)
    table = Table("host", "address", "BMC", "power", "ssh", title=f"lab {seen.subnet}: {seen.release or 'down'}")
    for host in seen.hosts:
        table.add_row(host.name, host.address, host.bmc, host.power, "answers" if host.ssh else "-")
    console.print(table)
    for case in seen.faults:
        console.print(f"fault: {case}: {fault_verbs.heals(case)}", markup=False)
    if seen.release and not seen.bmcs:
        console.print("the BMCs are not served; `halab up` starts them again")
    return 0
