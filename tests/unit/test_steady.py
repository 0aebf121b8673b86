"""One change is one event: what is only being asked again is not told of as unknown, and what stays unknown is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from cluster.galera.record import GaleraNode
from cluster.health.verdict import Verdict
from cluster.layer import UNKNOWN
from cluster.locked import CLUSTER_LOCK, LockNode
from cluster.state import Unknown
from cluster.wire.observed import Event
from engine.look import WITHIN
from engine.observe.diff import events
from engine.observe.memory import SILENT, Memory
from engine.observe.steady import Steady
from engine.observe.watch import Watch
from engine.seen import Seen
from tests.unit.test_exclusive import looks, orders, vip, watched
from tests.unit.test_health import DATABASES, GALERA, HEALTHY, SPEC, VIP, unit
from tests.unit.test_memory import full
from tests.unit.test_watch import Clock, Collected, answers

HAS_NONE = vip(held=False)


class Teller:
    """Tells what the observer would of a memory, as often as it is asked to."""

    def __init__(self, memory: Memory, now: float) -> None:
        self._memory = memory
        self._steady = Steady()
        self._told = self.seen = Seen.of(SPEC, memory.state(now))
        self.events: list[Event] = []

    def look(self, now: float) -> list[str]:
        latest = self._memory.state(now, settled=False) if self._memory.holds else None
        self.seen = Seen.of(SPEC, self._memory.state(now), latest, self._memory.awaited(now))
        told = self._steady.view(self._told, self.seen, now)
        found = events(self._told, told, now)
        self._told = told
        self.events += found
        return [event.text for event in found]

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.events]


def test_a_vip_that_moves_is_one_event_in_whatever_order_the_answers_come() -> None:
    for order in orders([looks(1, 3, 1)] * 2):
        for moved in range(1, 4):
            memory, names = watched(2)
            teller = Teller(memory, 0.5)
            # Nobody falls silent.
            for name in names:
                memory.heard(name, 1.0)
            for comes, host, look in order:
                held = host == 0 if look.looks < moved else host == 1
                memory.saw(names[host], "vrrp", vip(held=held), comes + 0.5, look.asked + 0.4, 0.1)
                teller.look(comes + 0.5)
            for name in names:
                memory.heard(name, 3.6)
                memory.saw(name, "vrrp", vip(held=name == "haproxy2"), 3.6, 3.55, 0.05)
                teller.look(3.6)
            assert teller.texts == [f"the owner of {VIP} was haproxy1, and is haproxy2"], (moved, order)


LEFT: GaleraNode = replace(GALERA, size=2, conf_id=4)
ALONE: GaleraNode = replace(GALERA, size=1, conf_id=-1, cluster_status="non-Primary", state="Initialized", ready=False)
SPLIT = {"mysql1": LEFT, "mysql2": LEFT, "mysql3": ALONE}


@pytest.mark.parametrize("order", list(permutations(DATABASES)))
@pytest.mark.parametrize("held", ["before the first answer", "after it", ""])
def test_a_membership_that_changes_is_one_event_of_each_node(order: tuple[str, ...], held: str) -> None:
    """ "mysql3 was Primary, and is unknown" and 30 ms later "was unknown, and is non-Primary" were two."""
    memory = full(100)
    teller = Teller(memory, 100.1)
    if held == "before the first answer":
        memory.hold("galera", 101)
    for number, name in enumerate(order):
        # Each tells of a moment before the one before it had answered.
        memory.saw(name, "galera", SPLIT[name], 101.05 + number / 100, 101, 0.05)
        teller.look(101.05 + number / 100)
        if held:
            memory.hold("galera", 101.05)
    if held:
        memory.settle(101.1, lambda _: False)
        teller.look(101.1)
    of_nodes = [event for event in teller.events if event.host]
    assert sorted(event.host for event in of_nodes) == list(DATABASES)
    assert not [text for text in teller.texts if UNKNOWN in text.lower()]
    assert "Galera on mysql3 was Synced, Primary of 3, and is Initialized, non-Primary of 1" in teller.texts


def test_the_other_balancer_is_not_told_of_when_one_s_keepalived_stops() -> None:
    memory = full(100)
    teller = Teller(memory, 100.1)
    memory.hold("vrrp", 101)
    stopped = replace(HAS_NONE, keepalived=unit("keepalived.service", "inactive"))
    memory.saw("haproxy1", "vrrp", stopped, 101.05, 101, 0.05)
    assert teller.look(101.05) == ["keepalived on haproxy1 was active, and is inactive"]
    # In the view itself it is unknown, and so are its verdict and its layer's once nothing is held any longer.
    assert teller.seen.hosts["keepalived", "haproxy2"] is Verdict.UNKNOWN
    memory.settle(101.06, lambda _: False)
    assert teller.look(101.06) == []
    assert next(one for one in teller.seen.layers if one.layer == "keepalived").verdict is Verdict.UNKNOWN
    memory.saw("haproxy2", "vrrp", vip(held=True), 101.08, 101.06, 0.02)
    texts = teller.look(101.08)
    assert texts[0] == f"the owner of {VIP} was haproxy1, and is haproxy2"
    assert not [text for text in teller.texts if "haproxy2 was" in text or UNKNOWN in text]


def test_what_stays_unknown_is_told_after_as_long_as_an_answer_may_take() -> None:
    memory = full(100)
    teller = Teller(memory, 100.1)
    memory.saw("haproxy1", "vrrp", HAS_NONE, 101.05, 101, 0.05)
    for tenth in range(int(10 * WITHIN)):
        for name in SPEC.hosts:
            memory.heard(name, 101.05 + tenth / 10)
        assert not [text for text in teller.look(101.05 + tenth / 10) if UNKNOWN in text.lower()]
    texts = teller.look(101.05 + WITHIN)
    assert "keepalived on haproxy2 was active, and is unknown" in texts
    assert [text for text in texts if text.startswith("was OK, and is UNKNOWN: ")]
    # Once, and it stays so.
    assert teller.look(101.06 + WITHIN) == []


def test_an_answer_that_did_not_come_in_time_is_unknown_at_once() -> None:
    memory = full(100)
    teller = Teller(memory, 100.1)
    memory.saw("haproxy1", "vrrp", HAS_NONE, 101.05, 101, 0.05)
    assert teller.look(101.05) == []
    memory.saw("haproxy2", "vrrp", Unknown("did not answer within 4 s"), 101.2, 101.1, 0.1)
    assert "keepalived on haproxy2 was active, and is unknown" in teller.look(101.2)


def test_a_host_that_is_not_heard_of_any_more_is_told_of_when_that_is_known() -> None:
    memory = full(100)
    teller = Teller(memory, 100.1)
    memory.saw("haproxy1", "vrrp", HAS_NONE, 101.05, 101, 0.05)
    for name in SPEC.hosts:
        memory.heard(name, 100 if name == "haproxy2" else 102.9)
    assert teller.look(100 + SILENT) == []
    assert "haproxy2 was there, and is not answering" in teller.look(100.1 + SILENT)
    assert "keepalived on haproxy2 was active, and is unknown" in teller.texts


def test_nothing_that_is_known_waits_for_what_is_not() -> None:
    """The heir of a host without power is the owner at once."""
    memory = full(100)
    teller = Teller(memory, 100.1)
    memory.saw("haproxy2", "vrrp", vip(held=True), 101.05, 101, 0.05)
    assert teller.look(101.05) == [f"the owner of {VIP} was haproxy1, and is haproxy2"]
    assert memory.awaited(101.05) == {("vrrp", "haproxy1")}


def test_the_observer_tells_one_event_and_its_snapshots_say_unknown_meanwhile() -> None:
    async def told() -> None:
        clock, stream = Clock(), Collected()
        told_by: Any = stream
        whole = Watch(SPEC, 1.0, told_by, clock)
        answers(
            whole,
            now := whole.own.now(),
            HEALTHY.having({CLUSTER_LOCK: {name: LockNode(held=False) for name in SPEC.hosts}}),
        )
        before = whole._now()
        whole._memory.saw("haproxy1", "vrrp", HAS_NONE, now + 0.1, now + 0.05, 0.05)
        before = await whole._tell_changes(before)
        assert [line for line in stream.lines if isinstance(line, Event)] == []
        whole._snapshot(whole._seen)
        assert stream.lines[-1].verdict is Verdict.UNKNOWN
        whole._memory.saw("haproxy2", "vrrp", vip(held=True), now + 0.2, now + 0.15, 0.05)
        await whole._tell_changes(before)
        texts = [line.text for line in stream.lines if isinstance(line, Event)]
        assert texts == [f"the owner of {VIP} was haproxy1, and is haproxy2"]

    asyncio.run(told())
