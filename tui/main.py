"""`hatui`: the verbs."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from tui.status import status


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(prog="hatui", description="The state of an OpenStack control plane's HA layers.")
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser(
        "status",
        help="ask every host once and say what is so",
        description="Ask every host once, side by side, and say what is so.",
        epilog="Exit code: 0 all OK, 1 a warning, 2 a failure, 3 something is unknown or could not be asked.",
    )
    verb.add_argument(
        "--inventory", type=Path, default=Path("inventory.py"), metavar="FILE", help="default: inventory.py"
    )
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", dest="form", action="store_const", const="json", help="one line, every record in it")
    form.add_argument("--plain", dest="form", action="store_const", const="plain", help="lines with tabs, no colour")
    verb.set_defaults(form="table")
    return whole


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; its exit code."""
    # Whoever reads what is printed may stop reading: `hatui status --plain | head`.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    options = parser().parse_args(arguments)
    return status(options.inventory, options.form)


if __name__ == "__main__":
    sys.exit(main())
