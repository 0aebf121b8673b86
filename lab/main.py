"""The command `halab`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from lab import checks, config, hosts, lifecycle, ready, status
from lab.errors import LabError
from lab.progress import Progress
from lab.topology import DEFAULT_SUBNET, RELEASES, Lab, check_hosts, parse_subnet


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb. Exit code 0: done; 2: could not, with one sentence on standard error; `ssh`: the command's own."""
    args = parser().parse_args(argv)
    try:
        lab = parse_subnet(args.subnet or os.environ.get("HALAB_SUBNET") or DEFAULT_SUBNET)
        return int(args.verb(lab, args))
    except LabError as why:
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
    return top


def _up(lab: Lab, args: argparse.Namespace) -> int:
    lifecycle.up(lab, check_hosts(args.hosts), args.release, Progress())
    return 0


def _down(lab: Lab, args: argparse.Namespace) -> int:
    lifecycle.down(lab, Progress())
    return 0


def _reset(lab: Lab, args: argparse.Namespace) -> int:
    lifecycle.reset(lab, check_hosts(args.hosts), Progress())
    return 0


def _ssh(lab: Lab, args: argparse.Namespace) -> int:
    (host,) = check_hosts([args.host])
    config.need(lab)
    return subprocess.run(ready.ssh(lab, host, args.command), check=False).returncode


def _status(lab: Lab, args: argparse.Namespace) -> int:
    seen = status.observe(lab)
    if args.json:
        print(json.dumps(seen.as_json(), indent=2))
        return 0
    table = Table("host", "address", "BMC", "power", "ssh", title=f"lab {seen.subnet}: {seen.release or 'down'}")
    for host in seen.hosts:
        table.add_row(host.name, host.address, host.bmc, host.power, "answers" if host.ssh else "-")
    Console().print(table)
    return 0
