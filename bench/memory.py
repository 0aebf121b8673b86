"""Memory of the whole lab: the proportional share (PSS, proc(5) smaps_rollup) of each process of its hosts and BMCs."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from bench.report import Figure


def lab_memory() -> float:
    """GiB that all processes in the lab's cgroups hold now."""
    slug = os.environ.get("HALAB_SUBNET", "192.168.47.0/24").replace("/", "_")
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        # A process may end between two looks.
        with contextlib.suppress(OSError):
            if f"/halab/{slug}/" in (process / "cgroup").read_text():
                lines = (process / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 2**20


def memory() -> list[Figure]:
    """The deployed lab's memory."""
    return [Figure("memory of the whole lab", (lab_memory(),), "GiB", 3)]
