"""A daemon that somebody else restarts while a run goes on is told of; what the run restarts itself is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster.outcome import Outcome, Result
from cluster.state import ClusterState, HostAnswer, Unknown
from cluster.wire.journal import Entry, Intent, Note
from engine import session, work
from engine.foreign import Foreign
from engine.library import load
from operations import starting
from operations.procedure import carry_out
from operations.starting import heard_of
from tests.unit.simulated import World
from tests.unit.test_health import SPEC
from tests.unit.test_injection import ACTS, healthy, planned

SAID = "Restarted meanwhile, and not by this run: "


def ran(
    world: World, act: str, by_hand: Callable[[], None] = lambda: None, at: int = 0
) -> tuple[Result, list[str], int]:
    """The run's result, its notes, and its calls; before call `at` somebody does something by hand.

    But not between a restart of the run's own and the look right after it: these two can't be told apart.
    """
    world.starts = Counter()
    runbook, given = ACTS[act]
    plan = planned(world, runbook, **given)
    notes: list[str] = []
    ask, calls, done, restarts = world._call, 0, at == 0, 0

    def call(name: str, work: Callable[[], Any]) -> Any:
        nonlocal calls, done, restarts
        calls += 1
        assert world.starts is not None
        if not done and calls >= at and world.starts.total() == restarts:
            by_hand()
            done = True
        restarts = world.starts.total()
        return ask(name, work)

    world._call = call  # type: ignore[method-assign]
    foreign = Foreign(world.state(), notes.append)
    with heard_of(foreign.began):
        result = carry_out(plan.steps, lambda _entry, /: None, in_stages=plan.in_stages)
    return foreign.beside(result), notes, calls


@pytest.mark.parametrize("act", ACTS)
def test_what_the_run_restarts_itself_is_not_told(monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    result, notes, _ = ran(world := healthy(monkeypatch, act), act)
    assert (result, notes) == (Result(Outcome.DONE), [])
    if act.startswith(("restart", "rollout")):
        assert world.starts, "it did restart something"


@pytest.mark.parametrize("act", ["restart galera", "restart rabbitmq", "rollout", "drain the writer", "switchover vip"])
@pytest.mark.parametrize("daemon", [("mysql2", "mariadb.service"), ("cc02", "rabbitmq-server.service")])
def test_a_restart_by_hand_is_told_whenever_it_is(
    monkeypatch: pytest.MonkeyPatch, act: str, daemon: tuple[str, str]
) -> None:
    _, _, calls = ran(healthy(monkeypatch, act), act)
    said = f"{SAID}{daemon[1].removesuffix('.service')} on {daemon[0]}"
    # Nobody sees what comes after the last look at the database: the other hosts' looks follow.
    for at in range(1, calls - 4, 7):
        world = healthy(monkeypatch, act)
        result, notes, _ = ran(world, act, lambda world=world: world.started_anew(*daemon), at)  # type: ignore[misc]
        assert notes == [said], f"at call {at} of {calls}"
        assert result == Result(Outcome.DONE, f"{said}."), f"at call {at} of {calls}"


def test_the_run_s_own_process_tells_it_in_the_journal_and_with_its_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    world = healthy(monkeypatch, "switchover vip")
    world.starts = Counter()
    monkeypatch.setattr(work, "gather", lambda _: None)
    monkeypatch.setattr(session, "begin", lambda _: None)
    monkeypatch.setattr(session, "seen", lambda _: world.state())
    runbook, given = ACTS["switchover vip"]
    done = work.Work(SPEC, Path("inventory.py"), load(runbook, given))
    done.look()
    plan = replace(planned(world, runbook, **given), measures=())
    events: list[Entry] = []

    def tell(entry: Entry, /) -> None:
        events.append(entry)
        if isinstance(entry, Intent) and len(events) == 1:
            world.started_anew("mysql2", "mariadb.service")

    result = done.carry_out(plan, tell, lambda: None, lambda: None)
    assert result == Result(Outcome.DONE, f"{SAID}mariadb on mysql2.")
    assert events[-1] == Note(f"{SAID}mariadb on mysql2")


def test_what_a_run_fails_at_is_told_first(monkeypatch: pytest.MonkeyPatch) -> None:
    world = healthy(monkeypatch, "restart galera")
    world.starts = Counter()
    foreign = Foreign(world.state(), lambda _: None)
    for name in ("mysql1", "mysql2"):
        world.started_anew(name, "mariadb.service")
    result = foreign.beside(Result(Outcome.STOPPED, "It was asked to stop"))
    assert result.reason == f"It was asked to stop. {SAID}mariadb on mysql1, mariadb on mysql2."


def test_a_start_of_ours_that_failed_or_was_not_seen_blames_nobody_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = healthy(monkeypatch, "restart galera")
    world.starts = Counter()
    notes: list[str] = []
    foreign = Foreign(world.state(), notes.append)
    with heard_of(foreign.began), pytest.raises(OSError), starting.starting("mysql2", "mariadb.service"):
        world.started_anew("mysql2", "mariadb.service")
        raise OSError
    # As systemd does with a unit that failed.
    world.started_anew("mysql2", "mariadb.service")
    assert foreign.beside(Result(Outcome.DONE)) == Result(Outcome.DONE) and not notes


def test_nobody_is_asked_for_a_start_where_nobody_wants_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    with starting.starting("mysql2", "mariadb.service"), starting.all_starting(["cc01"], "rabbitmq-server.service"):
        assert world.calls == 0


def test_a_host_that_can_not_be_asked_any_more_is_no_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    world = healthy(monkeypatch, "restart galera")
    world.starts = Counter()
    foreign = Foreign(world.state(), lambda _: None)
    monkeypatch.setattr("engine.foreign.look_all", lambda hosts, *_, **__: dict.fromkeys(hosts, Unknown("away")))
    assert foreign.beside(Result(Outcome.DONE)) == Result(Outcome.DONE)
    assert Foreign(ClusterState({"hosts": {"mysql1": HostAnswer(0.1)}}), lambda _: None).beside(Result(Outcome.DONE))
