"""`python -m engine.probes`: measures until it is told to stop, or whoever started it is gone.

stdin: a line of the wire (`Wanted`), later the line "stop" or its end. stdout: the version, `Ready` when each service
did its work once, or after READY_WITHIN if one did not, which is measured all the same; at the end `Report`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import sys
import time

import msgspec
from msgspec.structs import replace

from cluster.wire.lines import FIRST, line
from cluster.wire.probes import Ready, Report, Wanted
from engine.probes.measuring import KINDS, Measuring

READY_WITHIN = 5.0
"""Seconds until a service that has not succeeded once is told of."""
LIFE = 7200.0
"""Seconds after which it ends by itself, whoever may have forgotten it."""


def main() -> int:
    """0 if something was measured, 2 if the request made no sense."""
    # What the libraries log of each failed connection is in the report.
    logging.disable()
    _write(FIRST)
    try:
        # Unbuffered: select must see what comes after this line.
        with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as stdin:
            wanted = msgspec.json.decode(stdin.readline(2**16), type=Wanted)
    except msgspec.MsgspecError as error:
        _write(line(Report(note=f"the request can't be read: {error}")))
        return 2
    if unknown := sorted({target.kind or name for name, target in wanted.services.items()} - set(KINDS)):
        _write(line(Report(note=f"{', '.join(unknown)} can't be measured, only {', '.join(KINDS)} can")))
        return 2
    note = ""
    begin = time.monotonic()
    with Measuring(wanted) as measuring:
        stopped = False
        while not stopped and time.monotonic() - begin < READY_WITHIN and measuring.missing():
            stopped = _told_to_stop(0.02)
        missing = measuring.missing()
        _write(line(Ready(not missing, missing)))
        if not stopped and not _told_to_stop(begin + LIFE - time.monotonic()):
            note = f"it ended by itself after {LIFE / 3600:g} hours, what came later was not measured"
    _write(line(replace(measuring.report(), note=note)))
    return 0


def _told_to_stop(within: float) -> bool:
    """Whether "stop", or anything else, or the end of stdin came `within` seconds."""
    return bool(select.select([sys.stdin], [], [], max(0.0, within))[0])


def _write(text: bytes) -> None:
    # Whoever started it may be gone: then nobody wants to know.
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), text)


if __name__ == "__main__":
    sys.exit(main())
