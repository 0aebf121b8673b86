"""Whether a database node takes writes: it must refuse when it does not, only then, and not send the writer round."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.galera.record import GaleraNode
from cluster.galera.verdict import galera_health
from cluster.health.verdict import Verdict
from deploy.files.galera_check import Responder
from deploy.files.galera_writes import CLIENTS, HOLD, LEAST_FREE, LONGEST, PROBATION, QUIET, Writes
from facts.galera import parse_wsrep_status
from inventory import CLUSTER

WELL = {
    "Threads_connected": "12",
    "max_connections": "2000",
    "wsrep_local_commits": "1",
    "wsrep_local_state": "4",
    "wsrep_flow_control_active": "false",
    "wsrep_flow_control_requested": "false",
    "wsrep_evs_state": "OPERATIONAL",
    "datadir": "/var/lib/mysql/",
}
STEP = 0.25
"""Seconds between two checks of a balancer."""


class Node:
    """A server with a clock: `hangs` and `fails` are what happens to a write; `commits` what clients do."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.began: float | None = None
        self.failed = ""
        self.succeeded = self.now
        self.tries = 0
        self.hangs = False
        self.error = ""
        self.commits = False
        self.free: int | None = 10 * LEAST_FREE
        self.seen = dict(WELL)
        self.writes = Writes(self, lambda _: self.free)

    def begin(self) -> None:
        if self.began is None:
            self.began = self.now
            self.tries += 1

    def after(self, seconds: float) -> str | None:
        """What is said after so long, asked all the while."""
        end = self.now + seconds
        reason = None
        while self.now < end:
            self.now += STEP
            if self.began is not None and not self.hangs:
                self.began, self.failed = None, self.error
                self.succeeded = self.succeeded if self.error else self.now
            if self.commits:
                self.seen["wsrep_local_commits"] = str(int(self.seen["wsrep_local_commits"]) + 1)
            reason = self.writes.why_not(self.seen, self.now)
        return reason


@pytest.fixture
def node() -> Node:
    return Node()


def test_a_node_that_takes_writes_serves_and_is_written_to_only_where_clients_commit_nothing(node: Node) -> None:
    node.commits = True
    assert node.after(60) is None and node.tries == 0
    node.commits = False
    assert node.after(60) is None
    assert 40 <= node.tries <= 60


def test_nothing_is_written_where_nobody_is_connected(node: Node) -> None:
    node.seen["Threads_connected"] = "2"
    assert node.after(60) is None and node.tries == 0


def test_one_that_only_looks_brings_no_write_about(node: Node) -> None:
    for _ in range(20):
        node.seen["Threads_connected"] = "3"
        assert node.after(CLIENTS - STEP) is None
        node.seen["Threads_connected"] = "2"
        assert node.after(1) is None
    assert node.tries == 0


def test_under_a_read_lock_it_refuses_within_five_seconds_and_only_after_the_hold(node: Node) -> None:
    assert node.after(10) is None
    node.hangs = True
    assert node.after(HOLD) is None
    assert "a write of its own does not end" in (node.after(5 - HOLD) or "")


def test_a_stage_of_a_backup_that_is_shorter_than_the_hold_is_no_reason(node: Node) -> None:
    for _ in range(10):
        node.hangs = True
        assert node.after(HOLD - 2 * STEP) is None
        node.hangs = False
        assert node.after(3) is None


def test_a_donor_without_clients_is_tried_as_well(node: Node) -> None:
    node.seen |= {"Threads_connected": "2", "wsrep_local_state": "2"}
    assert node.after(10) is None
    node.hangs = True
    assert node.after(5) is not None


def test_a_write_that_fails_is_named(node: Node) -> None:
    node.error = f"(1021, 'Disk full (errno: {errno.ENOSPC})')"
    assert node.after(CLIENTS + QUIET) is None
    assert "Disk full" in (node.after(HOLD + QUIET) or "")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Threads_connected": "2000"}, "no free connection: all 2000"),
        ({"wsrep_flow_control_requested": "true"}, "the slow one"),
        ({"wsrep_flow_control_requested": "true", "wsrep_flow_control_active": "true"}, "the slow one"),
    ],
)
def test_what_lasts_is_refused_and_what_is_short_is_not(node: Node, change: dict[str, str], says: str) -> None:
    node.commits = True
    node.seen |= change
    assert node.after(HOLD) is None
    node.seen |= {name: WELL[name] for name in change}
    assert node.after(1) is None
    node.seen |= change
    assert says in (node.after(HOLD + 2 * STEP) or "")


