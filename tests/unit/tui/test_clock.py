"""The console's clock: what was unlocked, or seen, before the machine slept is as old as that."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tui.console.feed import Live


def test_the_time_that_the_machine_slept_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Live(Path("inventory.py")).now() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=60)
    monkeypatch.setattr(time, "clock_gettime", {time.CLOCK_BOOTTIME: 1e6}.__getitem__)
    assert Live(Path("inventory.py")).now() == 1e6
