"""Galera after a total outage: what each node says of its data, which is proposed, what is refused, what is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.galera.record import GaleraNode
from cluster.galera.recovery import (
    Evidence,
    differing,
    doubts,
    forbidden,
    level,
    lost,
    moved,
    replaced,
    table,
    why,
)
from cluster.galera.recovery_record import GaleraPosition, Sums
from cluster.haproxy.record import ProxyNode, ProxyServer
from cluster.state import ServiceState, Unknown
from facts.galera_recovery import COMPARE, parse_position, parse_sums

U = "f8b4a00a-e86e-11f1-a617-86f4ff3a61af"
V = "0b1f2d3c-e86e-11f1-a617-86f4ff3a61af"
ZERO = "00000000-0000-0000-0000-000000000000"

FILE = f"File.there=yes\nFile.uuid={U}\nFile.seqno=16\nFile.safe_to_bootstrap=1\n"
POSITION = f"Position=WSREP: Recovered position {U}:16 --wsrep_start_position={U}:16 \n"


def test_a_node_that_was_stopped_cleanly() -> None:
    position = parse_position(FILE + POSITION)
    assert position == GaleraPosition(U, 16, filed_uuid=U, filed_seqno=16, safe_to_bootstrap=True)


def test_a_node_that_tries_in_vain_was_started_with_its_position() -> None:
    said = f"Position=/usr/sbin/mariadbd --wsrep_start_position={U}:14 \n"
    position = parse_position(FILE.replace("16", "-1") + said)
    assert isinstance(position, GaleraPosition)
    assert (position.seqno, position.filed_seqno, position.founding) == (14, -1, False)
    first = parse_position(said.replace("mariadbd", "mariadbd --wsrep-new-cluster"))
    assert isinstance(first, GaleraPosition) and first.founding


def test_a_node_without_data_of_a_cluster() -> None:
    position = parse_position(f"Position=--wsrep_start_position={ZERO}:-1\n")
    assert position == GaleraPosition("", -1, filed_uuid=None, filed_seqno=-1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Running=yes\n", "its server runs"),
        (FILE, "did not say"),
        (FILE + "Position=WSREP: Failed to start mysqld for wsrep recovery: no space left\n", "no space left"),
        (FILE.replace(U, "\x1b[2Jrm -rf"), "did not say"),
        (FILE.replace(U, "\x1b[2Jrm -rf") + POSITION, "has no uuid that can be read"),
        (FILE.replace("16", "many") + POSITION, "could not be read"),
        ("", "did not say"),
    ],
)
def test_a_position_that_can_not_be_told_is_unknown_with_the_reason(text: str, words: str) -> None:
    position = parse_position(text)
    assert isinstance(position, Unknown) and words in position.reason and position.reason.isprintable()


def test_the_sums_of_all_tables() -> None:
    assert parse_sums("app.t\t3699989713\napp.a b\t0\nExit=0\nWhy=\n") == {"app.t": "3699989713", "app.a b": "0"}
    assert parse_sums("Exit=0\nWhy=\n") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Why=its server runs\n", "its server runs"),
        ("app.t\t1\n", "breaks off"),
        ("app.t\t1\nExit=124\nWhy=\n", f"within {COMPARE} s (the first 1 were read)"),
        ("app.t\t1\nERROR 1030 (HY000) at line 2: Got error\nExit=1\nWhy=\n", "ERROR 1030"),
        ("Exit=1\nWhy=[ERROR] InnoDB: corrupt\n", "InnoDB: corrupt"),
        ("app.t\t1\napp.u\tNULL\nExit=0\nWhy=\n", "app.u can't be read"),
        ("app.t\t1\nExit=141\nWhy=\n", "141"),
    ],
)
def test_what_was_not_compared_whole_was_not_compared(text: str, words: str) -> None:
    sums = parse_sums(text)
    assert isinstance(sums, Unknown) and words in sums.reason


# -- gates -----------------------------------------------------------------------------------------------------------

DOWN = GaleraNode(running=False, uuid=U, seqno=-1)
CRASHED = GaleraPosition(U, 9, filed_uuid=U, filed_seqno=-1, safe_to_bootstrap=False)
CLEAN = replace(CRASHED, filed_seqno=9)
NAMES = ("mysql1", "mysql2", "mysql3")


def evidence(
    *positions: GaleraPosition | Unknown, nodes: dict[str, GaleraNode | Unknown] | None = None, **sums: Sums | Unknown
) -> Evidence:
    known: dict[str, GaleraNode | Unknown] = dict.fromkeys(NAMES, DOWN)
    return Evidence(known | (nodes or {}), dict(zip(NAMES, positions, strict=True)), sums)


def test_the_node_with_the_highest_seqno_is_proposed() -> None:
    seen = evidence(CRASHED, replace(CRASHED, seqno=12), replace(CLEAN, seqno=11, filed_seqno=11))
    assert level(seen) == ("mysql2",) and list(doubts(seen)) == []
    assert why(seen) == "mysql2 alone has seqno 12, the highest."


def test_of_level_nodes_the_one_that_says_it_was_last_is_taken() -> None:
    seen = evidence(CLEAN, CLEAN, replace(CLEAN, safe_to_bootstrap=True))
    assert level(seen) == ("mysql3", "mysql1", "mysql2")
    assert "compared before" in why(seen)
    alike = replace(seen, sums={name: {"a.t": "1"} for name in NAMES})
    assert list(doubts(alike)) == [] and "their 1 tables are alike; mysql3 is taken" in why(alike)


def test_a_node_without_data_is_no_candidate_and_no_doubt() -> None:
    fresh = GaleraPosition("", -1, filed_uuid=None, filed_seqno=-1)
    interrupted = GaleraPosition("", -1, filed_uuid="", filed_seqno=-1)
    seen = evidence(fresh, CRASHED, interrupted)
    assert level(seen) == ("mysql2",) and list(doubts(seen)) == [] and list(lost(seen, "mysql2")) == []


GONE: dict[str, GaleraNode | Unknown] = {"mysql3": Unknown("can't be reached")}


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (evidence(CLEAN, CLEAN, Unknown("can't be reached"), nodes=GONE), "mysql3 may have the newest data, and can't"),
        (evidence(CLEAN, CLEAN, Unknown("its tablespace is broken")), "mysql3 may have the newest data: its tab"),
        (evidence(CLEAN, CLEAN, replace(CLEAN, uuid=V, filed_uuid=V)), "different clusters"),
        (evidence(CLEAN, replace(CLEAN, filed_seqno=99), CLEAN), "mysql2: its state file says seqno 99, and its tabl"),
        (evidence(CLEAN, replace(CRASHED, filed_uuid=V), CLEAN), f"mysql2: its state file names {V}, and"),
        (evidence(CLEAN, replace(CRASHED, filed_uuid=""), CLEAN), "mysql2: its state file names no uuid, and"),
        (evidence(CLEAN, replace(CRASHED, filed_uuid=None), CLEAN), "mysql2: it has no state file"),
        (evidence(CLEAN, replace(CLEAN, uuid="", seqno=-1), CLEAN), f"mysql2: its state file names {U}, and"),
        (
            evidence(CLEAN, CLEAN, CRASHED, mysql1={"a.t": "1"}, mysql2={"a.t": "2"}, mysql3={"a.t": "1"}),
            "mysql1 and mysql2 are level at seqno 9, and their data differ: a.t",
        ),
        (evidence(CLEAN, CLEAN, CRASHED, mysql1={"a.t": "1"}, mysql2={"a.t": "1"}, mysql3={}), "data differ: a.t"),
        (
            evidence(CLEAN, CLEAN, CRASHED, mysql1={}, mysql2={}, mysql3=Unknown("not within 300 s")),
            "mysql3 is level with others: not within 300 s",
        ),
        (evidence(CLEAN, CLEAN, CRASHED, mysql1={}, mysql2={}), "mysql3 is level with others: its tables were not"),
    ],
)
def test_a_doubt_is_told_with_the_host_and_what_speaks_against_it(seen: Evidence, words: str) -> None:
    assert any(words in doubt for doubt in doubts(seen)), list(doubts(seen))


RUNS = GaleraNode(running=True, uuid=U, seqno=9, ready=True, cluster_status="Primary", state="Synced", size=1)
SERVICE = ServiceState("mariadb.service", "activating", "start", True)


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (RUNS, "There is a Primary component: mysql2 is in it"),
        (replace(RUNS, cluster_status="non-Primary", ready=False), "look at the network between them"),
        (replace(RUNS, cluster_status="", answers=False), "mysql2 is not down: its server runs and does not answer"),
        (replace(RUNS, cluster_status="", standalone=True), "runs without Galera"),
    ],
)
def test_a_server_that_runs_forbids_to_bootstrap_whatever_a_person_knows(node: GaleraNode, words: str) -> None:
    reason = forbidden(evidence(CLEAN, Unknown("its server runs"), CLEAN, nodes={"mysql2": node}), {})
    assert reason is not None and words in reason


def test_a_server_that_only_tries_does_not_forbid_it_and_one_that_is_being_bootstrapped_does() -> None:
    tries = replace(RUNS, cluster_status="", answers=False, state="Joining", service=SERVICE)
    assert forbidden(evidence(CLEAN, CLEAN, CLEAN, nodes=dict.fromkeys(NAMES, tries)), {}) is None
    reason = forbidden(evidence(CLEAN, replace(CLEAN, founding=True), CLEAN, nodes={"mysql2": tries}), {})
    assert reason is not None and "mysql2 is being bootstrapped" in reason


def proxy(status: str) -> ProxyNode:
    server = ProxyServer("galera", "mysql3", "", status, "", 0, False, 0, 0)
    return ProxyNode("2.6", 1, (server,), {}, ServiceState("haproxy.service", "active", "running", True))


def test_a_node_that_can_not_be_read_and_serves_forbids_it() -> None:
    seen = evidence(CLEAN, CLEAN, Unknown("can't be reached"), nodes=GONE)
    assert forbidden(seen, {"haproxy1": proxy("DOWN"), "haproxy2": Unknown("x")}) is None
    reason = forbidden(seen, {"haproxy1": proxy("DOWN"), "haproxy2": proxy("UP 1/3")})
    assert reason is not None and "haproxy2 finds it UP" in reason


def test_what_is_lost_and_whose_data_must_be_replaced_whole() -> None:
    ahead, behind = replace(CRASHED, seqno=12), replace(CRASHED, seqno=3)
    seen = evidence(CRASHED, ahead, behind)
    assert replaced(seen, "mysql1") == ["mysql2"]
    assert list(lost(seen, "mysql1")) == ["3 transactions (seqno 10 to 12) that mysql2 has"]
    assert replaced(seen, "mysql2") == [] and list(lost(seen, "mysql2")) == []
    other = evidence(CRASHED, replace(CRASHED, uuid=V, filed_uuid=V), Unknown("can't be reached"), nodes=GONE)
    assert replaced(other, "mysql1") == ["mysql2"]
    first, second = lost(other, "mysql1")
    assert first.startswith("all data of mysql2") and second.startswith("whatever mysql3 has and mysql1 has not")


def test_level_nodes_keep_their_data_only_if_they_were_seen_to_be_alike() -> None:
    unlike = evidence(CLEAN, CLEAN, CLEAN, mysql1={"a.t": "1"}, mysql2={"a.t": "2"}, mysql3={"a.t": "1"})
    assert replaced(unlike, "mysql1") == ["mysql2"]
    assert list(lost(unlike, "mysql1")) == ["what mysql2 has of its own in a.t"]
    assert replaced(evidence(CLEAN, CLEAN, CLEAN), "mysql1") == ["mysql2", "mysql3"]
    assert differing(unlike, "mysql1", "mysql3") == []


def test_a_joiner_with_a_state_file_that_lies_gets_everything_anew() -> None:
    assert replaced(evidence(CLEAN, replace(CLEAN, seqno=5), CLEAN, mysql1={}, mysql3={}), "mysql1") == ["mysql2"]


def test_evidence_that_moved_is_looked_at_again() -> None:
    before = evidence(CLEAN, CLEAN, Unknown("can't be reached"))
    assert moved(before, before) is None
    assert "mysql2 was at" in (moved(before, evidence(CLEAN, replace(CLEAN, seqno=10), Unknown("x"))) or "")
    assert "mysql3 can be read now" in (moved(before, evidence(CLEAN, CLEAN, CLEAN)) or "")
    assert "mysql1 can no longer" in (moved(before, evidence(Unknown("x"), CLEAN, Unknown("x"))) or "")


def test_the_table_shows_every_node_and_what_contradicts() -> None:
    text = table(evidence(CRASHED, replace(CLEAN, filed_seqno=99), Unknown("its tablespace is broken")))
    assert [line.split()[0] for line in text.splitlines()] == ["host", *NAMES]
    assert "crashed (-1)" in text and "contradicts: says seqno 99" in text
    assert "can't be read: its tablespace is broken" in text


def test_a_server_that_only_tried_may_have_got_further_before_it_was_stopped_and_never_back() -> None:
    unit = ServiceState("mariadb.service", "activating", "start", enabled=True)
    tries = evidence(CLEAN, CLEAN, CLEAN, nodes=dict.fromkeys(NAMES, replace(DOWN, running=True, service=unit)))
    assert moved(tries, evidence(replace(CLEAN, seqno=CLEAN.seqno + 1), CLEAN, CLEAN)) is None
    assert "mysql1 was at" in (moved(tries, evidence(replace(CLEAN, seqno=CLEAN.seqno - 1), CLEAN, CLEAN)) or "")
    assert "mysql1 was at" in (moved(tries, evidence(replace(CLEAN, uuid="9" * 36), CLEAN, CLEAN)) or "")