def test_a_full_disk(node: Node) -> None:
    node.commits = True
    node.free = LEAST_FREE - 1
    assert "its disk is full" in (node.after(HOLD + 2 * STEP) or "")
    node.free = None
    assert Node().after(HOLD * 2) is None


@pytest.mark.parametrize("still", [{"wsrep_flow_control_active": "true"}, {"wsrep_evs_state": "GATHER"}])
def test_a_cluster_that_stands_still_sends_nobody_away(node: Node, still: dict[str, str]) -> None:
    node.hangs = True
    node.seen |= still
    assert node.after(600) is None
    # Its own write has waited all the while: what counts begins when the others go on.
    node.seen |= {name: WELL[name] for name in still}
    assert node.after(HOLD) is None
    assert node.after(2) is not None


def test_it_is_well_again_after_a_probation_that_doubles(node: Node) -> None:
    for number in range(7):
        node.hangs = True
        assert node.after(CLIENTS + QUIET + HOLD + 1) is not None
        node.hangs = False
        needed = min(PROBATION * 2**number, LONGEST)
        assert "well for" in (node.after(needed) or "")
        assert node.after(2) is None


def test_on_probation_it_is_tried_though_it_has_no_clients(node: Node) -> None:
    node.hangs = True
    assert node.after(CLIENTS + QUIET + HOLD + 1) is not None
    node.seen["Threads_connected"] = "2"
    node.hangs = False
    before = node.tries
    node.after(5)
    assert node.tries > before
    node.hangs = True
    assert "does not end" in (node.after(3) or "")


def test_what_a_server_of_another_version_does_not_tell_is_no_reason(node: Node) -> None:
    node.seen = {"wsrep_local_commits": "1"}
    assert node.after(60) is None


def test_the_reason_is_left_where_the_status_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    said: list[str | None] = ["it takes no writes: Disk full", None]
    responder = Responder("127.0.0.1", 0, lambda: said.pop(0))
    responder._look(0)
    assert (tmp_path / "why_not").read_text() == "it takes no writes: Disk full\n"
    responder._look(0)
    assert (tmp_path / "why_not").read_text() == "\n"
    responder.listener.close()


def synced(refuses: str = "") -> GaleraNode:
    text = (Path(__file__).parent / "fixtures" / "galera" / "synced.txt").read_text()
    node = parse_wsrep_status(text.replace("Exit=0\n", f"Exit=0\nRefuses={refuses}\n"))
    assert isinstance(node, GaleraNode) and node.refuses == refuses
    return node


def test_the_status_tells_who_gets_no_sessions_and_fails_when_nobody_does() -> None:
    well, ill = synced(), synced("it takes no writes: a write of its own does not end")
    layer = galera_health(CLUSTER, {"mysql1": ill, "mysql2": well, "mysql3": well})
    assert layer.verdict is Verdict.WARN
    assert "mysql1 gets no sessions: it takes no writes: a write of its own does not end" in layer.reason
    layer = galera_health(CLUSTER, {"mysql1": replace(ill, state="Donor/Desynced"), "mysql2": well, "mysql3": well})
    assert layer.verdict is Verdict.WARN and "no sessions: it takes no writes" in layer.reason
    layer = galera_health(CLUSTER, dict.fromkeys(("mysql1", "mysql2", "mysql3"), ill))
    assert layer.verdict is Verdict.FAIL and "0 of 3 nodes take sessions" in layer.reason


def test_an_answer_that_does_not_tell_it_is_as_good() -> None:
    text = (Path(__file__).parent / "fixtures" / "galera" / "synced.txt").read_text()
    assert parse_wsrep_status(text) == replace(synced(), refuses="")
