"""A look that decides something waits for the answers that hosts wait for, and for nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.openstack.record import ApiNode, Part
from cluster.state import ClusterState, ServiceState, Unknown
from engine.awaited import EVERY, LONGEST, complete
from operations.steps import LOOKS

WELL = ApiNode(ServiceState("keystone.service", "active", "running", enabled=True), 200, 201, 0.2)
SLOW = replace(WELL, call=None, took=0.0, waits=2)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def seen(*looks: dict[str, ApiNode | Unknown]) -> tuple[dict[str, ApiNode | Unknown], int]:
    """What is seen in the end of so many looks, the last of which is seen for ever; and how many there were."""
    left, taken = [*looks], 0

    def look() -> ClusterState:
        nonlocal taken
        taken += 1
        return ClusterState({"keystone": left.pop(0) if len(left) > 1 else left[0]})

    return dict(complete(look).seen["keystone"]), taken


def test_what_has_an_answer_is_not_looked_at_twice(clock: list[float]) -> None:
    for one in (WELL, replace(WELL, call=0), replace(WELL, call=None), replace(SLOW, health=0), Unknown("gone")):
        assert seen({"a": one, "b": WELL}) == ({"a": one, "b": WELL}, 1)
    assert clock == [100]


def test_an_answer_that_comes_is_waited_for(clock: list[float]) -> None:
    late = replace(WELL, took=4.1)
    assert seen({"a": WELL, "b": SLOW}, {"a": WELL, "b": SLOW}, {"a": WELL, "b": late}) == ({"a": WELL, "b": late}, 3)
    assert clock == [100 + 2 * EVERY]
    # Also that there was none.
    assert seen({"a": SLOW}, {"a": replace(WELL, call=0)}) == ({"a": replace(WELL, call=0)}, 2)


def test_one_has_its_answer_while_another_waits_and_then_the_other_way_round(clock: list[float]) -> None:
    part = Part("net01", "neutron-l3-agent", up=True, enabled=True)
    first = replace(WELL, took=3.0, parts=(part,))
    found, looks = seen({"a": first, "b": SLOW}, {"a": SLOW, "b": WELL})
    assert (found, looks) == ({"a": first, "b": WELL}, 2)
    # The newest counts, and what else is so now.
    away = replace(WELL.service, active="failed")
    found, _ = seen(
        {"a": WELL, "b": SLOW},
        {"a": replace(WELL, call=500), "b": SLOW},
        {"a": replace(SLOW, workers=(away,)), "b": WELL},
    )
    assert found["a"] == replace(WELL, call=500, workers=(away,))


def test_one_that_can_not_be_asked_has_given_no_answer(clock: list[float]) -> None:
    found, looks = seen({"a": Unknown("was silent"), "b": SLOW}, {"a": SLOW, "b": WELL}, {"a": WELL, "b": WELL})
    assert (found, looks) == ({"a": WELL, "b": WELL}, 3)


def test_what_never_has_an_answer_is_told_as_that(clock: list[float]) -> None:
    found, looks = seen({"a": SLOW})
    assert found == {"a": SLOW} and looks == LONGEST / EVERY + 2
    # Where each look takes long, there are some all the same.
    begun = clock[0]

    def look() -> ClusterState:
        clock[0] += LONGEST
        return ClusterState({"keystone": {"a": SLOW}})

    complete(look)
    assert clock[0] - begun == LOOKS * LONGEST + (LOOKS - 1) * EVERY
