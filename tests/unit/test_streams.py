"""The streams that other tests feed on are what the observer would tell: each line is read, each story is told."""

from __future__ import annotations

import pytest

from cluster.health.verdict import Verdict
from cluster.wire.observed import Event, Snapshot, Told, told
from inventory import CLUSTER
from tests.streams.build import BREAKS, SPEC, START, STORIES
from tests.streams.hostile import TEXTS, hostile
from tests.streams.many import many
from tests.streams.topology import large

SAYS = {
    "healthy": (Verdict.OK, "3 of 3 nodes are Synced and Primary"),
    "degraded": (Verdict.WARN, "haproxy1: 2 of 3 servers of galera are UP (mysql3 DOWN)"),
    "failed": (Verdict.FAIL, "no Primary component among 3 nodes"),
    "unknown": (Verdict.UNKNOWN, "net02 can't be reached"),
    "split": (Verdict.FAIL, "2 owners of 192.168.47.47: haproxy1, haproxy2 (split)"),
}


def snapshots(lines: list[Told]) -> list[Snapshot]:
    return [one for one in lines if isinstance(one, Snapshot)]


@pytest.mark.parametrize("name", STORIES)
def test_a_story_begins_well_and_ends_as_its_name_says(name: str) -> None:
    lines = [told(line) for line in STORIES[name](6)]
    seen = snapshots(lines)
    verdict, words = SAYS[name]
    assert seen[0].at == START and seen[-1].at == START + 6
    assert seen[-1].verdict is verdict
    assert any(words in layer.reason for layer in seen[-1].layers)
    assert name == "unknown" or seen[0].verdict is Verdict.OK
    broke = [one.at for one in lines if isinstance(one, Event)]
    assert (broke[:1] == [START + BREAKS]) is (name != "healthy")
    assert [one.at for one in lines] == sorted(one.at for one in lines)


def test_the_topology_is_the_inventory_s() -> None:
    assert {name: host.role for name, host in SPEC.hosts.items()} == {
        name: host.role for name, host in CLUSTER.hosts.items()
    }


def test_who_says_nothing_more_gets_older_and_who_never_did_has_no_age() -> None:
    ages = [snapshot.ages for snapshot in snapshots([told(line) for line in STORIES["unknown"](9)])]
    assert {age["hosts"]["net02"] for age in ages} == {None}
    first, last = ages[5]["galera"]["mysql2"], ages[-1]["galera"]["mysql2"]
    assert first is not None and last is not None and last > first > 3


def test_many_hosts_tell_as_many_events_as_are_asked_for() -> None:
    lines = [told(line) for line in many(hosts=40, events_a_minute=2000, minutes=1)]
    assert len(large(40).hosts) == 40
    assert len(lines) - len(snapshots(lines)) == 2000
    assert len(snapshots(lines)) == 121


def test_hostile_lines_are_lines() -> None:
    lines = list(hostile())
    assert all(line.count(b"\n") == 1 and len(line) < 8 << 20 for line in lines)
    assert [one.text for one in map(told, lines) if isinstance(one, Event)] == list(TEXTS.values())
