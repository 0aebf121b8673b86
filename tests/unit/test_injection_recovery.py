"""Every recovery broken at each call, in every way: it is as before, or running it again ends it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.assess import assess
from cluster.outcome import Outcome, Result
from cluster.steady import not_steady
from engine.library import load
from engine.runbook import Broken, Plan, View
from operations.procedure import carry_out
from tests.unit.outages import Dark, Outage
from tests.unit.simulated import WAYS, FullDisk, Way
from tests.unit.test_health import CONTROLLERS, DATABASES, SPEC


@dataclass(frozen=True)
class Act:
    """A verb, and what is so before it."""

    runbook: str
    outage: Outage
    force_from: str = ""

    @property
    def verb(self) -> str:
        return self.runbook.replace("_", " ")

    @property
    def given(self) -> dict[str, str]:
        return {"force_from": self.force_from} if self.force_from else {}


AHEAD = {"mysql1": 9, "mysql2": 7, "mysql3": 7}
ACTS = {
    "recover galera": Act("recover_galera", Outage(DATABASES)),
    "recover galera that tries in vain": Act("recover_galera", Outage(DATABASES, trying=DATABASES)),
    "recover galera with older data": Act("recover_galera", Outage(DATABASES, seqnos=AHEAD), "mysql2"),
    "recover galera where it stands": Act("recover_galera", Outage(DATABASES[1:], alone=DATABASES[:1]), "mysql1"),
    "recover galera beside a node": Act("recover_galera", Outage(DATABASES[1:])),
    "recover galera beside a node with newer data": Act(
        "recover_galera", Outage(DATABASES[:2], seqnos={**AHEAD, "mysql3": 8}), "mysql3"
    ),
    "recover rabbitmq": Act("recover_rabbitmq", Outage(CONTROLLERS)),
    "recover rabbitmq beginning with one": Act("recover_rabbitmq", Outage(CONTROLLERS), "cc01"),
    "recover rabbitmq with one that waits": Act("recover_rabbitmq", Outage(CONTROLLERS, waiting=("cc02",)), "cc01"),
}


def planned(world: Dark, act: Act, *, died: bool = False) -> Plan:
    """The verb's plan; after a run of it that `died`, as the journal tells it."""
    broken = [Broken("r1", act.runbook, act.given, "", "")] if died else []
    found = load(act.runbook, act.given)
    return found.plan(View(SPEC, world.state(), Path("inventory.py"), broken), **act.given)


def shown(world: Dark) -> str:
    """All that the status and the gates say."""
    state = world.state()
    said = [finding.reason for layer in assess(SPEC, state) for finding in layer.findings]
    return "\n".join([*said, not_steady(SPEC, state) or ""])


def calls(monkeypatch: pytest.MonkeyPatch, act: Act) -> int:
    world = Dark(monkeypatch, act.outage)
    plan = planned(world, act)
    assert not plan.refused, plan.refused
    world.calls = 0
    result = carry_out(plan.steps, lambda _entry, /: None, in_stages=plan.in_stages)
    assert result.outcome is Outcome.DONE and world.whole(), result
    return world.calls


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
@pytest.mark.parametrize("name", ACTS)
def test_whatever_breaks_at_whichever_call_a_recovery_is_taken_back_or_ended_by_running_it_again(
    monkeypatch: pytest.MonkeyPatch, name: str, way: Way
) -> None:
    act = ACTS[name]
    for at in range(1, calls(monkeypatch, act) + 1, way.stride):
        world = Dark(monkeypatch, act.outage)
        plan = planned(world, act)
        before = world.as_it_is()
        world.calls, world.at, world.way = 0, at, way
        result = carry_out(plan.steps, lambda _entry, /: None, in_stages=plan.in_stages)
        world.healed()
        ended(world, act, result, before, f"{name}, {way.name}, at call {at}: {result}", died="kill" in way.name)


@pytest.mark.parametrize("name", ACTS)
def test_whatever_can_not_be_told_to_the_journal_a_recovery_is_taken_back_or_ended_by_running_it_again(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    act = ACTS[name]
    full, at = True, 0
    while full:
        at += 1
        world = Dark(monkeypatch, act.outage)
        plan = planned(world, act)
        before = world.as_it_is()
        journal = FullDisk(at)
        result = carry_out(plan.steps, journal, in_stages=plan.in_stages)
        if full := journal.full:
            assert result.outcome is not Outcome.DONE
            ended(world, act, result, before, f"{name}, from event {at} on: {result}", died=False)
    assert result.outcome is Outcome.DONE


def ended(world: Dark, act: Act, result: Result, before: tuple[object, ...], case: str, *, died: bool) -> None:
    """What was taken back is as before; what is not whole is shown with the verb, which makes it whole."""
    if result.outcome in (Outcome.REVERTED, Outcome.REFUSED):
        assert world.as_it_is() == before, case
    elif not world.whole():
        assert f"`hatui {act.verb}`" in shown(world), f"{case}\n{shown(world)}"
    for _ in range(4):
        if world.whole():
            break
        plan = planned(world, act, died=died)
        assert not plan.refused, f"{case}\n{plan.refused}"
        result = carry_out(plan.steps, lambda _entry, /: None, in_stages=plan.in_stages)
        world.healed()
    assert world.whole(), f"{case}\nand then: {result}"
    assert len(world.founded) <= 1, f"{case}\n{world.founded} were made a cluster each"
    assert not_steady(SPEC, world.state()) is None, case
    # What is so is no run.
    assert not planned(world, act).steps or act.force_from, case
