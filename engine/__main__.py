"""The engine as a process of its own: `python -m engine VERB`, for the console and the verbs.

What it prints are lines of the wire (cluster/wire/).

`look` takes one snapshot; `watch` prints snapshots and events without end
(engine/observe). `plan` says what a rollout would change (engine/plan.py).
`run` carries a runbook out (engine/run.py), and `apply` a layer's deploy (engine/apply.py).
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from cluster.layers import DEPLOYED
from cluster.spec import Cluster


def main() -> int:
    """The verb's exit code: CONFIG with a sentence on stderr if the inventory can't be used (cluster/exits.py)."""
    parser = argparse.ArgumentParser(prog="python -m engine")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, text in (
        ("look", "ask every host once"),
        ("watch", "ask every host all the time"),
        ("plan", "what a rollout would change"),
        ("run", "carry a runbook out"),
        ("apply", "deploy layers on some hosts"),
    ):
        verb = verbs.add_parser(name, help=text)
        if name != "apply":
            verb.add_argument("--inventory", type=Path, default=Path("inventory.py"))
        if name == "watch":
            verb.add_argument("--every", type=float, default=1.0, metavar="SECONDS")
        if name == "look":
            verb.add_argument("--timeout", type=float, metavar="SECONDS")
        if name == "run":
            verb.add_argument("runbook")
            verb.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
            verb.add_argument("--reason", default="")
            verb.add_argument("--yes", action="store_true")
            verb.add_argument("--dry-run", action="store_true")
        if name in ("plan", "apply"):
            verb.add_argument("--layer", action="append", choices=DEPLOYED, help="default: all")
        if name == "apply":
            verb.add_argument("--limit", action="append", default=[], metavar="HOST", help="default: all")
            verb.add_argument("--dry", action="store_true", help="only tell what would change")
    options = parser.parse_args()
    return {"look": _look, "watch": _watch, "plan": _plan, "run": _run, "apply": _apply}[options.verb](options)


def _cluster(inventory: Path) -> Cluster:
    from engine.inventory import use

    return use(inventory, asks=True)


def _look(options: argparse.Namespace) -> int:
    cluster = _cluster(options.inventory)
    import asyncio

    from cluster.wire.lines import FIRST, line
    from engine.look import WITHIN, look
    from engine.observe.door import asked

    # Who says how long a host is to be waited for gets a look of his own.
    told = None if options.timeout else asked(cluster)
    if told is None:
        told = line(asyncio.run(look(cluster, options.timeout or WITHIN)))
    sys.stdout.buffer.write(FIRST + told)
    return 0


def _watch(options: argparse.Namespace) -> int:
    cluster = _cluster(options.inventory)
    import asyncio

    from engine.observe.watch import watch

    asyncio.run(watch(cluster, options.every))
    return 0


def _plan(options: argparse.Namespace) -> int:
    cluster = _cluster(options.inventory)
    from engine.plan import plan

    return plan(cluster, options.layer or DEPLOYED)


def _apply(options: argparse.Namespace) -> int:
    # Before anything that opens a socket or starts a program: pyinfra's connections are gevent's.
    from gevent import monkey

    monkey.patch_all()

    from engine.apply import apply, asked_for, die_with_parent

    die_with_parent()
    return apply(asked_for(), options.layer or DEPLOYED, options.limit, dry=options.dry)


def _run(options: argparse.Namespace) -> int:
    # Before anything that opens a socket or starts a program: pyinfra's connections are gevent's.
    from gevent import monkey

    monkey.patch_all()

    # What an inventory or a runbook prints is no line of ours.
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    cluster = _cluster(options.inventory)
    from engine.run import Order, run

    given = dict(pair.partition("=")[::2] for pair in options.set)
    order = Order(
        cluster, options.inventory, options.runbook, given, options.reason, yes=options.yes, dry_run=options.dry_run
    )
    return run(order, lines)


if __name__ == "__main__":
    sys.exit(main())
