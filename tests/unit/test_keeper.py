"""The keeper of the lock by itself: why it stood still, by clocks that are given, and a host that takes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cluster.lease import PATIENCE
from operations import pauses as clock
from operations.link import Link
from operations.pauses import Pauses


class Clocks:
    """Both clocks: `boot` goes on while the machine sleeps."""

    def __init__(self) -> None:
        self.boot = self.mono = 1000.0

    def pass_(self, seconds: float, asleep: float = 0.0) -> None:
        self.boot += seconds + asleep
        self.mono += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    found = Clocks()
    monkeypatch.setattr(clock, "now", lambda: found.boot)
    monkeypatch.setattr("time.monotonic", lambda: found.mono)
    return found


def still(clocks: Clocks, seconds: float, asleep: float = 0.0) -> Pauses:
    """A process that stood still for so long after a wait of half a second, and slept besides."""
    pauses = Pauses()
    clocks.pass_(0.5 + seconds, asleep)
    pauses.seen(0.5)
    return pauses


def test_a_wait_that_took_its_time_is_no_pause(clocks: Clocks) -> None:
    assert Pauses().why() is None
    assert still(clocks, 0.0).why() is None
    assert still(clocks, 0.99).why() is None


def test_a_second_more_than_was_waited_for_is_told_of_a_busy_machine(clocks: Clocks) -> None:
    assert still(clocks, 1.0).why() == (
        "The process that keeps the lock did not run for 1.0 s: this machine has too much to do."
    )


def test_most_of_it_asleep_is_told_as_sleep(clocks: Clocks) -> None:
    assert still(clocks, 1.0, asleep=1.5).why() == "This machine slept for 2.5 s."
    assert "has too much to do" in (still(clocks, 1.5, asleep=1.5).why() or "")


def test_the_longest_pause_of_late_is_told_and_an_old_one_is_forgotten(clocks: Clocks) -> None:
    pauses = still(clocks, 5.0)
    clocks.pass_(2.0)
    pauses.seen(0.0)
    assert "5.0 s" in (pauses.why() or "")
    clocks.pass_(6.0)
    pauses.seen(0.0)
    assert "6.0 s" in (pauses.why() or "")
    # Within two leases it may be what a loss comes from.
    clocks.pass_(2 * PATIENCE)
    assert "6.0 s" in (pauses.why() or "")
    clocks.pass_(0.1)
    assert pauses.why() is None
    # A shorter one takes an old one's place.
    pauses.seen(2 * PATIENCE + 0.1 - 1.5)
    assert "1.5 s" in (pauses.why() or "")
    # Of two alike the later one counts.
    clocks.pass_(1.5)
    pauses.seen(0.0)
    clocks.pass_(2 * PATIENCE)
    assert "1.5 s" in (pauses.why() or "")


@pytest.fixture
def stuck() -> Iterator[Link]:
    """A host that neither takes nor says anything."""
    host = Link("mysql1", ["sleep", "600"])
    yield host
    host.process.kill()
    host.process.wait()
    host.close()
    host.stdout.close()


def test_no_more_than_four_mebibytes_and_a_line_wait_for_a_host_that_takes_nothing(stuck: Link) -> None:
    line = "x" * (2**20 - 1)
    for _ in range(4):
        stuck.send(line)
    # The pipe took a little of it.
    assert 3 * 2**20 < len(stuck.out) < 4 * 2**20
    for _ in range(4):
        stuck.send(line)
    assert 4 * 2**20 < len(stuck.out) < 5 * 2**20


def test_a_host_that_has_given_the_lock_ends_by_itself_when_nothing_more_is_said_to_it() -> None:
    given, other = Link("mysql1", ["sh", "-c", "read -r line; exit 7"]), Link("mysql2", ["sleep", "600"])
    given.taken = True
    for host in (given, other):
        host.close()
    assert (given.process.wait(), other.process.wait()) == (7, -9)
    for host in (given, other):
        host.stdout.close()


def test_a_host_that_says_nothing_has_said_no_line(stuck: Link) -> None:
    assert stuck.lines() == []


def test_what_waits_is_bounded_to_the_byte(stuck: Link) -> None:
    # The pipe is full after that.
    stuck.send("x" * 2**17)
    stuck.out = bytearray(2**22 - 1)
    stuck.send("more")
    assert len(stuck.out) == 2**22 + 4
    stuck.out = bytearray(2**22)
    stuck.send("more")
    assert len(stuck.out) == 2**22


@pytest.mark.parametrize(("length", "expected"), [(8192, []), (8193, None)])
def test_a_line_that_is_too_long_ends_the_connection(length: int, expected: list[str] | None) -> None:
    host = Link("mysql1", ["head", "-c", str(length), "/dev/zero"])
    host.process.wait()
    # The end of the connection is not looked for yet.
    assert host.lines() == expected
    host.close()
    host.stdout.close()
