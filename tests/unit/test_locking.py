"""Taking the lock, with a keeper that says what a test has it say: when it is decided that it is not to be had."""

from __future__ import annotations

import itertools

import pytest

from cluster.locked import Holder, LockNode
from cluster.validate import cluster_spec
from operations import lock, locking
from operations.locking import ANSWER, TRIES, Lock, Locked
from tests.unit.inventories import inventory

SPEC = cluster_spec(inventory())
HOSTS = list(SPEC.hosts)
ME = Holder("r1", "alice@ops1", 1.0, "a test")


class Keeper:
    """In the place of operations/keeping.py: each host that is reached says what `says` has for it, at once."""

    says: dict[str, str]
    reached: list[str]
    made = 0
    sent = 0
    ends = ""

    def __init__(self, *_: object) -> None:
        type(self).made += 1
        self.said: dict[str, str] = {}
        self.holders: dict[str, LockNode] = {}
        self.held = False
        self.lost = type(self).ends

    def send(self, reach: dict[str, list[str]]) -> None:
        type(self).reached += reach
        type(self).sent += 1
        self.said |= {name: self.says[name] for name in reach if name in self.says}
        self.holders |= {name: BOB for name in reach if self.says.get(name) == "held"}

    def wait(self, seconds: float) -> None:
        WAITED.append(seconds)

    def end(self) -> None:
        """Nothing is to be ended."""


BOB = LockNode(held=True, run="r2", who="bob@ops2", since=0.0, why="a deploy")
WAITED: list[float] = []


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> type[Keeper]:
    WAITED.clear()
    monkeypatch.setattr(Keeper, "says", {}, raising=False)
    monkeypatch.setattr(Keeper, "reached", [], raising=False)
    monkeypatch.setattr(Keeper, "made", 0)
    monkeypatch.setattr(Keeper, "sent", 0)
    monkeypatch.setattr(Keeper, "ends", "")
    monkeypatch.setattr(locking, "Keeping", Keeper)
    # Time passes by what is waited for alone.
    ticks = itertools.count(0.0, 0.001)
    monkeypatch.setattr("time.monotonic", lambda: next(ticks) + sum(WAITED))
    monkeypatch.setattr("time.sleep", WAITED.append)
    return Keeper


def test_once_all_have_said_and_too_few_gave_it_nothing_is_waited_for(keeper: type[Keeper]) -> None:
    keeper.says = {name: "taken" if name in HOSTS[:4] else "ended" for name in HOSTS}
    said = rf"4 of 9 hosts gave it, 5 are needed; .*{HOSTS[-1]} \(the connection ended\) did not"
    with pytest.raises(Locked, match=said):
        Lock(SPEC, ME)
    assert sorted(keeper.reached) == sorted(HOSTS)
    assert sum(WAITED) < 1 and keeper.sent == 2


def test_one_host_that_has_not_said_is_waited_for_to_the_end(keeper: type[Keeper]) -> None:
    keeper.says = {name: "taken" if name in HOSTS[:4] else "ended" for name in HOSTS[:-1]}
    with pytest.raises(Locked, match=rf"{HOSTS[-1]} \(no answer\) did not"):
        Lock(SPEC, ME)
    assert ANSWER - 1 < sum(WAITED) <= ANSWER
    # Each was reached once.
    assert keeper.sent == 2


def test_whoever_holds_a_majority_has_it_and_it_is_not_tried_again(keeper: type[Keeper]) -> None:
    keeper.says = dict.fromkeys(HOSTS[:5], "held")
    with pytest.raises(Locked, match=r"^bob@ops2 has held the cluster's lock for: a deploy \(run r2\)\.$"):
        Lock(SPEC, ME)
    assert keeper.made == 1 and keeper.reached == HOSTS[:5] and sum(WAITED) == 0


def test_where_nobody_has_a_majority_it_is_tried_again_a_little_later(keeper: type[Keeper]) -> None:
    keeper.says = {name: "taken" if name in HOSTS[:4] else "held" for name in HOSTS[:8]} | {HOSTS[8]: "ended"}
    with pytest.raises(Locked, match=r"^bob@ops2 has held the cluster's lock"):
        Lock(SPEC, ME)
    assert keeper.made == TRIES
    assert 0.1 * TRIES < sum(WAITED) < 0.5 * TRIES


def test_that_its_keeper_has_ended_is_told(keeper: type[Keeper]) -> None:
    keeper.ends = "The process that keeps it has ended."
    with pytest.raises(Locked, match=r"can't be taken\. The process that keeps it has ended\. Run the same again\."):
        Lock(SPEC, ME)


def test_a_deploy_that_was_refused_once_takes_nothing_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a host whose turn comes later would be changed, and those before it not."""
    tried = []

    def taken(*_: object) -> None:
        tried.append(1)
        raise Locked("bob has it.")

    monkeypatch.setattr(lock, "Lock", taken)
    deploy = lock._Deploy()
    deploy._cluster = SPEC
    first, second = deploy._take(), deploy._take()
    assert first == second == "bob has it. Wait for its end: `hatui history`." and len(tried) == 1
