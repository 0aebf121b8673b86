"""How soon a lab is deployed and well again from a snapshot of it."""

from __future__ import annotations

import os
import time

from bench.main_job import halab
from bench.report import Figure
from bench.status import status


def snapshots(runs: int = 3) -> list[Figure]:
    """The lab as it is is saved, and given back. It must be up and well, and is so afterwards.

    The snapshot stays: the lab's hosts stand on it.
    """
    name = f"bench-{os.getpid()}"
    halab("snapshot", "save", name)
    try:
        took = [_loaded(name) for _ in range(runs)]
    finally:
        _until_ok()
    return [Figure("a deployed snapshot loaded, and every layer OK", tuple(took), "s", 30)]


def _loaded(name: str) -> float:
    _until_ok()
    begin = time.monotonic()
    halab("snapshot", "load", name)
    _until_ok()
    return time.monotonic() - begin


def _until_ok(within: float = 300) -> None:
    begin = time.monotonic()
    while status()[1] != 0:
        if time.monotonic() - begin > within:
            raise TimeoutError(f"the lab is not OK after {within:.0f} s: see `hatui status`")
        time.sleep(0.5)
