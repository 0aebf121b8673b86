"""`hatui` without a verb: the console over what is so now; and over a recording, for `hatui replay`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from cluster.exits import USAGE
from tui.recording.moment import moment
from tui.recording.read import Recording


def arguments(verb: argparse.ArgumentParser) -> None:
    """The console's own."""
    verb.add_argument("--read-only", action="store_true", help="a console that can't be unlocked")
    verb.add_argument("--light", action="store_true", help="colours for a light terminal")


def console(inventory: Path, *, read_only: bool, light: bool) -> int:
    """Look, until it is left. 0; USAGE, with a sentence, where there is no terminal."""
    from engine.inventory import use

    cluster = use(inventory, asks=True)
    if not _terminal():
        return USAGE
    from tui.console import feed

    # The observer looks while the console is still imported.
    process = feed.begin(inventory)
    from engine.team import gather
    from tui.console.app import Console

    app = Console(
        feed.Live(inventory, process),
        inventory,
        read_only=read_only,
        record=True,
        light=light,
        team=lambda: gather(cluster),
    )
    app.run()
    return app.return_code or 0


def replayed(recording: Recording, at: str, *, light: bool) -> int:
    """Look at a recording from the moment `at`; from its begin if that is empty. RecordingError if it has none such."""
    begin = moment(at, recording.span()) if at else recording.span()[0]
    if not _terminal():
        return USAGE
    from tui.console.app import Console
    from tui.console.player import Player

    app = Console(Player(recording, begin), light=light)
    app.run()
    return app.return_code or 0


def _terminal() -> bool:
    # Writing to an engine that has died must not end the console.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    if sys.stdin.isatty() and sys.stdout.isatty():
        return True
    print("The console needs a terminal. Without one: hatui status, hatui status --watch --plain.", file=sys.stderr)
    return False
