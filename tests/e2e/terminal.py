"""A real terminal for the console: tmux, typed into and read like a person does."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.e2e import lab
from tests.pace import Limit

COLUMNS, ROWS = 80, 24


class Terminal:
    """One tmux server of its own, with one window that runs `arguments` of `hatui`."""

    def __init__(self, *arguments: str, columns: int = COLUMNS, rows: int = ROWS) -> None:
        self._socket = f"hatui-{os.getpid()}-{time.monotonic_ns()}"
        words = shlex.join([sys.executable, "-m", "tui.main", *arguments])
        self._tmux("new-session", "-d", "-s", "it", "-x", str(columns), "-y", str(rows), "-c", str(lab.ROOT), words)
        self._tmux("set-option", "-g", "window-size", "manual")
        self._tmux("resize-window", "-t", "it", "-x", str(columns), "-y", str(rows))
        self._tmux("set-option", "-g", "remain-on-exit", "on")

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, "-f", "/dev/null", *arguments],
            check=True,
            capture_output=True,
            text=True,
            timeout=10,
            # A size that a library has put there would count for more than the terminal's own.
            env={name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")},
        )
        return done.stdout

    def keys(self, *names: str) -> None:
        """Press keys as fast as a person, by tmux's names: Enter, Escape, Up, or the character."""
        for name in names:
            self._tmux("send-keys", "-t", "it", name)
            time.sleep(0.15)

    def type(self, text: str) -> None:
        """Type a text."""
        self._tmux("send-keys", "-t", "it", "-l", text)

    def text(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p", "-t", "it")

    def shows(self, *parts: str) -> bool:
        """Whether all of these can be read."""
        found = self.text()
        return all(part in found for part in parts)

    def wait(self, *parts: str, within: float = 10) -> float:
        """Seconds until all of these can be read; AssertionError, with the screen, if they can't be in time."""
        return self.until(lambda text: all(part in text for part in parts), within, f"{parts} on the screen")

    def until(self, holds: Callable[[str], bool], within: float, what: str) -> float:
        """Seconds until the screen is so."""
        limit = Limit(within)
        while not holds(text := self.text()):
            assert not limit.is_over(), f"not within {limit.taken:.0f} s: {what}\n{text}"
            time.sleep(0.03)
        return limit.taken

    @property
    def pid(self) -> int:
        """The console's process."""
        return int(self._tmux("display-message", "-p", "-t", "it", "#{pane_pid}"))

    def dead(self) -> bool:
        """Whether it has ended."""
        return self._tmux("display-message", "-p", "-t", "it", "#{pane_dead}").strip() == "1"

    def close(self) -> None:
        """The terminal is lost: everything in it gets SIGHUP."""
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], check=False, capture_output=True, timeout=10)


@contextmanager
def terminal(*arguments: str, columns: int = COLUMNS, rows: int = ROWS) -> Iterator[Terminal]:
    """A console in a terminal, which is gone at the end."""
    one = Terminal(*arguments, columns=columns, rows=rows)
    try:
        yield one
    finally:
        one.close()
