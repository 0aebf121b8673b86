"""How numbers moved: sampled, bounded, and what was not known is a gap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.state import Unknown
from tests.streams.topology import reference, well
from tui.console.trends import EVERY, KEPT, Trends


def state(queue: int | None) -> dict[str, Any]:
    """A state as it travels; the databases have such a queue, or are unknown."""
    known = well(reference())
    galera: dict[str, GaleraNode | Unknown] = {}
    for name, node in known[WSREP_STATUS].items():
        assert isinstance(node, GaleraNode)
        galera[name] = Unknown("is away") if queue is None else replace(node, recv_queue=queue)
    built = msgspec.to_builtins(known.having({WSREP_STATUS: galera}).seen)
    assert isinstance(built, dict)
    return built


def line(trends: Trends, name: str, width: int = 80) -> str:
    return next(one.text for one in trends.lines(width) if one.text.strip().startswith(name))


def test_bars_grow_with_the_number_and_a_gap_is_what_was_not_known() -> None:
    trends = Trends()
    for turn, queue in enumerate((0, 70, None, 35)):
        trends.take(state(queue), turn * EVERY)
    assert line(trends, "galera queue").split("now")[0].strip().removeprefix("galera queue").strip() == "▁█ ▄"
    assert line(trends, "galera queue").endswith("now 35  most 70")


def test_what_is_not_known_now_is_said_to_be_so() -> None:
    trends = Trends()
    trends.take(state(None), 0)
    assert line(trends, "galera queue").split() == ["galera", "queue", "now", "?"]


def test_samples_are_some_seconds_apart_and_only_so_many() -> None:
    trends = Trends()
    one = state(1)
    for turn in range(10):
        trends.take(one, turn * EVERY / 10)
    assert line(trends, "sessions").count("█") == 1
    for turn in range(2 * KEPT):
        trends.take(one, 100 + turn * EVERY)
    assert line(trends, "sessions", 1000).count("█") == KEPT
    assert len(line(trends, "sessions")) <= 80
    trends.forget()
    assert not trends.lines(80)


def test_a_state_of_another_form_is_not_known() -> None:
    trends = Trends()
    trends.take({"galera": {"mysql1": {"recv_queue": "many"}}, "haproxy": 3}, 0)
    assert all("now ?" in one.text for one in trends.lines(80))
