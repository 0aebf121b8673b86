"""How soon a lab is deployed and well again from a snapshot of it."""

from __future__ import annotations

import os
import time

from bench.main_job import halab
from bench.report import Figure
from bench.status import until_ok


def snapshots(runs: int = 3) -> list[Figure]:
    """The lab as it is is saved, and given back. It must be up and well, and is so afterwards.

    The snapshot stays: the lab's hosts stand on it.
    """
    name = f"bench-{os.getpid()}"
    halab("snapshot", "save", name)
    try:
        took = [_loaded(name) for _ in range(runs)]
    finally:
        until_ok()
    return [Figure("a deployed snapshot loaded, and every layer OK", tuple(took), "s", 30)]


def _loaded(name: str) -> float:
    until_ok()
    begin = time.monotonic()
    halab("snapshot", "load", name)
    until_ok()
    return time.monotonic() - begin
