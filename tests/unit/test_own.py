"""This machine's own delays: a clock that stands still while the process does not run."""

from __future__ import annotations

import os

from engine.own import LATE, TICK, OwnTime, waited


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def test_it_goes_on_while_the_process_runs_and_stands_still_while_it_does_not() -> None:
    clock = Clock()
    own = OwnTime(clock)
    begun = own.now()
    for _ in range(40):
        clock.time += TICK
        own.now()
    assert own.now() - begun == 10 and own.lost == 0 and own.longest() == 0
    clock.time += 5
    assert own.now() - begun == 10 + TICK and own.lost == 5 - TICK
    clock.time += LATE
    assert own.now() - begun == 10 + TICK + LATE
    assert own.longest() == 5 - TICK and own.longest() == 0


def test_what_was_seen_before_it_stood_still_is_as_old_as_it_is() -> None:
    clock = Clock()
    own = OwnTime(clock)
    seen = own.now()
    clock.time += 60
    assert own.now() - seen + own.older(seen) == 60
    assert own.older(own.now()) == 0


def test_how_long_a_process_waited_for_a_processor_is_told_by_the_kernel() -> None:
    assert 0 <= waited(os.getpid()) < 1e6
    assert waited(2**30) == 0.0
