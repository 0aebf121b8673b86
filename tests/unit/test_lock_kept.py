"""This side of the process that keeps the lock, by what that one says and a clock that is given."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cluster.lease import PATIENCE
from cluster.locked import Holder, LockNode
from operations import keeping

HOSTS = ("a", "b", "c")
SAID = '{"run":"r1","who":"alice@ops1","since":1.0,"why":"a test"}'


class Process:
    """In the place of the keeper's process: it takes what it is told, and says nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        self.killed = False
        self.waited: list[float | None] = []

    def wait(self, timeout: float | None = None) -> int:
        self.waited.append(timeout)
        if timeout is not None:
            raise subprocess.TimeoutExpired("keeper", timeout)
        return 0

    def kill(self) -> None:
        self.killed = True


class Kept(keeping.Keeping):
    """Answers at once, as `answers` does."""

    answers: Callable[[Kept, dict[str, Any]], None] = lambda *_: None

    def send(self, **line: Any) -> None:
        type(self).answers(self, line)

    def _listen(self) -> None:
        """Nothing is said over the connection."""

    def _check_in(self) -> None:
        """Nor does it matter whether this process is there."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(keeping, "now", lambda: now[0])
    return now


@pytest.fixture
def kept(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    monkeypatch.setattr("subprocess.Popen", Process)
    monkeypatch.setattr(Kept, "answers", lambda *_: None)
    found = Kept(Holder("r1", "alice@ops1", 1.0, "a test"), 2, 15.0)

    def wait(seconds: float | None = None) -> bool:
        clock[0] += seconds or 0.0
        return False

    monkeypatch.setattr(found._news, "wait", wait)
    yield found
    found._socket.close()


def test_it_is_held_until_what_its_keeper_answers_to_the_newest_question(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kept, "answers", lambda self, line: self._hear({"answer": line["ask"], "until": 100.1}))
    assert kept.why_lost() is None and kept.why_lost() is None


def test_a_keeper_that_answers_that_it_is_over_says_why(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answers(self: Kept, line: dict[str, Any]) -> None:
        asked.append(line["ask"])
        self._hear({"answer": line["ask"], "until": 100.0})
        if len(asked) == 2:
            self._hear({"lost": "No answer came from a.", "count": 1})
            self._hear({"lost": "Another reason.", "count": 2})

    monkeypatch.setattr(Kept, "answers", answers)
    assert kept.why_lost() == "No answer came from a." and kept.why_lost() == "No answer came from a."
    assert asked == [1, 2]


def test_a_keeper_that_does_not_answer_for_as_long_as_a_host_waits_has_lost_it(kept: Kept, clock: list[float]) -> None:
    assert kept.why_lost() == f"The process that keeps it did not answer for {PATIENCE:.1f} s."
    assert clock[0] - 100.0 == pytest.approx(PATIENCE)
    # Nobody is known to hold it then.
    assert kept.count == 0


def test_what_its_keeper_said_before_is_no_answer(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(self: Kept, line: dict[str, Any]) -> None:
        if line["ask"] == 1:
            self._hear({"answer": 1, "until": 1000.0})

    monkeypatch.setattr(Kept, "answers", answers)
    assert kept.why_lost() is None
    assert kept.why_lost() == f"The process that keeps it did not answer for {PATIENCE:.1f} s."


def test_time_in_which_this_process_stood_still_is_not_held_against_its_keeper(
    kept: Kept, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def still(_: float | None = None) -> bool:
        clock[0] += 60.0
        if clock[0] > 500.0:
            kept._hear({"answer": 1, "until": 1000.0})
        return True

    monkeypatch.setattr(kept._news, "wait", still)
    assert kept.why_lost() is None


def test_a_line_is_kept_once_a_majority_has_it(kept: Kept) -> None:
    assert kept.log("one") == 1 and kept.log("two") == 2
    kept._hear({"kept": ["a", 2]})
    kept._hear({"kept": ["a", 2]})
    kept._hear({"kept": ["b", 1]})
    kept._hear({"kept": ["b", 9]})
    kept._hear({"unkept": ["c", 2]})
    kept._hear({"kept": ["b", 2]})
    assert kept.unkept(2, HOSTS, 2) == ""
    assert kept.unkept(1, HOSTS, 1) == ""


def test_a_line_that_too_few_can_write_is_told_at_once_with_them(kept: Kept, clock: list[float]) -> None:
    kept.log("one")
    kept._hear({"unkept": ["c", 1]})
    kept._hear({"unkept": ["b", 1]})
    assert kept.unkept(1, HOSTS, 2).startswith("b, c could not write ") and clock[0] == 100.0


def test_hosts_that_say_nothing_of_a_line_for_ten_seconds_are_named(kept: Kept, clock: list[float]) -> None:
    kept.log("one")
    kept._hear({"kept": ["a", 1]})
    kept._hear({"unkept": ["c", 1]})
    why = kept.unkept(1, HOSTS, 2)
    assert why.startswith("b, c had not written ") and why.endswith(" after 10 s") and clock[0] == 110.0


def test_no_line_is_waited_for_under_a_lock_that_is_lost(kept: Kept, clock: list[float]) -> None:
    kept.log("one")
    kept._hear({"lost": "No answer came from a.", "count": 1})
    assert kept.unkept(1, HOSTS, 2) == "the cluster's lock is lost" and clock[0] == 100.0


def test_what_a_host_said_of_the_holder_stays_when_its_connection_ends(kept: Kept) -> None:
    kept._hear({"said": ["a", "held", SAID]})
    kept._hear({"said": ["a", "ended", ""]})
    kept._hear({"said": ["b", "taken", ""]})
    kept._hear({"said": ["b", "ended", ""]})
    assert kept.said == {"a": "held", "b": "ended"}
    assert kept.holders == {"a": LockNode(True, "r1", "alice@ops1", 1.0, "a test")}
    assert not kept.held
    kept._hear({"held": 105.5})
    assert kept.held


def test_a_keeper_that_does_not_end_is_ended(kept: Kept) -> None:
    kept.end()
    assert isinstance(kept._process, Process) and kept._process.killed and kept._process.waited == [3, None]


def test_why_it_was_lost_is_told_on_when_its_keeper_has_ended(kept: Kept) -> None:
    # The other end of its socket is closed.
    keeping.Keeping._listen(kept)
    assert kept.lost == "The process that keeps it has ended."
    kept.lost = "No answer came from mysql1 for 6.0 s."
    keeping.Keeping._listen(kept)
    assert kept.lost == "No answer came from mysql1 for 6.0 s."
