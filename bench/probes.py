"""What it costs to measure what clients feel, and how soon it is measured."""

from __future__ import annotations

import resource
import time

from bench.report import Figure
from engine.probing import SETTLING, Probing
from inventory import CLUSTER

SECONDS = 10.0


def cpu() -> float:
    """Seconds of processor time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def probes(runs: int = 5) -> list[Figure]:
    """Both services at 100 new connections a second each, their streams open."""
    shares, ready, ended = [], [], []
    for _ in range(runs):
        probing = Probing(CLUSTER, ("sql", "amqp"))
        before, begin = cpu(), time.monotonic()
        if why_not := probing.start():
            raise SystemExit(f"The probes can't be measured: {why_not}")
        ready.append(time.monotonic() - begin)
        time.sleep(SECONDS)
        end = time.monotonic()
        probing.stop()
        ended.append(time.monotonic() - end - SETTLING)
        # The start of the process, about 0.3 s, is counted: it is part of what a run costs.
        shares.append(100 * (cpu() - before) / (end + SETTLING - begin))
    return [
        Figure("the probes: of one core", tuple(shares), "%", 25),
        Figure("the probes: from their start to the first success of all", tuple(ready), "s", 0.4),
        Figure("the probes: from their end to the report", tuple(ended), "s", 0.4),
    ]
