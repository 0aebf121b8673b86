"""`python -m engine look`: one snapshot as one line of JSON on stdout, for the console and the verbs."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from engine.inventory import InventoryError, load
from engine.look import look


def main() -> int:
    """0 if the look was taken, whatever it found; 3 with a sentence on stderr if it could not be."""
    parser = argparse.ArgumentParser(prog="python -m engine")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("look", help="ask every host once")
    verb.add_argument("--inventory", type=Path, default=Path("inventory.py"))
    options = parser.parse_args()
    try:
        cluster = load(options.inventory)
    except InventoryError as error:
        print(error, file=sys.stderr)
        return 3
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(look(cluster))) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
