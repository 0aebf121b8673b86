"""The hosts' copies of the journals: synced before the act, bounded, and read with care by any operator's machine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.locked import Holder
from cluster.outcome import Outcome
from cluster.validate import cluster_spec
from cluster.wire.journal import Begin, End, Intent, Note
from cluster.wire.lines import VERSION
from engine.journal import Journal, Unwritten
from engine.known_runs import ask_to_stop, known, read, runs
from engine.paths import team_path
from engine.rollouts import open_rollout
from engine.team import gather, journal_of
from operations.locking import Lock, Unkept
from tests.unit.inventories import inventory
from tests.unit.test_lock import away, locks
from tests.unit.wired import tag

__all__ = ["locks"]
CLUSTER = cluster_spec(inventory())
RUN = "20261125-021459-3fa2"
BEGIN = Begin(
    run=RUN, runbook="rollout", parameters={"layer": "galera"}, title="Roll out galera", steps=("a",),
    who="alice@ops1", why="kernel", origin="", target="", pid=4711, version=VERSION,
)  # fmt: skip


@pytest.fixture(autouse=True)
def homes(locks: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    operator(monkeypatch, locks, "alice")
    yield


def operator(monkeypatch: pytest.MonkeyPatch, locks: Path, who: str) -> None:
    """From here on it is that one's machine."""
    monkeypatch.setenv("XDG_STATE_HOME", str(locks / who))


def taken(run: str = RUN) -> Lock:
    return Lock(CLUSTER, Holder(run, "alice@ops1", time.time(), "a test"))


def copies(locks: Path, run: str = RUN) -> list[Path]:
    return sorted(locks.glob(f"127.*/kept/runs/{run}.jsonl"))


def begun(lock: Lock) -> Journal:
    journal = Journal(CLUSTER.name, RUN, lock.keep)
    journal.tell(BEGIN)
    journal.tell(Intent(0, "galera/mysql2: restart", "mysql2", "galera", "galera/mysql2"))
    return journal


def test_an_intent_is_on_the_disks_of_a_majority_before_its_act_for_roots_eyes_alone(locks: Path) -> None:
    lock = taken()
    try:
        begun(lock)
        with_intent = [copy for copy in copies(locks) if '"intent"' in copy.read_text()]
        assert len(with_intent) >= 5
        for copy in with_intent:
            assert copy.stat().st_mode & 0o777 == 0o600 and copy.parent.stat().st_mode & 0o777 == 0o700
    finally:
        lock.release()


def test_where_too_few_hosts_can_write_the_run_stops_before_its_act_and_says_which(locks: Path) -> None:
    for name in ("11", "12", "21", "22", "23"):
        (locks / f"127.8.0.{name}").mkdir()
        (locks / f"127.8.0.{name}" / "kept").write_text("a file in the directory's place")
    lock = taken()
    try:
        journal = Journal(CLUSTER.name, RUN, lock.keep)
        with pytest.raises(Unwritten, match=r"Too few hosts keep the run's journal, 5 of 9 must: db1, db2, "):
            journal.tell(BEGIN)
        assert "could not write /var/lib/hatui/runs" in journal.lost
        assert lock.why_lost() is None
    finally:
        lock.release()


def test_a_few_hosts_that_can_not_write_hold_nothing_up(locks: Path) -> None:
    (locks / "127.8.0.11").mkdir()
    (locks / "127.8.0.11" / "kept").write_text("a file in the directory's place")
    lock = taken()
    try:
        begun(lock)
    finally:
        lock.release()


def test_the_oldest_go_and_a_journal_has_a_bound(locks: Path) -> None:
    folder = locks / "127.8.0.11" / "kept" / "runs"
    folder.mkdir(parents=True)
    for number in range(250):
        (folder / f"20250101-000000-{number:04x}.jsonl").write_text("{}\n")
    lock = taken()
    try:
        journal = begun(lock)
        deadline = time.monotonic() + 20
        while len(left := sorted(path.name for path in folder.glob("*.jsonl"))) > 200:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert len(left) == 200 and left[-1] == f"{RUN}.jsonl"
        for copy in copies(locks):
            copy.write_text("x" * (2**20 - 1))
        journal.tell(Intent(1, "a"))
        for copy in copies(locks):
            copy.write_text("x" * 2**20)
        with pytest.raises(Unwritten):
            journal.tell(Intent(1, "b"))
    finally:
        lock.release()


