"""Who holds the cluster's lock: what each host says of it, and what they say together."""

from __future__ import annotations

import fcntl
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from cluster.locked import Held, held
from cluster.state import ClusterState, LockNode, Unknown
from engine.observe.news import Seen, events
from facts import lock
from facts.lock import ClusterLock
from tests.unit.test_health import HEALTHY, SPEC

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
    assert held(ClusterState(lock={str(number): node for number, node in enumerate(nodes)})) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["free"], FREE),
        (["held", SAID], ALICE),
        (["held"], LockNode(held=True, who="somebody", why="it is not told")),
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
        return Seen.of(SPEC, replace(HEALTHY, lock={str(number): node for number, node in enumerate(nodes)}))

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
