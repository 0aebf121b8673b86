"""Shows what the lab is busy with: a spinner on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

Note = Callable[[str], None]
"""Says how far a running step is, such as "7 of 10 hosts answer"."""


class Progress:
    """Steps, one after the other, on standard error: standard output belongs to the answer."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, doing: str) -> Iterator[Note]:
        """A step that may take long; the line with its time stays when it ends, failed or not."""
        began = time.monotonic()
        last = ""
        status = self.console.status(escape(doing)) if self.console.is_terminal else None

        def note(text: str) -> None:
            nonlocal last
            last = text
            if status:
                status.update(escape(f"{doing}: {text} ({time.monotonic() - began:.0f} s)"))

        if status:
            status.start()
        else:
            self.console.print(escape(f"{doing} ..."))
        ended = "failed"
        try:
            yield note
            ended = "done"
        finally:
            if status:
                status.stop()
            detail = f": {last}" if last else ""
            self.console.print(escape(f"{doing}{detail}, {ended} after {time.monotonic() - began:.1f} s"))

    def say(self, text: str) -> None:
        self.console.print(escape(text))
