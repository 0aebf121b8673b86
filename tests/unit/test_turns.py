"""When a layer is asked: in turn, at once when something stirs, and never so often that it burdens a host."""

from __future__ import annotations

from itertools import pairwise

from engine.observe.host import wait_before
from engine.observe.turns import AT_ONCE, Turns

WITHIN = 4.0


def asked(turns: Turns, begin: float, end: float, step: float = 0.05, took: float = 0.04) -> list[float]:
    """The times at which `galera` is asked, when every answer takes `took` seconds."""
    moments, answer = [], None
    now = begin
    while now < end:
        if answer is not None and answer <= now:
            turns.answered("galera", now)
            answer = None
        if "galera" in turns.due(now):
            moments.append(round(now - begin, 2))
            answer = now + took
        now += step
    return moments


def test_everything_is_asked_at_the_beginning_and_then_in_turn() -> None:
    turns = Turns({"galera": 10, "vrrp": 5})
    turns.begin(100)
    assert turns.due(100) == ["galera", "vrrp"]
    assert turns.due(100.1) == []
    turns.answered("galera", 100.1)
    turns.answered("vrrp", 100.1)
    assert turns.next(WITHIN) == 105
    assert turns.due(105) == ["vrrp"]
    assert turns.due(110) == ["galera"]


def test_what_is_awaited_is_overdue_after_its_time_and_not_asked_again() -> None:
    turns = Turns({"galera": 1})
    turns.begin(0)
    assert turns.due(0) == ["galera"]
    assert turns.next(WITHIN) == 4
    assert turns.due(3.9) == [] and turns.overdue(3.9, WITHIN) == []
    assert turns.overdue(4, WITHIN) == ["galera"]


def test_a_stir_is_followed_for_some_seconds() -> None:
    turns = Turns({"galera": 100})
    turns.begin(0)
    asked(turns, 0, 1)
    turns.stir(20, AT_ONCE, ["galera", "no-such"])
    moments = asked(turns, 20, 40)
    assert len(moments) == len(AT_ONCE)
    assert all(0 <= moment - wanted < 0.2 for moment, wanted in zip(moments, AT_ONCE, strict=True))


def test_what_stirs_without_end_is_asked_once_a_second() -> None:
    turns = Turns({"galera": 100})
    turns.begin(0)
    asked(turns, 0, 1)
    moments: list[float] = []
    for tick in range(1200):
        begin = 20 + tick * 0.05
        turns.stir(begin, AT_ONCE)
        moments += [begin + moment for moment in asked(turns, begin, begin + 0.05)]
        turns.answered("galera", begin + 0.04)
    assert 60 <= len(moments) <= 75
    late = [moment for moment in moments if moment > 50]
    assert all(0.9 < after - before < 1.1 for before, after in pairwise(late))


def test_a_slow_answer_is_not_asked_for_again_at_once() -> None:
    turns = Turns({"galera": 100})
    turns.begin(0)
    turns.due(0)
    turns.answered("galera", 3)
    turns.stir(3, AT_ONCE)
    assert turns.due(5.9) == []
    assert turns.due(6) == ["galera"]


def test_what_a_host_begins_by_itself_is_awaited() -> None:
    turns = Turns({"galera": 100})
    turns.begin(0)
    asked(turns, 0, 1)
    turns.begun(10, ["galera", "no-such"])
    assert turns.awaited("galera", 10) and not turns.awaited("no-such", 10)
    assert turns.answered("galera", 10.5) == 0.5
    assert turns.answered("galera", 10.6) is None


def test_connections_are_tried_less_and_less_often() -> None:
    assert [wait_before(failures) for failures in range(7)] == [0, 1, 2, 4, 8, 15, 15]
