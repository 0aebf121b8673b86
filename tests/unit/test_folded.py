"""One thing is said once: the same of many hosts in one line, and a long outcome in several."""

from __future__ import annotations

import sys

import pytest

from cluster.assess import assess, overall
from cluster.galera.record import WSREP_STATUS
from cluster.state import ClusterState, Unknown
from cluster.wire.journal import StepResult
from cluster.wire.observed import Snapshot
from tests.unit.test_health import HEALTHY, SPEC, changed
from tui.follow import event_line, folded, outcome_line
from tui.status import plain, print_tables

REASON = "did not answer within 4 s"


def silent(reason: str = REASON) -> ClusterState:
    return ClusterState({name: {host: Unknown(reason) for host in hosts} for name, hosts in HEALTHY.seen.items()})


def snapshot(state: ClusterState) -> Snapshot:
    layers = assess(SPEC, state)
    return Snapshot("test", 0, overall(layers), layers, {}, 1)


def test_a_sentence_that_is_so_of_all_hosts_is_said_once_a_layer(capsys: pytest.CaptureFixture[str]) -> None:
    found = snapshot(silent())
    assert found.layers[0].reason == (
        "9 of 9 hosts: did not answer within 4 s (haproxy1, haproxy2, mysql1, mysql2, mysql3, cc01, cc02, cc03, net01)"
    )
    print_tables(found)
    assert capsys.readouterr().out.replace("\n", " ").count("did not answer") == len(found.layers)
    lines = plain(found).splitlines()
    assert "galera\tmysql1,mysql2,mysql3\tUNKNOWN\tdid not answer within 4 s" in lines
    assert len(lines) == 1 + 2 * len(found.layers)


def test_hosts_that_are_silent_for_not_quite_the_same_time_are_told_of_together() -> None:
    said = [Unknown(f"has said nothing for {n} s", alike="has said nothing") for n in (4, 5, 6)]
    galera = dict(zip(HEALTHY[WSREP_STATUS], said, strict=True))
    layer = next(one for one in assess(SPEC, HEALTHY.having({WSREP_STATUS: galera})) if one.layer == "galera")
    assert "3 of 3 hosts: has said nothing for 4 s (mysql1, mysql2, mysql3)" in layer.reason
    assert [host.shows for host in layer.hosts] == [f"has said nothing for {n} s" for n in (4, 5, 6)]


def test_one_host_and_different_reasons_are_told_of_by_themselves() -> None:
    one = next(la for la in assess(SPEC, changed("galera", "mysql2", Unknown(REASON))) if la.layer == "galera")
    assert one.reason.startswith(f"mysql2 {REASON}")
    two = HEALTHY.having(
        {WSREP_STATUS: {**HEALTHY[WSREP_STATUS], "mysql1": Unknown("is away"), "mysql2": Unknown(REASON)}}
    )
    reason = next(layer for layer in assess(SPEC, two) if layer.layer == "galera").reason
    assert "mysql1 is away" in reason and f"mysql2 {REASON}" in reason


def test_a_long_outcome_has_lines_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = " ".join(["mysql2 is not made the writer: it lags, 4711 write sets wait (wsrep_local_recv_queue)."] * 5)
    assert outcome_line("REVERTED", reason) == f"REVERTED  {reason}", "what is no terminal gets it whole"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    lines = outcome_line("REVERTED", reason, "3 of 400 failed").splitlines()
    assert max(map(len, lines)) <= 80 and lines[0].startswith("REVERTED  mysql2")
    assert lines[-1] == "CLIENTS  3 of 400 failed"
    assert " ".join(" ".join(lines[:-1]).split()) == f"REVERTED {reason}"
    event = StepResult(0, "mysql2 takes over", ok=False, reason="x" * 200)
    assert "x" * 200 in folded(event_line(event)), "a word is not cut"
