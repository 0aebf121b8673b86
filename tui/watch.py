"""`hatui status --watch`: what is so, and then each change as it is told of, until Ctrl-C."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cluster.exits import WRONG_CALL
from cluster.health.verdict import Verdict
from cluster.wire.lines import OtherVersion, Reader
from cluster.wire.observed import Event, Snapshot, Told
from engine.start import own
from tui.status import STYLES, plain, print_tables
from tui.words import GLYPHS


def watch(inventory: Path, form: str, every: float) -> int:
    """Print what the engine tells as `form`: table, plain, json. The last verdict's exit code; 3 if there was none."""
    process = subprocess.Popen(
        own("engine", "watch", "--inventory", str(inventory), "--every", str(every)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # Ctrl-C is this process's to answer.
        start_new_session=True,
    )
    last = Verdict.UNKNOWN
    begun = False
    try:
        for line, one in _lines(process):
            if form == "json":
                sys.stdout.write(line.decode())
                sys.stdout.flush()
            elif isinstance(one, Event):
                _print_event(one, form)
            elif isinstance(one, Snapshot) and not begun and one.complete:
                begun = True
                print(plain(one), flush=True) if form == "plain" else print_tables(one)
            if isinstance(one, Snapshot):
                last = one.verdict
    except OtherVersion as other:
        print(other, file=sys.stderr)
        return Verdict.UNKNOWN.exit_code
    except KeyboardInterrupt:
        return last.exit_code
    finally:
        process.terminate()
        with contextlib.suppress(KeyboardInterrupt):
            process.wait()
    # It ends by itself only when it can't begin, which it has said.
    return process.returncode if process.returncode in WRONG_CALL else Verdict.UNKNOWN.exit_code


def _lines(process: subprocess.Popen[bytes]) -> Iterator[tuple[bytes, Told | None]]:
    """Each line with what it tells; the first one tells nothing but the version."""
    assert process.stdout is not None
    reader: Reader[Told] = Reader(Told)
    for line in process.stdout:
        yield line, reader.read(line)


def _print_event(event: Event, form: str) -> None:
    if form == "plain":
        at = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(event.at))
        print(at, event.layer, event.host or "*", event.verdict, event.text, sep="\t", flush=True)
        return
    from rich.console import Console
    from rich.text import Text

    at = time.strftime("%H:%M:%S", time.localtime(event.at))
    badge = (f"{GLYPHS[event.verdict]} {event.verdict:<7}  ", STYLES[event.verdict])
    Console(highlight=False).print(Text.assemble(f"{at}  ", badge, (f"{event.layer}  ", "bold"), event.text))
