"""Every runbook broken at each call to a host, in every way: nothing stays half done, or its way back is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.assess import assess
from cluster.outcome import Outcome, Result
from cluster.steady import not_steady
from engine.library import load
from engine.runbook import Plan, View
from operations.procedure import carry_out
from tests.unit.simulated import WAYS, FullDisk, Way, World
from tests.unit.test_health import SPEC

ACTS: dict[str, tuple[str, dict[str, str]]] = {
    "switchover vip": ("switchover_vip", {"to": "haproxy2"}),
    "switchover writer": ("switchover_writer", {"to": "mysql3"}),
    "switchover resource": ("switchover_resource", {"name": "vip", "to": "cc02"}),
    "drain the VIP's owner": ("drain", {"host": "haproxy1"}),
    "drain a balancer": ("drain", {"host": "haproxy2"}),
    "drain the writer": ("drain", {"host": "mysql1"}),
    "drain a database node": ("drain", {"host": "mysql2"}),
    "drain a controller": ("drain", {"host": "cc01"}),
    "undrain the VIP's former owner": ("undrain", {"host": "haproxy1"}),
    "undrain the former writer": ("undrain", {"host": "mysql1"}),
    "undrain a database node": ("undrain", {"host": "mysql2"}),
    "undrain a controller": ("undrain", {"host": "cc01"}),
    "rollout": ("rollout", {"layer": "galera", "soak": "0"}),
    "restart galera": ("restart", {"layer": "galera"}),
    "restart rabbitmq": ("restart", {"layer": "rabbitmq"}),
    "restart haproxy": ("restart", {"layer": "haproxy"}),
    "restart keepalived": ("restart", {"layer": "keepalived"}),
    "restart pacemaker": ("restart", {"layer": "pacemaker"}),
}


def healthy(monkeypatch: pytest.MonkeyPatch, act: str) -> World:
    world = World(monkeypatch)
    world.wanted = "new" if act == "rollout" else "former"
    runbook, given = ACTS[act]
    if runbook == "undrain":
        assert carried_out(world, planned(world, "drain", **given)).outcome is Outcome.DONE
    return world


def planned(world: World, runbook: str, **given: str) -> Plan:
    found = load(runbook, given)
    plan = found.plan(View(SPEC, world.state(), Path("inventory.py")), **given)
    assert not plan.refused, plan.refused
    return plan


def carried_out(world: World, plan: Plan) -> Result:
    return carry_out(plan.steps, lambda _entry, /: None, in_stages=plan.in_stages)


def shown(world: World) -> str:
    """All that the status and the gates say."""
    state = world.state()
    said = [finding.reason for layer in assess(SPEC, state) for finding in layer.findings]
    return "\n".join([*said, not_steady(SPEC, state) or ""])


def put_right(world: World) -> None:
    """What the status names is done, as long as it names something."""
    for _ in range(10):
        host = next((name for name in sorted(world.out_of_service()) if f"`hatui undrain {name}`" in shown(world)), "")
        if host:
            plan = planned(world, "undrain", host=host)
            result = carried_out(world, plan)
            assert result.outcome is Outcome.DONE, (host, result, [step.name for step in plan.steps])
        elif "`hatui switchover writer` settles it" in shown(world):
            assert carried_out(world, planned(world, "switchover_writer", to="mysql1")).outcome is Outcome.DONE
        elif world.bans:
            assert "`crm resource clear RESOURCE` takes them away" in shown(world)
            world.bans = set()
            world.healed()
        else:
            return


def calls(monkeypatch: pytest.MonkeyPatch, act: str) -> int:
    world = healthy(monkeypatch, act)
    runbook, given = ACTS[act]
    plan = planned(world, runbook, **given)
    world.calls = 0
    result = carried_out(world, plan)
    assert result.outcome is Outcome.DONE, result
    return world.calls


# A restart goes on for hundreds of calls, by the steps of the drains: some of the ways, at some of them, are enough.
FEW = ("it fails", "host gone", "Ctrl-C after", "kill -9 before")
CASES = [(act, way) for act in ACTS for way in WAYS if not act.startswith(("restart", "rollout")) or way.name in FEW]


@pytest.mark.parametrize(("act", "way"), CASES, ids=[f"{act}: {way.name}" for act, way in CASES])
def test_whatever_breaks_at_whichever_call_nothing_stays_half_done_or_it_is_shown_with_its_way_back(
    monkeypatch: pytest.MonkeyPatch, act: str, way: Way
) -> None:
    runbook, given = ACTS[act]
    stride = 4 if act.startswith(("restart", "rollout")) else way.stride
    for at in range(1, calls(monkeypatch, act) + 1, stride):
        world = healthy(monkeypatch, act)
        plan = planned(world, runbook, **given)
        before = (*world.places(), world.out_of_service())
        world.calls, world.at, world.way = 0, at, way
        result = carried_out(world, plan)
        world.healed()
        case = f"{act}, {way.name}, at call {at}: {result}"
        nothing_is_left(world, result, before, act, case)


@pytest.mark.parametrize("act", ACTS)
def test_whatever_can_not_be_told_to_the_journal_nothing_stays_half_done_or_it_is_shown_with_its_way_back(
    monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    runbook, given = ACTS[act]
    full, at = True, 0
    while full:
        at += 1
        world = healthy(monkeypatch, act)
        plan = planned(world, runbook, **given)
        before = (*world.places(), world.out_of_service())
        journal = FullDisk(at)
        result = carry_out(plan.steps, journal, in_stages=plan.in_stages)
        if full := journal.full:
            assert result.outcome is not Outcome.DONE
            nothing_is_left(world, result, before, act, f"{act}, from event {at} on: {result}")
    assert result.outcome is Outcome.DONE


def nothing_is_left(world: World, result: Result, before: tuple[object, ...], act: str, case: str) -> None:
    """What was taken back is as before; all else that is out of service is shown with a way back, which leads there."""
    left = world.out_of_service()
    if result.outcome in (Outcome.REVERTED, Outcome.REFUSED):
        assert left == before[-1] and not world.bans, case
        # Pacemaker moves no resource back by itself when a controller is out of standby again.
        compared = 2 if act == "drain a controller" else 3
        assert world.places()[:compared] == before[:compared], case
    for host in left:
        assert f"`hatui undrain {host}`" in shown(world), f"{case}\n{host} is left and not shown\n{shown(world)}"
    put_right(world)
    assert not world.out_of_service(), case
    assert not_steady(SPEC, world.state()) is None, f"{case}\n{not_steady(SPEC, world.state())}"
