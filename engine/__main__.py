"""`python -m engine look|watch`: what is so, as lines of JSON on stdout, for the console and the verbs.

`look` prints one snapshot (engine/look.py), `watch` snapshots and events without end (engine/observe/).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from engine.inventory import InventoryError, load
from engine.look import look
from engine.observe.watch import watch


def main() -> int:
    """0 if the look was taken, whatever it found; 3 with a sentence on stderr if it could not be."""
    parser = argparse.ArgumentParser(prog="python -m engine")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, does in (("look", "ask every host once"), ("watch", "ask every host all the time")):
        verb = verbs.add_parser(name, help=does)
        verb.add_argument("--inventory", type=Path, default=Path("inventory.py"))
    verb.add_argument("--every", type=float, default=1.0, metavar="SECONDS", help="between two snapshots")
    options = parser.parse_args()
    try:
        cluster = load(options.inventory)
    except InventoryError as error:
        print(error, file=sys.stderr)
        return 3
    if options.verb == "watch":
        asyncio.run(watch(cluster, options.every))
        return 0
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(look(cluster))) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