def test_another_operator_sees_the_run_while_it_goes_on_and_how_it_ended(
    locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = taken()
    try:
        journal = begun(lock)
        operator(monkeypatch, locks, "bob")
        assert str(gather(CLUSTER)) == ""
        (run,) = runs(CLUSTER.name)
        assert (run.id, run.alive, run.outcome, run.last_host) == (RUN, True, None, "mysql2")
        assert run.begin.who == "alice@ops1" and run.theirs
        assert "It was begun on another machine, by alice@ops1" in (ask_to_stop(run) or "")
        journal.leave(End(Outcome.REVERTED, "it failed"))
    finally:
        lock.release()
    gather(CLUSTER)
    (run,) = runs(CLUSTER.name)
    assert (run.alive, run.outcome) == (False, Outcome.REVERTED)


def test_another_operator_finishes_a_run_that_died_and_whose_machine_is_gone(
    locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = taken()
    begun(lock)
    # SIGKILL: the lock ends with its process, and nothing more is told.
    lock.release()
    operator(monkeypatch, locks, "bob")
    gather(CLUSTER)
    (run,) = runs(CLUSTER.name)
    assert run.died and run.outcome is Outcome.UNKNOWN
    found = open_rollout(CLUSTER.name)
    assert found is not None and found.run == RUN and found.parameters == {"layer": "galera"}


def test_what_is_away_is_said(locks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = taken()
    begun(lock)
    lock.release()
    operator(monkeypatch, locks, "bob")
    away(locks, 1)
    first = next(iter(CLUSTER.hosts))
    assert str(gather(CLUSTER)) == (f"8 of 9 hosts could be asked; newer runs, or more of these, may lie on {first}.")
    assert known(CLUSTER.name, RUN) is not None
    away(locks, 9)
    assert str(gather(CLUSTER)).startswith("No host could be asked")
    assert known(CLUSTER.name, RUN) is not None


def test_this_machines_own_journal_comes_first_and_the_hosts_where_it_broke_off(locks: Path) -> None:
    lock = taken()
    journal = begun(lock)
    gather(CLUSTER)
    (run,) = runs(CLUSTER.name)
    assert not run.theirs and run.alive
    # Its own disk took no more.
    journal.leave(End(Outcome.REVERTED, "no room"))
    lock.release()
    journal.close()
    gather(CLUSTER)
    (run,) = runs(CLUSTER.name)
    assert run.theirs and run.outcome is Outcome.REVERTED


LINE = {"event": "note", "at": 1.0, "text": "x"}
PLAIN: dict[str, Any] = {**msgspec.to_builtins(BEGIN), "at": 1.0}
HEAD = json.dumps(PLAIN)


@pytest.mark.parametrize(
    "line",
    [
        "nonsense", "3", "[]", "{}", "[" * 10000, '{"event": "note"', json.dumps({**LINE, "event": "reboot"}),
        json.dumps({**LINE, "at": "now"}), json.dumps({**LINE, "at": 1e300}), json.dumps({**LINE, "text": None}),
        json.dumps({"event": "end", "at": 1.0, "outcome": "FINE", "reason": ""}),
        '{"event": "note", "at": NaN, "text": ""}',
        json.dumps({"event": "measured", "at": 1.0, "services": {"sql": {"probes": 1}}}),
        json.dumps({"event": "measured", "at": 1.0, "services": {"sql": 3}}),
        json.dumps({"event": "result", "at": 1.0, "name": "a", "ok": False}),
        HEAD, '{"event": "note", "at": 1' + "0" * 5000 + ', "text": ""}',
    ],
)  # fmt: skip
def test_what_a_host_says_that_is_no_event_is_left_out(line: str) -> None:
    end = json.dumps({"event": "end", "at": 2.0, "outcome": "DONE", "reason": ""})
    assert [tag(event) for event in journal_of(RUN, [HEAD, line, end])] == ["begin", "end"]


def test_what_a_host_says_is_harmless_and_bounded() -> None:
    evil = json.dumps({**LINE, "text": "\x1b]52;c;x\x07\u202e" + "x" * 10**5})
    events = journal_of(RUN, [HEAD, evil, *[json.dumps(LINE)] * 10**4])
    begin, note = events[:2]
    assert len(events) == 5000 and isinstance(begin, Begin) and begin.pid == 0 and isinstance(note, Note)
    assert "\x1b" not in note.text and "\u202e" not in note.text and len(note.text) <= 2000
    assert journal_of("20261125-021459-0000", [HEAD]) == [], "another run's"
    assert journal_of(RUN, [json.dumps(LINE), HEAD]) == []
    assert journal_of(RUN, [json.dumps({**PLAIN, "steps": "a"})]) == []


def test_a_host_names_no_file_outside(locks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = locks / "127.8.0.11" / "kept" / "runs"
    folder.mkdir(parents=True)
    for name in ("..jsonl", "20261125-021459-3fa2 .jsonl", "20261125-021459-3fa2.jsonl.jsonl", "-rf.jsonl"):
        (folder / name).write_text(HEAD + "\n")
    operator(monkeypatch, locks, "bob")
    gather(CLUSTER)
    assert list(runs(CLUSTER.name)) == []


def test_a_copy_is_kept_whole_and_for_its_owner_alone(locks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = taken()
    begun(lock)
    lock.release()
    operator(monkeypatch, locks, "bob")
    gather(CLUSTER)
    path = team_path(CLUSTER.name, RUN)
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert read(path) is not None
    assert {one.name for one in path.parent.iterdir()} == {path.name, "held"}


def test_a_line_that_is_not_waited_for_is_not_held_against_the_run(locks: Path) -> None:
    lock = taken()
    begun(lock)
    lock.release()
    lock.keep("{}", wait=False)
    with pytest.raises(Unkept):
        lock.keep("{}", wait=True)
