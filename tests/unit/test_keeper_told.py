"""What the keeper of the lock tells its parent, by a clock that is given and hosts that are processes of this test."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from cluster.lease import MARGIN, PATIENCE
from operations import keeper

HOST = ["sh", "-c", "echo taken; exec cat"]
"""Gives the lock at once, and says every beat again, as a host does."""

WITHIN = 20.0
"""Seconds after which what is awaited does not come."""


class Watched:
    """A keeper whose parent is this test."""

    def __init__(self, check_in: float) -> None:
        self.ours, theirs = socket.socketpair()
        # What does not come fails the test: nothing is waited for without end.
        self.ours.settimeout(WITHIN)
        self.say(me='{"run":"r1"}', needed=2, check_in=check_in)
        self.keeper = keeper.Keeper(theirs)
        self._lines = self.ours.makefile("rb")

    def say(self, **line: object) -> None:
        self.ours.sendall(json.dumps(line).encode() + b"\n")

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._lines.readline())
        return found

    def hear(self) -> None:
        """Once what is ready."""
        ready = self.keeper.selector.select(WITHIN)
        assert ready, "nothing is heard"
        for key, _ in ready:
            key.data()

    def reach(self, **hosts: list[str]) -> None:
        """Until each has said that it is taken, and that it has heard the beat after that."""
        self.say(reach=hosts)
        while not hosts.keys() <= self.keeper.hosts.keys() or any(
            not host.taken or host.lease._sent for host in self.keeper.hosts.values()
        ):
            self.hear()
        assert sorted(self.told()["said"][0] for _ in hosts) == sorted(hosts)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(keeper, "now", lambda: now[0])
    return now


@pytest.fixture
def watched(clock: list[float]) -> Iterator[Watched]:
    found = Watched(check_in=15.0)
    yield found
    found.keeper.free()
    found.ours.close()
    found.keeper.parent.close()


def test_it_is_held_once_a_majority_has_given_it_and_that_is_told_once(watched: Watched) -> None:
    watched.reach(a=HOST)
    watched.keeper._judge()
    assert not watched.keeper.was_held
    watched.reach(b=HOST)
    watched.keeper._judge()
    watched.keeper._judge()
    watched.say(ask=7)
    watched.hear()
    assert watched.told() == {"held": 1000.0 + PATIENCE - MARGIN}
    assert watched.told() == {"answer": 7, "until": 1000.0 + PATIENCE - MARGIN}


def test_hosts_that_fall_silent_lose_it_and_are_named_and_counted(watched: Watched, clock: list[float]) -> None:
    watched.reach(a=HOST, b=HOST, c=HOST)
    watched.keeper._judge()
    assert "held" in watched.told()
    # One is heard a while longer than the others.
    clock[0] += 3.0
    watched.keeper.hosts["c"].lease.until += 3.0
    clock[0] += PATIENCE - MARGIN - 3.0
    watched.keeper._judge()
    assert watched.told() == {"lost": "No answer came from a for 5.5 s, b for 5.5 s.", "count": 1}
    assert watched.keeper.hosts == {}
    # What is lost stays lost, is told once, and no host is asked again.
    watched.keeper._judge()
    watched.say(ask=8, reach={"a": HOST})
    watched.hear()
    assert watched.told() == {"answer": 8, "until": 0.0} and watched.keeper.hosts == {}


def test_connections_that_end_lose_it_and_are_named_apart(watched: Watched, clock: list[float]) -> None:
    watched.reach(a=HOST, b=HOST, c=HOST)
    watched.keeper._judge()
    assert "held" in watched.told()
    watched.keeper.hosts["b"].process.kill()
    while watched.keeper.hosts["b"].taken:
        watched.hear()
    assert watched.told() == {"said": ["b", "ended", ""]}
    watched.keeper._judge()
    assert not watched.keeper.lost
    clock[0] += PATIENCE
    watched.keeper._judge()
    lost = {"lost": "No answer came from a for 6.0 s, c for 6.0 s. The connection ended to b.", "count": 0}
    assert watched.told() == lost


def test_where_all_connections_ended_nobody_is_said_to_be_silent(watched: Watched) -> None:
    watched.reach(a=HOST, b=HOST)
    watched.keeper._judge()
    assert "held" in watched.told()
    for host in watched.keeper.hosts.values():
        host.process.kill()
    while any(host.taken for host in watched.keeper.hosts.values()):
        watched.hear()
    assert sorted(watched.told()["said"][0] for _ in "ab") == ["a", "b"]
    watched.keeper._judge()
    assert watched.told() == {"lost": "The connection ended to a, b.", "count": 0}


def test_a_parent_that_says_nothing_loses_it(clock: list[float]) -> None:
    watched = Watched(check_in=2.0)
    try:
        watched.reach(a=HOST, b=HOST)
        watched.keeper._judge()
        assert "held" in watched.told()
        clock[0] += 2.0
        watched.keeper._judge()
        assert not watched.keeper.lost
        clock[0] += 0.1
        watched.keeper._judge()
        assert watched.told() == {"lost": "The process that acts under it did not run for 2.1 s.", "count": 0}
    finally:
        watched.keeper.free()
        watched.ours.close()
        watched.keeper.parent.close()


def test_a_beat_is_sent_twice_a_second_to_those_that_gave_it(watched: Watched, clock: list[float]) -> None:
    watched.reach(a=HOST)
    lease = watched.keeper.hosts["a"].lease
    watched.keeper._beat()
    assert list(lease._sent.values()) == [1000.0] and watched.keeper.beat_due == 1000.5
    clock[0] += 0.4
    watched.keeper._beat()
    assert list(lease._sent.values()) == [1000.0]
    clock[0] = 1000.5
    watched.keeper._beat()
    assert list(lease._sent.values()) == [1000.0, 1000.5]
    watched.keeper.hosts["a"].taken = False
    clock[0] += 1.0
    watched.keeper._beat()
    assert list(lease._sent.values()) == [1000.0, 1000.5]


def test_a_line_of_the_journal_reaches_those_that_come_late_too(watched: Watched) -> None:
    answers = "log) echo kept ${rest%% *};; *) echo $word"
    host = ["sh", "-c", f"echo taken; while read word rest; do case $word in {answers}; esac; done"]
    watched.reach(a=host)
    watched.say(log=[1, "one"])
    # The line is passed on, then its answer comes.
    watched.hear()
    watched.hear()
    assert watched.told() == {"kept": ["a", 1]}
    watched.say(reach={"b": host})
    expected = b'{"said": ["b", "taken", ""]}\n{"kept": ["b", 1]}\n'
    found = b""
    while len(found) < len(expected):
        watched.hear()
        if select.select([watched.ours], [], [], 0)[0]:
            found += watched.ours.recv(4096)
    assert found == expected


def test_no_line_of_the_journal_goes_to_a_host_that_has_not_given_the_lock(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.say(reach={"a": ["sleep", "600"]})
    watched.hear()
    sent: list[str] = []
    monkeypatch.setattr(watched.keeper.hosts["a"], "send", sent.append)
    watched.say(log=[1, "one"])
    watched.hear()
    assert sent == []
    # It gets it with its lock, after the beat.
    watched.keeper._hear(watched.keeper.hosts["a"], "taken")
    assert sent == ["1", "log 1 one"]


def test_what_a_host_says_before_it_gave_the_lock_counts_for_nothing(watched: Watched) -> None:
    watched.say(reach={"a": ["sleep", "600"]})
    watched.hear()
    host = watched.keeper.hosts["a"]
    for line in ("0", "kept 1", "unkept 1", "what?"):
        watched.keeper._hear(host, line)
    assert not host.taken and host.lease.heard == 0.0
    watched.keeper._hear(host, "held by bob")
    assert watched.told() == {"said": ["a", "held", "by bob"]} and not host.taken
    watched.keeper._hear(host, "taken")
    assert watched.told() == {"said": ["a", "taken", ""]} and host.lease.heard == 1000.0
    watched.keeper._hear(host, "unkept 3")
    assert watched.told() == {"unkept": ["a", 3]}
    heard = host.lease.heard
    for line in ("what?", "-1", "1.0", "\u0661", "9" * 5000):
        watched.keeper._hear(host, line)
    assert host.lease.heard == heard


def test_a_host_whose_connection_does_not_end_is_given_two_seconds(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.reach(a=HOST)
    process, waited = watched.keeper.hosts["a"].process, []

    def wait(timeout: float | None = None) -> int:
        waited.append(timeout)
        if timeout is not None:
            raise subprocess.TimeoutExpired("ssh", timeout)
        return ended(None)

    ended = process.wait
    monkeypatch.setattr(process, "wait", wait)
    monkeypatch.setattr(process, "poll", lambda: None)
    monkeypatch.setattr(keeper, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    watched.keeper.free()
    assert waited == [2.0, None] and watched.keeper.hosts == {}


def test_it_runs_before_others(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(os, "nice", asked.append)
    monkeypatch.setattr(os, "dup", lambda _: ours.detach())
    theirs.sendall(b'{"me": "{}", "needed": 1, "check_in": 1.0}\n')
    theirs.close()
    keeper.main()
    assert asked == [-10]
