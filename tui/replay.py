"""`hatui replay`: what was recorded of the stream, to be looked at again or handed over."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cluster.exits import NO_INPUT
from tui.opening import replayed
from tui.recording import RecordingError
from tui.recording.export import save, stretch
from tui.recording.moment import shown
from tui.recording.read import Recording


def arguments(verb: argparse.ArgumentParser) -> None:
    """What can be said to it."""
    verb.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="a recording; default: this machine's of the cluster"
    )
    verb.add_argument("--at", default="", metavar="TIME", help="open it at this moment, such as 02:14")
    verb.add_argument("--light", action="store_true", help="colours for a light terminal")
    verb.add_argument("--save", type=Path, metavar="FILE", help="write it to one file, for a colleague, instead")
    verb.add_argument("--from", dest="begin", default="", metavar="TIME", help="such as 02:14; default: all")
    verb.add_argument("--to", dest="end", default="", metavar="TIME", help="local time, with a date if need be")


def replay(options: argparse.Namespace) -> int:
    """Open it, or save a stretch. 0; NO_INPUT, with a sentence, for no such recording or one that can't be written."""
    try:
        recording = opened(options)
        if not options.save:
            return replayed(recording, options.at, light=options.light)
        since, until = stretch(recording, options.begin, options.end)
        size = save(recording, options.save, since, until)
    except RecordingError as error:
        print(error, file=sys.stderr)
        return NO_INPUT
    print(f"{options.save}: {shown(since)} to {shown(until)}, {size / 1024:.0f} KiB.")
    print("It names the hosts with their addresses, and holds no secret.")
    if left_out := recording.left_out():
        print(left_out, file=sys.stderr)
    return 0


def opened(options: argparse.Namespace) -> Recording:
    """The recording that is asked for. RecordingError if there is none; SystemExit if its inventory can't be used."""
    if options.file:
        return Recording.of_file(options.file)
    from engine.inventory import use

    return Recording.of_cluster(use(options.inventory).name)
