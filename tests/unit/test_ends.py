"""What a run's end says: the goal is looked at once more, and how clients fared stands beside what was planned."""

from __future__ import annotations

import pytest

from cluster.keepalived.record import VRRP_OWNER
from cluster.outcome import Outcome, Result
from cluster.pacemaker.record import CRM_MON
from cluster.wire.journal import Begin, End
from cluster.wire.probes import ServiceReport, StreamReport
from engine.felt import promised, worse
from engine.known_runs import Run
from engine.runbook import Plan
from engine.work import in_the_end
from operations.steps import Refused
from tests.unit.test_health import HEALTHY, VIP
from tests.unit.test_moves import plan
from tui.console.views.runs import outcome
from tui.follow import outcome_line
from tui.history import _line

DONE = Result(Outcome.DONE)


def sql(*, failed: int = 0, gap: float = 30, late: float = 2) -> dict[str, ServiceReport]:
    stream = StreamReport(beats=20, resets=0, gap_ms=60, kinds={})
    return {"sql": ServiceReport(2.84, 284, failed, {}, gap, 12, 20, late, {"mysql1": 284 - failed}, stream)}


def test_what_is_so_after_the_measuring_is_the_outcome() -> None:
    """The new writer failed its check right after "stands by", and the writer was elsewhere."""
    plan = Plan("Make mysql2 the writer", holds=lambda: "the writer is mysql3, not mysql2")
    found = in_the_end(DONE, plan, sql())
    assert found.outcome is Outcome.DONE_ELSEWHERE and found.outcome.exit_code != 0
    assert "the writer is mysql3, not mysql2" in found.reason
    assert in_the_end(DONE, Plan("Make mysql2 the writer", holds=lambda: None), sql()) == DONE


def test_a_goal_that_can_not_be_looked_at_is_not_done() -> None:
    def silent() -> str | None:
        raise Refused("haproxy1 can't be asked")

    found = in_the_end(DONE, Plan("Move it", holds=silent), {})
    assert found.outcome is Outcome.UNKNOWN and "haproxy1 can't be asked" in found.reason


def test_what_was_not_done_is_not_looked_at_again() -> None:
    stopped = Result(Outcome.REVERTED, "no")
    assert in_the_end(stopped, Plan("Move it", holds=lambda: pytest.fail("asked")), {}) == stopped


@pytest.mark.parametrize(
    ("services", "gap", "said"),
    [
        (sql(), 0.5, ""),
        (sql(gap=10197), 0.5, "sql: the longest gap was 10.2 s, planned were 0.5 s at most"),
        (sql(gap=10197), 0, ""),
        (sql(gap=940), 0.5, ""),
        (sql(gap=2500, late=2200), 0.05, ""),
        (sql(failed=33, gap=522), 0.05, "sql: 33 of 284 new connections failed"),
        (sql(failed=1, late=900), 0, "sql: 1 of 284 new connections failed, the measuring itself was up to 0.9 s late"),
        ({}, 0.5, ""),
    ],
)
def test_how_clients_fared_worse_than_planned(services: dict[str, ServiceReport], gap: float, said: str) -> None:
    assert worse(services, gap) == said
    assert in_the_end(DONE, Plan("Move it", gap=gap), services).clients == said


def test_a_plan_promises_no_more_than_the_last_runs_kept() -> None:
    assert promised("open ones are reset", 0.05, []) == (
        "new connections: no gap over 50 ms, none fails; open ones are reset"
    )
    assert promised("open ones are reset", 0.05, [sql(), sql(gap=49)]).startswith("new connections: no gap over 50 ms")
    broken = promised("open ones are reset", 0.05, [sql(gap=10197), sql(failed=3)])
    assert broken.startswith("new connections: gaps of up to 10.2 s, 3 of 568 failed"), broken
    assert promised("a restart", 0, [sql(gap=10197)]) == "a restart"


def test_a_run_whose_clients_failed_is_told_apart_from_one_that_went_as_planned() -> None:
    begin = Begin(
        run="a", runbook="x", parameters={}, title="Move it", steps=(), origin="", target="", who="me", why=""
    )

    def run(clients: str) -> Run:
        return Run("a", begin, (End(Outcome.DONE, "", clients),), False)

    good, hit = run(""), run("sql: 33 of 284 new connections failed")
    assert outcome(good) == ("● DONE", "ok") and outcome(hit) == ("▲ DONE, clients hit", "warn")
    assert "clients hit" in _line(hit) and "clients" not in _line(good)
    assert outcome_line("DONE", "", hit.clients).splitlines() == ["DONE", f"CLIENTS  {hit.clients}"]


def test_each_move_asks_at_the_end_where_its_service_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them were done, and by the end everything is where it was before."""
    monkeypatch.setattr("operations.vip.look_all", lambda *_, **__: HEALTHY[VRRP_OWNER])
    monkeypatch.setattr("operations.writer.writers", lambda _: frozenset({"mysql1"}))
    monkeypatch.setattr("operations.controllers.nodes_of", lambda _: HEALTHY[CRM_MON])
    assert plan("switchover_vip", HEALTHY, to="haproxy2").holds() == f"{VIP} is on haproxy1, not on haproxy2"
    assert plan("switchover_writer", HEALTHY, to="mysql3").holds() == "the writer is mysql1, not mysql3"
    assert plan("switchover_resource", HEALTHY, name="vip", to="cc02").holds() == "vip is on cc01, not on cc02"
    drained = plan("drain", HEALTHY, host="haproxy1")
    monkeypatch.setattr("engine.layers.keepalived.look_all", lambda *_, **__: HEALTHY[VRRP_OWNER])
    assert drained.holds() == f"{VIP} is on haproxy1"


def test_a_plan_promises_what_is_usual_of_the_traffic_that_it_moves() -> None:
    assert plan("switchover_vip", HEALTHY, to="haproxy2").gap == 0.05
    assert plan("switchover_writer", HEALTHY, to="mysql3").gap == 0.5
    assert plan("drain", HEALTHY, host="haproxy1").gap == 0.05
    assert plan("drain", HEALTHY, host="haproxy2").gap == 0
