"""How long `hatui status` takes: on a healthy lab, and with a host that does not answer."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from bench.main_job import ROOT, fault
from bench.report import Figure


def status() -> tuple[float, int]:
    """Seconds, and the exit code."""
    begin = time.monotonic()
    done = subprocess.run(
        [str(Path(sys.executable).parent / "hatui"), "status", "--json"], cwd=ROOT, capture_output=True, check=False
    )
    return time.monotonic() - begin, done.returncode


def statuses(runs: int = 15) -> list[Figure]:
    """Healthy, then with net02 without power, which it gets back."""
    healthy = tuple(status()[0] for _ in range(runs))
    with fault("power", "net02"):
        missing = tuple(status()[0] for _ in range(3))
    return [
        Figure("hatui status, 10 hosts", healthy, "s", 1.5),
        Figure("hatui status, one host without power", missing, "s", 5),
    ]


def until_ok(within: float = 300) -> None:
    """Wait until the lab is well. TimeoutError after `within` seconds."""
    begin = time.monotonic()
    while status()[1] != 0:
        if time.monotonic() - begin > within:
            raise TimeoutError(f"the lab is not OK after {within:.0f} s: see `hatui status`")
        time.sleep(0.5)
