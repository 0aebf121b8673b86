"""How long a step waits for its goal: so many seconds, and so many looks where each of them takes long."""

from __future__ import annotations

import pytest

from operations.steps import LOOKS, Refused, wait_for


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr("time.sleep", sleep)
    return now


def looking(clock: list[float], takes: float, reached_at: int) -> list[int]:
    """The looks until the goal is reached, each of which takes so long."""
    looks: list[int] = []

    def look() -> str | None:
        clock[0] += takes
        looks.append(len(looks) + 1)
        return None if len(looks) == reached_at else "it is not so"

    wait_for(look, within=5, every=0.5)
    return looks


def test_where_looks_are_quick_the_time_counts(clock: list[float]) -> None:
    assert len(looking(clock, 0.0, 11)) == 11
    with pytest.raises(Refused, match=r"^After 6 s: it is not so$"):
        looking(clock, 0.0, 13)


def test_where_looks_are_slow_they_count(clock: list[float]) -> None:
    assert len(looking(clock, 4.0, LOOKS)) == LOOKS
    begun = clock[0]
    with pytest.raises(Refused, match=r"^After 13 s: it is not so$"):
        looking(clock, 4.0, LOOKS + 1)
    assert clock[0] - begun == 3 * 4.0 + 2 * 0.5
