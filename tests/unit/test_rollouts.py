"""Which rollout can be resumed, from the journal; and what `hatui rollout` asks for."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.outcome import Outcome
from cluster.wire.journal import Begin, End, Entries, Intent, StepResult
from engine import rollouts
from engine.known_runs import Run
from engine.rollouts import find
from tui import rollout


def run(runbook: str = "rollout", outcome: str = "STOPPED", *, alive: bool = False) -> Run:
    begin = Begin(
        run="id", runbook=runbook, parameters={"layer": "galera", "canary": "a", "soak": "5"}, title="Roll out",
        steps=("one", "two"), origin="", target="", who="me", why="because",
    )  # fmt: skip
    events: list[Entries] = [Intent(0, "one"), StepResult(0, "one", ok=True), Intent(1, "two")]
    if outcome:
        events.append(End(Outcome(outcome), "the gate"))
    return Run("id", begin, tuple(events), alive)


def test_a_rollout_that_stopped_or_died_is_open() -> None:
    stopped = find([run()])
    assert stopped and stopped.stopped == "the gate" and stopped.done == ("one",) and stopped.left == ("two",)
    died = find([run(outcome="")])
    assert died and "two" in died.stopped


def test_one_that_is_done_aborted_or_running_is_not() -> None:
    assert find([]) is None
    assert find([run(outcome="DONE"), run()]) is None
    assert find([run("rollout_abort", "DONE"), run()]) is None
    assert find([run(outcome="", alive=True)]) is None


def test_what_is_no_rollout_or_was_refused_does_not_count() -> None:
    assert find([run("drain", "DONE"), run(outcome="REFUSED"), run()]) is not None


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    rollout.arguments(parser)
    parser.add_argument("--reason", default="")
    return parser.parse_args(arguments)


def test_resume_asks_for_what_was_asked_for_but_for_the_canary_that_has_been(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "open_rollout", lambda _: find([run()]))
    assert rollout.asked(options("--resume"), "x") == ("rollout", {"layer": "galera", "soak": "5"}, "because")
    again = rollout.asked(options("--resume", "--soak", "9s", "--pause-after", "galera/b"), "x")
    assert again[1] == {"layer": "galera", "soak": "9s", "pause_after": "galera/b"}
    monkeypatch.setattr(rollout, "open_rollout", lambda _: None)
    with pytest.raises(rollout.NotOpen, match="no rollout that stopped"):
        rollout.asked(options("--resume"), "x")


def test_the_arguments_are_the_runbooks_parameters() -> None:
    from engine.runbooks.rollout import PARAMETERS

    given = options("--layer", "base", "--canary", "a", "--soak", "1", "--pause-after", "b")
    assert rollout.asked(given, "x")[1].keys() == PARAMETERS.keys()
    assert rollout.asked(options("--abort"), "x") == ("rollout_abort", {}, "")


def test_only_a_rollout_that_goes_on_can_be_paused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    going = replace(run(outcome="", alive=True), path=tmp_path / "id.jsonl")
    found = [run("drain", outcome="", alive=True), going]
    monkeypatch.setattr(rollouts, "runs", lambda _: found)
    monkeypatch.setattr(rollout, "ask_to_stop", lambda one: None if one is going else "over")
    monkeypatch.setattr(rollout, "follow", lambda path, told: 25 if (path, told) == (going.path, 4) else 0)
    assert rollout.pause("x") == 25
    assert capsys.readouterr().out.endswith("finishes this step first, unless it only waits: two.\n")
    monkeypatch.setattr(rollout, "ask_to_stop", lambda _: "It is not yours.")
    with pytest.raises(rollout.NotOpen, match=r"was not asked to stop\. It is not yours\."):
        rollout.pause("x")
    found[:] = [run()]
    with pytest.raises(rollout.NotOpen, match="No rollout goes on"):
        rollout.pause("x")
