"""What is so already is said, and is no run: nothing is in the journal, nobody is asked."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.health.verdict import Verdict
from cluster.outcome import Outcome
from cluster.rabbitmq.gates import apart
from cluster.rabbitmq.verdict import rabbitmq_health
from cluster.state import Unknown
from cluster.wire.runs import Ended, Proposal, Said
from engine import run
from engine.known_runs import runs
from engine.library import load
from engine.runbook import Broken, Plan, View
from engine.work import Work
from tests.unit.test_health import DATABASES, GALERA, GONE, HEALTHY, SPEC
from tests.unit.test_rest import BROKERS
from tests.unit.wired import exact
from tui.act import shown

BROKEN = Broken("one", "recover_galera", {}, "")


class Stub:
    """Of a look and a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def look(self) -> object:
        return HEALTHY

    def plan(self, _: object) -> Plan:
        return self._plan


def said(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[Said]]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    lines = io.StringIO()
    order = run.Order(SPEC, Path("inventory.py"), "recover_galera", {}, "", yes=True, dry_run=False)
    code = run._Run(order, lines)._go(load("recover_galera", {}), cast(Work, Stub(plan)))
    return code, [exact(line, Said) for line in lines.getvalue().splitlines()]


def test_it_is_told_and_ends_with_0_and_no_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, lines = said(Plan("Bring it back", already="It is whole: 3 of 3 Synced."), tmp_path, monkeypatch)
    assert code == 0
    assert lines[-1] == Ended(Outcome.DONE, "It is whole: 3 of 3 Synced.")
    assert list(runs(SPEC.name)) == []
    assert isinstance(lines[0], Proposal)
    assert shown(lines[0]).endswith("nothing to do: It is whole: 3 of 3 Synced.")


def test_a_run_that_broke_off_is_closed_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Plan] = []

    def journaled(_: object, plan: Plan, *_rest: object) -> int:
        begun.append(plan)
        return 0

    monkeypatch.setattr(run._Run, "_journaled", journaled)
    said(Plan("Bring it back", broken=["one"]), tmp_path, monkeypatch)
    assert [plan.broken for plan in begun] == [["one"]]


def recovery(
    monkeypatch: pytest.MonkeyPatch, runbook: str, nodes: Mapping[str, Any], broken: tuple[Broken, ...] = ()
) -> Plan:
    found = load(runbook, {})
    monkeypatch.setitem(found.plan.__globals__, "nodes_of", lambda _: nodes)
    return found.plan(View(SPEC, HEALTHY, Path("inventory.py"), broken))


def test_a_database_that_is_whole_is_not_recovered(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = recovery(monkeypatch, "recover_galera", HEALTHY[WSREP_STATUS])
    assert (list(plan.steps), plan.refused, plan.already) == ([], "", "The database is whole: 3 of 3 Synced.")


def test_brokers_that_all_run_are_not_recovered(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = recovery(monkeypatch, "recover_rabbitmq", BROKERS)
    assert not plan.steps and not plan.refused
    assert plan.already == "The message queue is whole: 3 of 3 brokers run, and see each other."


def test_one_that_is_not_seen_by_all_others_yet_is_waited_for_and_a_partition_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = BROKERS["cc01"]
    unseen = replace(first, running_members=first.running_members[:2])
    plan = recovery(monkeypatch, "recover_rabbitmq", {**BROKERS, "cc01": unseen})
    assert (plan.refused, [step.name for step in plan.steps]) == ("", ["cc01, cc02, cc03 see one another"])
    for other in (
        replace(unseen, partitions=("rabbit@cc03",)),
        replace(unseen, members=first.members[:2]),
        replace(first, draining=True),
    ):
        plan = recovery(monkeypatch, "recover_rabbitmq", {**BROKERS, "cc01": other})
        assert not plan.steps and plan.refused.startswith("Nothing is started: "), other


def test_one_that_came_up_alone_is_told_of_and_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    two = {name: replace(BROKERS[name], running_members=("rabbit@cc01", "rabbit@cc02")) for name in ("cc01", "cc02")}
    nodes = {**two, "cc03": replace(BROKERS["cc03"], running_members=("rabbit@cc03",))}
    plan = recovery(monkeypatch, "recover_rabbitmq", nodes)
    assert (plan.refused, len(plan.steps)) == ("", 2)
    assert plan.steps[0].name.startswith("Start the broker on cc03 anew: it runs by itself")
    assert "declared on cc03 since it came up by itself is lost" in plan.evidence
    judged = rabbitmq_health(SPEC, nodes)
    assert judged.verdict is Verdict.FAIL and "the broker on cc03 runs by itself" in judged.reason
    # Where nobody has a majority, none is the one that is apart.
    alone = {name: replace(node, running_members=(node.name,)) for name, node in BROKERS.items()}
    assert apart(alone) == [] and apart({**nodes, "cc02": GONE}) == []


def test_a_node_that_can_not_be_read_is_no_whole_database(monkeypatch: pytest.MonkeyPatch) -> None:
    two = replace(GALERA, size=2)
    nodes: dict[str, GaleraNode | Unknown] = {**dict.fromkeys(DATABASES, two), "mysql3": GONE}
    plan = recovery(monkeypatch, "recover_galera", nodes)
    assert not plan.steps and "2 of 3 Synced" in plan.refused and "mysql3 can't be read" in plan.refused
    # What a forced recovery left behind that died is over, though a host is gone for good.
    plan = recovery(monkeypatch, "recover_galera", nodes, (BROKEN,))
    assert not plan.refused and plan.broken == ["one"] and "whole" not in plan.already


@pytest.mark.parametrize(
    ("runbook", "given", "words"),
    [
        ("switchover_vip", {"to": "haproxy1"}, "192.0.2.47 is on haproxy1."),
        ("switchover_writer", {"to": "mysql1"}, "mysql1 is the writer."),
        ("switchover_resource", {"name": "vip", "to": "cc01"}, "vip is on cc01."),
    ],
)
def test_a_switchover_to_where_it_is_says_so(runbook: str, given: dict[str, str], words: str) -> None:
    plan = load(runbook, given).plan(View(SPEC, HEALTHY, Path("inventory.py")), **given)
    assert not plan.steps and not plan.refused and plan.already == words
