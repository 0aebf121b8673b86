"""The observer's stream, as a program reads it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import Any

from tests.e2e import lab
from tests.pace import wait_until


class Stream:
    """`hatui status --watch --json`, read as it comes, each line with the time of its reading."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, dict[str, Any]]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tui.main", "status", "--watch", "--json"],
            cwd=lab.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        wait_until(self.snapshots, 15, "the first snapshot")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append((time.time(), json.loads(line)))

    def snapshots(self) -> list[dict[str, Any]]:
        return [line for _, line in list(self.lines) if line["kind"] == "snapshot"]

    def well(self) -> bool:
        """Whether all hosts have answered, and all is OK."""
        return any(one["complete"] and one["verdict"] == "OK" for one in self.snapshots())

    def told(self, text: str, since: float, within: float) -> float:
        """Seconds from `since` until an event's text had `text` in it."""

        def found() -> list[float]:
            return [at for at, line in list(self.lines) if at >= since and text in line.get("text", "")]

        def events() -> str:
            return "\n".join(line["text"] for at, line in list(self.lines) if at >= since and line["kind"] == "event")

        try:
            wait_until(found, within, text, every=0.02)
        except AssertionError as error:
            raise AssertionError(f"{error}; told was:\n{events()}") from None
        return found()[0] - since

    def end(self) -> int:
        """As Ctrl-C does; the exit code."""
        self.process.send_signal(2)
        return self.process.wait(10)
