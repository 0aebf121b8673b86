"""Who holds the cluster's lock: what each host says of it, and what they say together."""

from __future__ import annotations

import fcntl
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from cluster.locked import CLUSTER_LOCK, Held, Holder, LockNode, held, held_by
from cluster.state import ClusterState, Unknown
from engine.observe.diff import events
from engine.seen import Seen
from facts import lock
from facts.lock import ClusterLock
from operations import locking
from operations.locking import whoami
from tests.unit.test_health import HEALTHY, SPEC

LAST = 10**11
"""Seconds since the epoch: the last moment that is shown as a date, in the year 5138."""
ALICE = LockNode(True, "r1", "alice@a", 1795572840.0, "switchover_vip to=haproxy2")
BOB = LockNode(True, "r2", "bob@b", 1795572841.0, "drain host=cc01")
FREE, SILENT = LockNode(held=False), Unknown("can't be reached")
SAID = '{"run":"r1","who":"alice@a","since":1795572840.0,"why":"switchover_vip to=haproxy2"}'


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ((ALICE, ALICE, FREE), Held(True, ALICE)),
        ((ALICE, FREE, FREE), Held(False)),
        ((ALICE, BOB, FREE), Held(False)),
        ((ALICE, ALICE, FREE, FREE), Held(False)),
        ((ALICE, LockNode(held=True), FREE), Held(True, ALICE)),
        ((ALICE, SILENT, FREE), Held(None)),
        ((ALICE, ALICE, SILENT), Held(True, ALICE)),
        ((FREE, SILENT, SILENT), Held(None)),
        ((), Held(False)),
    ],
)
def test_a_majority_tells(nodes: tuple[LockNode | Unknown, ...], expected: Held) -> None:
    assert held(ClusterState({"lock": {str(number): node for number, node in enumerate(nodes)}})) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["free"], FREE),
        (["held", SAID], ALICE),
        (["held"], LockNode(held=True, who="somebody", why="it is not told")),
        (["held", SAID.replace("1795572840.0", f"{LAST}")], replace(ALICE, since=float(LAST))),
        (["held", SAID.replace("1795572840.0", f"{LAST + 1}")], replace(ALICE, since=0.0)),
        (["held", SAID.replace("1795572840.0", "0")], replace(ALICE, since=0.0)),
        (["held", '{"run":'], LockNode(held=True, who="somebody", why="it is not told")),
        (
            ["held", SAID.replace("alice", "al\\u001b[31mice")],
            LockNode(True, "r1", "al[31mice@a", ALICE.since, ALICE.why),
        ),
    ],
)
def test_what_a_host_says_is_read(lines: list[str], expected: LockNode) -> None:
    assert ClusterLock().process(lines) == expected


def test_a_time_that_is_none_is_no_trouble() -> None:
    node = ClusterLock().process(["held", SAID.replace("1795572840.0", "1e300")])
    assert isinstance(node, LockNode) and node.since == 0 and "alice@a has held" in str(node)


def test_an_event_tells_that_it_is_taken_and_freed() -> None:
    def seen(*nodes: LockNode) -> Seen:
        return Seen.of(SPEC, HEALTHY.having({CLUSTER_LOCK: {str(number): node for number, node in enumerate(nodes)}}))

    steps = [seen(FREE, FREE, FREE), seen(ALICE, FREE, FREE), seen(ALICE, ALICE, FREE), seen(FREE, FREE, FREE)]
    told = [event.text for before, now in pairwise(steps) for event in events(before, now, 0.0)]
    who = "held by alice@a for switchover_vip to=haproxy2"
    assert told == [
        f"the cluster's lock was free, and is {who}",
        f"the cluster's lock was {who}, and is free",
    ]


def test_anything_else_is_unknown() -> None:
    assert isinstance(ClusterLock().process(["sh: grep: not found"]), Unknown)
    assert isinstance(ClusterLock().process([]), Unknown)


def test_the_command_tells_a_held_lock_and_takes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock"
    monkeypatch.setattr(lock, "LOCK", str(path))
    monkeypatch.setattr(lock, "HOLDER", f"{path}.holder")

    def said() -> list[str]:
        return subprocess.run(
            ["sh", "-c", ClusterLock().command()], capture_output=True, text=True, check=True
        ).stdout.splitlines()

    assert said() == ["free"]
    with path.open("w") as file:
        assert said() == ["free"]
        fcntl.flock(file, fcntl.LOCK_EX)
        Path(f"{path}.holder").write_text(SAID)
        assert ClusterLock().process(said()) == ALICE
    assert said() == ["free"]


def test_who_holds_it_is_said_with_what_is_known_of_the_run() -> None:
    assert str(replace(ALICE, since=0.0)) == (
        "alice@a has held the cluster's lock for: switchover_vip to=haproxy2 (run r1)"
    )
    assert str(ALICE).startswith("alice@a has held the cluster's lock since 2026-11-2")
    assert str(replace(ALICE, run="")).endswith("for: switchover_vip to=haproxy2 (run unknown)")


def test_what_a_holder_has_left_is_cut_to_what_is_shown() -> None:
    said = f'{{"run":"{"r" * 99}","who":"{"w" * 99}","since":1,"why":"{"y" * 199}"}}'
    found = held_by(said)
    assert (found.run, found.who, found.why) == (f"{'r' * 39}…", f"{'w' * 79}…", f"{'y' * 159}…")


class Fake:
    """In the place of the process that keeps it; `answers` are what the tries say, one after another."""

    def __init__(self, *answers: locking._Refusal | None) -> None:
        self.answers = list(answers)
        self.ended = 0

    def end(self) -> None:
        self.ended += 1


CONTENDED = locking._Refusal("bob@b holds it.", contended=True)
HELD = locking._Refusal("bob@b has held it for an hour.", contended=False)


@pytest.mark.parametrize(
    ("answers", "reason", "tries"),
    [
        ((None,), None, 1),
        ((CONTENDED, CONTENDED, CONTENDED, None), None, 4),
        ((CONTENDED,) * 5, "bob@b holds it.", 4),
        ((CONTENDED, HELD, None), "bob@b has held it for an hour.", 2),
    ],
)
def test_whoever_meets_another_who_takes_it_draws_back_and_tries_four_times(
    answers: tuple[locking._Refusal | None, ...], reason: str | None, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake(*answers)
    monkeypatch.setattr(locking, "Keeping", lambda *_: fake)
    monkeypatch.setattr(locking.Lock, "_try", lambda _: fake.answers.pop(0))
    monkeypatch.setattr("time.sleep", lambda _: None)
    try:
        locking.Lock(SPEC, Holder("r1", "alice@a", 1.0, "why"))
        told = None
    except locking.Locked as locked:
        told = str(locked)
    assert (told, len(answers) - len(fake.answers)) == (reason, tries)
    assert fake.ended == (tries if reason else tries - 1)


def test_who_takes_it_is_the_person_behind_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "ops1")
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    monkeypatch.delenv("SUDO_USER", raising=False)
    assert whoami() == "root@ops1"
    monkeypatch.setenv("SUDO_USER", "alice")
    assert whoami() == "alice@ops1"
