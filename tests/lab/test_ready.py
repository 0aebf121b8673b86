"""Waiting for hosts that boot: one that is fenced meanwhile comes back, one that stays off is told."""

from __future__ import annotations

import time

import pytest

from lab import hosts, ready
from lab.errors import LabError
from lab.topology import parse_subnet

LAB = parse_subnet("192.168.47.0/24")


def test_one_that_goes_off_for_a_moment_is_waited_for_and_one_that_stays_off_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, on = [0.0], [False]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(hosts, "running", lambda *_: on[0])
    monkeypatch.setattr(hosts, "console_tail", lambda *_: "its last words")
    off: dict[str, float] = {}
    for at, there in ((0, False), (9, False), (11, True), (12, False), (22, False)):
        now[0], on[0] = float(at), there
        ready._check_boot(LAB, ["cc01"], off, late=False)
    now[0] = 22.1
    with pytest.raises(LabError, match="cc01 went off while it booted: its last words"):
        ready._check_boot(LAB, ["cc01"], off, late=False)
