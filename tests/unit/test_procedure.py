"""Steps as one piece of work: what is told, what is undone, and how it ends."""

from __future__ import annotations

from collections.abc import Callable

import gevent
import pytest
from pyinfra.api.exceptions import PyinfraError

from cluster.exits import NOT_FOLLOWED
from cluster.outcome import Outcome, Result
from cluster.wire.journal import Entry, Intent, StepResult, UndoIntent, UndoResult
from operations.procedure import carry_out
from operations.steps import Elsewhere, Refused, Step, Unseen
from tests.unit.wired import tag


class World:
    """What steps change, and what is told of them."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.told: list[Entry] = []

    def tell(self, entry: Entry, /) -> None:
        self.told.append(entry)

    @property
    def events(self) -> list[str]:
        steps = Intent | StepResult | UndoIntent | UndoResult
        return [f"{tag(one)} {one.name}" for one in self.told if isinstance(one, steps)]

    def step(
        self,
        name: str,
        *,
        fails: BaseException | None = None,
        against: str | None = None,
        verify: Callable[[], str | None] = lambda: None,
        undoes: bool = True,
        undo_fails: BaseException | None = None,
    ) -> Step:
        def act() -> None:
            self.done.append(name)
            if fails:
                raise fails

        def undo() -> None:
            if undo_fails:
                raise undo_fails
            self.done = [one for one in self.done if one != name]

        return Step(
            name, act, precheck=lambda: against, verify=verify, within=0, undo=undo if undoes else None, lasting="so"
        )


@pytest.fixture
def world() -> World:
    return World()


def test_the_intent_is_told_before_the_act_and_the_result_after(world: World) -> None:
    assert carry_out([world.step("a"), world.step("b")], world.tell) == Result(Outcome.DONE)
    assert world.events == ["intent a", "result a", "intent b", "result b"]
    assert world.done == ["a", "b"]


def test_a_first_step_that_may_not_be_taken_changes_nothing(world: World) -> None:
    result = carry_out([world.step("a", against="mysql2 lags")], world.tell)
    assert result == Result(Outcome.REFUSED, "mysql2 lags")
    assert not world.done
    assert "intent a" not in world.events


FAILURES = [
    Refused("no"),
    OSError("broken"),
    KeyError("a mistake in a runbook"),
    PyinfraError("no host"),
    KeyboardInterrupt(),
    SystemExit(1),
    gevent.GreenletExit(),
    gevent.Timeout(3),
]
KINDS = [type(failure).__name__ for failure in FAILURES]
"""Names of tests that are the same in every process."""


@pytest.mark.parametrize("failure", FAILURES, ids=KINDS)
def test_a_failure_of_any_kind_undoes_the_failed_step_and_those_before_it_the_last_first(
    world: World, failure: BaseException
) -> None:
    result = carry_out([world.step("a"), world.step("b"), world.step("c", fails=failure)], world.tell)
    assert result.outcome is Outcome.REVERTED
    assert not world.done
    assert [event for event in world.events if event.startswith("undo ")] == ["undo c", "undo b", "undo a"]


@pytest.mark.parametrize("failure", FAILURES, ids=KINDS)
def test_a_precheck_that_breaks_off_undoes_the_steps_before_it(world: World, failure: BaseException) -> None:
    def broken() -> str | None:
        raise failure

    result = carry_out([world.step("a"), Step("b", lambda: None, precheck=broken)], world.tell)
    assert result.outcome is Outcome.REVERTED
    assert not world.done


@pytest.mark.parametrize("failure", FAILURES, ids=KINDS)
def test_an_undo_that_breaks_off_holds_up_no_other(world: World, failure: BaseException) -> None:
    steps = [world.step("a"), world.step("b", undo_fails=failure), world.step("c", fails=Refused("no"))]
    assert carry_out(steps, world.tell).outcome is Outcome.DIRTY
    assert world.done == ["b"]


@pytest.mark.parametrize("reason", ["cc02 is not in standby", "cc02 is not in standby."])
def test_a_reason_ends_before_the_next_sentence_begins(world: World, reason: str) -> None:
    undone = carry_out([world.step("a"), world.step("b", fails=Refused(reason))], world.tell)
    assert undone.reason == "b: cc02 is not in standby. Everything was undone."
    left = carry_out([world.step("a", undoes=False), world.step("b", fails=Refused(reason))], world.tell)
    assert left.reason == "b: cc02 is not in standby. What was done and stays: a (so)."


def test_what_can_not_be_undone_is_named_and_the_outcome_is_dirty(world: World) -> None:
    result = carry_out([world.step("a", undoes=False), world.step("b", fails=Refused("no"))], world.tell)
    assert result.outcome is Outcome.DIRTY
    assert "a (so)" in result.reason
    assert world.done == ["a"]


def test_an_undo_that_fails_is_dirty_and_the_others_are_undone_all_the_same(world: World) -> None:
    steps = [world.step("a"), world.step("b", undo_fails=Refused("stuck")), world.step("c", fails=Refused("no"))]
    result = carry_out(steps, world.tell)
    assert result.outcome is Outcome.DIRTY
    assert "b (not undone: stuck)" in result.reason
    assert world.done == ["b"]


def test_an_end_that_could_not_be_seen_is_unknown(world: World) -> None:
    lasting = carry_out([world.step("a", undoes=False, fails=Unseen("gone"))], world.tell)
    assert lasting.outcome is Outcome.UNKNOWN
    undo = carry_out([world.step("b", fails=Refused("no"), undo_fails=Unseen("gone"))], world.tell)
    assert undo.outcome is Outcome.UNKNOWN


def test_a_service_that_went_elsewhere_is_told_as_that(world: World) -> None:
    result = carry_out([world.step("a", fails=Elsewhere("it is on cc03"))], world.tell)
    assert result == Result(Outcome.DONE_ELSEWHERE, "it is on cc03")


def test_a_goal_that_is_not_seen_in_time_is_a_failure(world: World) -> None:
    result = carry_out([world.step("a", verify=lambda: "still on haproxy1")], world.tell)
    assert result.outcome is Outcome.REVERTED
    assert "still on haproxy1" in result.reason


def test_in_stages_what_was_done_stays_and_only_the_failed_step_is_taken_back(world: World) -> None:
    result = carry_out([world.step("a"), world.step("b", fails=Refused("no"))], world.tell, in_stages=True)
    assert result.outcome is Outcome.STOPPED
    assert world.done == ["a"]


def test_in_stages_a_pause_is_no_success_except_at_the_end(world: World) -> None:
    steps = [world.step("a"), world.step("b")]
    assert carry_out(steps, world.tell, in_stages=True, pause_after=0).outcome is Outcome.STOPPED
    assert carry_out(steps, world.tell, in_stages=True, pause_after=1).outcome is Outcome.DONE


def test_a_reason_to_stop_between_two_steps_undoes_what_was_done(world: World) -> None:
    result = carry_out([world.step("a"), world.step("b")], world.tell, lambda: "it was lost" if world.done else None)
    assert result.outcome is Outcome.REVERTED
    assert not world.done and "intent b" not in world.events


def test_a_reason_to_stop_before_the_first_step_changes_nothing(world: World) -> None:
    for in_stages in (False, True):
        result = carry_out([world.step("a")], world.tell, lambda: "the lock is lost", in_stages=in_stages)
        assert result == Result(Outcome.REFUSED, "the lock is lost")
    assert not world.events and not world.done


def test_nothing_that_was_not_seen_to_succeed_exits_0() -> None:
    codes = {outcome: outcome.exit_code for outcome in Outcome}
    assert codes.pop(Outcome.DONE) == 0
    assert 0 not in codes.values()
    assert len({*codes.values(), NOT_FOLLOWED}) == len(codes) + 1


def test_what_is_said_of_a_host_that_can_not_be_seen_is_known_without_its_name() -> None:
    unseen = Unseen("can't be reached (no route)", "bring it back", host="mysql1")
    assert (str(unseen), unseen.reason) == (
        "mysql1 can't be reached (no route): bring it back.",
        "can't be reached (no route)",
    )
