"""The lease of the lock: never held by our count at a moment when the hosts would have freed it already."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

import pytest

from cluster.lease import BEAT, MARGIN, PATIENCE, Lease, Tenure

TICK = 0.1
HOSTS = 5
NEEDED = 3


@dataclass
class Line:
    """One direction of a connection: what is sent arrives in order, each after a delay of its own, or never."""

    waiting: list[tuple[float, int]] = field(default_factory=list)

    def send(self, number: int, arrives: float) -> None:
        before = self.waiting[-1][0] if self.waiting else 0.0
        self.waiting.append((max(arrives, before), number))

    def arrived(self, now: float) -> list[int]:
        found = [number for at, number in self.waiting if at <= now]
        self.waiting = self.waiting[len(found) :]
        return found


@dataclass
class Host:
    """As the shell on a host does it: frees the lock after PATIENCE without a line, for good."""

    heard: float = 0.0
    freed: bool = False
    there: Line = field(default_factory=Line)
    back: Line = field(default_factory=Line)

    def live(self, now: float, delay: float) -> None:
        self.freed = self.freed or now - self.heard >= PATIENCE
        for number in self.there.arrived(now):
            if not self.freed:
                self.heard = now
                self.back.send(number, now + delay)


class World:
    """We and the hosts, tick by tick, with delays and standstills as the dice have them."""

    def __init__(self, seed: int, *, calm: bool = False) -> None:
        self.dice = random.Random(seed)
        self.calm = calm
        self.now = 0.0
        self.hosts = [Host() for _ in range(HOSTS)]
        self.leases = {str(number): Lease() for number in range(HOSTS)}
        self.tenure = Tenure(self.leases, NEEDED)
        self.frozen_until = 0.0
        self.beat_due = 0.0

    def delay(self) -> float:
        if self.calm:
            return self.dice.uniform(0, 0.3)
        never = 1e9 if self.dice.random() < 0.05 else 0.0
        return self.dice.choice([0.0, 0.05, 0.3, self.dice.uniform(0, 2 * PATIENCE), never])

    def hear(self) -> None:
        for host, lease in zip(self.hosts, self.leases.values(), strict=True):
            for number in host.back.arrived(self.now):
                lease.echo(number)

    def beat(self) -> None:
        if self.now >= self.beat_due:
            self.beat_due = self.now + BEAT
            for host, lease in zip(self.hosts, self.leases.values(), strict=True):
                host.there.send(lease.beat(self.now), self.now + self.delay())

    def judge(self) -> None:
        """Asked at any moment, whatever has been heard by then."""
        was_lost = self.tenure.lost
        if self.tenure.held(self.now):
            assert not was_lost, "lost, and held again"
            hold = sum(not host.freed for host in self.hosts)
            assert hold >= NEEDED, f"at {self.now:.1f} s it counts as held, and {hold} hosts hold it"

    def tick(self) -> None:
        self.now += TICK
        for host in self.hosts:
            host.live(self.now, self.delay())
        if self.now < self.frozen_until:
            # Stopped, or asleep with the whole machine: the clock goes on.
            return
        parts = [self.hear, self.beat, self.judge, self.judge]
        self.dice.shuffle(parts)
        for part in parts:
            part()
        if not self.calm and self.dice.random() < 0.02:
            self.frozen_until = self.now + self.dice.uniform(0, 3 * PATIENCE)


@pytest.mark.parametrize("first", range(0, 400, 40))
def test_over_all_orders_it_is_never_held_by_our_count_when_the_hosts_have_freed_it(first: int) -> None:
    for seed in range(first, first + 40):
        world = World(seed)
        for _ in range(400):
            world.tick()


def test_where_nothing_stands_still_it_is_held_all_the_time() -> None:
    for seed in range(50):
        world = World(seed, calm=True)
        for _ in range(20):
            world.tick()
        for _ in range(400):
            world.tick()
            assert world.tenure.held(world.now)


def taken(hosts: int = 3) -> Tenure:
    leases = {name: Lease() for name in "abc"[:hosts]}
    for lease in leases.values():
        lease.echo(lease.beat(0.0))
    tenure = Tenure(leases, 2)
    assert tenure.held(0.0)
    return tenure


def test_an_echo_that_comes_six_seconds_late_brings_nothing_back() -> None:
    tenure = taken()
    numbers = {name: lease.beat(1.0) for name, lease in tenure.leases.items()}
    for name, lease in tenure.leases.items():
        lease.echo(numbers[name])
    assert tenure.held(6.4)
    assert not tenure.held(7.1)
    for lease in tenure.leases.values():
        lease.echo(lease.beat(7.2))
    assert tenure.lost and not tenure.held(7.2), "once lost, lost"


def test_a_beat_that_was_never_sent_is_not_believed() -> None:
    lease = Lease()
    lease.beat(10.0)
    lease.echo(7)
    lease.echo(-1)
    assert lease.until < 10
    lease.echo(0)
    until = lease.until
    lease.echo(0)
    assert lease.until == until < 10 + PATIENCE


def test_a_host_that_falls_away_is_named_and_a_majority_is_enough() -> None:
    tenure = taken()
    tenure.leases["b"].end()
    assert tenure.held(1.0)
    assert tenure.lapsed(1.0) == ["b"]
    tenure.leases["c"].end()
    assert not tenure.held(1.1) and tenure.lost


def test_what_was_never_held_is_not_lost() -> None:
    tenure = Tenure({}, 2)
    assert not tenure.held(0.0) and not tenure.lost


def test_beats_without_an_answer_are_forgotten() -> None:
    lease = Lease()
    for number in range(10_000):
        lease.beat(number * BEAT)
    assert len(lease._sent) < 2 * PATIENCE / BEAT


def test_the_echo_of_a_beat_before_the_newest_counts_until_it_is_as_old_as_a_host_waits() -> None:
    lease = Lease()
    first, second = lease.beat(10.0), lease.beat(10.5)
    lease.echo(first)
    assert (lease.heard, lease.until) == (10.0, 10.0 + PATIENCE - MARGIN)
    lease.echo(second)
    assert (lease.heard, lease.until) == (10.5, 10.5 + PATIENCE - MARGIN)
    late = Lease()
    old = late.beat(10.0)
    late.beat(10.0 + PATIENCE)
    late.echo(old)
    assert (late.heard, late.until) == (0.0, -math.inf)
