"""Every way back that a plan or a refusal promises, taken in the state in which it is promised."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.outcome import Outcome
from cluster.steady import not_steady
from engine.library import load
from engine.runbook import Plan, View
from tests.unit.simulated import World
from tests.unit.test_health import SPEC
from tests.unit.test_injection import ACTS, carried_out, planned

ROOT = Path(__file__).parents[2]
VERBS = {
    "drain": "host",
    "undrain": "host",
    "restart": "layer",
    "switchover vip": "",
    "switchover writer": "",
    "switchover resource": "name",
}
"""The verbs that a way back may name, and what the word after them means."""


def asked(command: str) -> tuple[str, dict[str, str]]:
    """The runbook and the parameters that a command stands for, as `hatui` reads it."""
    words = shlex.split(command)[1:]
    verb = " ".join(words[: 2 if words[0] == "switchover" else 1])
    rest = words[len(verb.split()) :]
    given = {}
    while rest:
        if rest[0].startswith("--"):
            given[rest[0].removeprefix("--")] = rest[1]
            rest = rest[2:]
        else:
            given[VERBS[verb]] = rest[0]
            rest = rest[1:]
    return verb.replace(" ", "_"), given


def carry_out(world: World, command: str) -> None:
    runbook, given = asked(command)
    result = carried_out(world, planned(world, runbook, **given))
    assert result.outcome is Outcome.DONE, f"{command}: {result}"


PROMISED = [act for act in ACTS if act.startswith(("switchover", "drain"))]


@pytest.mark.parametrize("act", PROMISED)
def test_the_way_back_of_a_plan_leads_back(monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    world = World(monkeypatch)
    runbook, given = ACTS[act]
    before = world.places()
    plan = planned(world, runbook, **given)
    assert carried_out(world, plan).outcome is Outcome.DONE
    carry_out(world, plan.undo)
    assert not world.out_of_service() and not_steady(SPEC, world.state()) is None
    if act.startswith("switchover"):
        assert world.places() == before


def away(world: World) -> None:
    carry_out(world, "hatui drain haproxy2")


def no_heir(world: World) -> None:
    carry_out(world, "hatui drain mysql2")


def writer_away(world: World) -> None:
    carry_out(world, "hatui drain mysql1")


def broker_away(world: World) -> None:
    carry_out(world, "hatui drain cc03")


def torn(world: World) -> None:
    world.stuck["haproxy2"] = "mysql2"


REFUSALS: dict[str, tuple[Callable[[World], None], str, dict[str, str]]] = {
    "the VIP to a balancer that is drained": (away, "switchover_vip", {"to": "haproxy2"}),
    "the other balancer drained too": (away, "drain", {"host": "haproxy1"}),
    "haproxy restarted while one is drained": (away, "restart", {"layer": "haproxy"}),
    "a rollout while a balancer is drained": (away, "rollout", {"layer": "galera"}),
    "the writer to a node that is drained": (no_heir, "switchover_writer", {"to": "mysql2"}),
    "galera restarted while a node is drained": (no_heir, "restart", {"layer": "galera"}),
    "a rollout while a node is drained": (no_heir, "rollout", {"layer": "galera"}),
    "the second broker drained": (broker_away, "drain", {"host": "cc02"}),
    "a rollout while a broker is drained": (broker_away, "rollout", {"layer": "galera"}),
    "galera restarted where the balancers disagree": (torn, "restart", {"layer": "galera"}),
    "a rollout where the balancers disagree": (torn, "rollout", {"layer": "galera"}),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_a_refusal_names_opens_the_way(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    world = World(monkeypatch)
    world.wanted = "new"
    prepare, runbook, given = REFUSALS[case]
    prepare(world)
    world.healed()
    why = refusal(world, runbook, given)
    named = re.search(r"`(hatui [^`…]+?)`", why)
    assert named, why
    command = named[1]
    if command == "hatui undrain":
        # The hosts are named before it.
        hosts = [name for name in sorted(world.out_of_service()) if name in why]
        assert hosts, why
        command = f"hatui undrain {hosts[0]}"
    if command == "hatui switchover writer":
        command = "hatui switchover writer --to mysql1"
    carry_out(world, command)
    assert refusal(world, runbook, given) == ""


def refusal(world: World, runbook: str, given: dict[str, str]) -> str:
    """Why it is refused: by the plan, or by what stands against its first step."""
    plan: Plan = load(runbook, given).plan(View(SPEC, world.state(), Path("inventory.py")), **given)
    return plan.refused or (plan.steps[0].precheck() if plan.steps else "") or ""


def test_a_canary_that_does_not_start_is_taken_back_and_its_way_back_is_nothing_more_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch)
    world.wanted = "bad"
    plan = planned(world, "rollout", layer="galera", soak="0")
    result = carried_out(world, plan)
    assert result.outcome is Outcome.REVERTED and "/nonexistent" in result.reason, result
    assert not_steady(SPEC, world.state()) is None and not world.out_of_service()
    assert set(world.runs_with.values()) == {"former"} and world.places() == World(monkeypatch).places()
    # "put the former values back into the inventory, and roll out again"
    world.wanted = "former"
    assert planned(world, "rollout", layer="galera").steps == []


def test_what_was_rolled_out_is_taken_back_by_the_former_values(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.wanted = "new"
    plan = planned(world, "rollout", layer="galera", soak="0")
    assert "put the former values back into the inventory, and roll out again" in plan.undo
    assert carried_out(world, plan).outcome is Outcome.DONE
    world.wanted = "former"
    again = planned(world, "rollout", layer="galera", soak="0")
    assert carried_out(world, again).outcome is Outcome.DONE
    assert set(world.runs_with.values()) == {"former"} and not_steady(SPEC, world.state()) is None


def test_a_node_that_is_down_by_its_settings_is_mended_by_a_rollout_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.files["mysql2"] = {"x": "x", **dict.fromkeys(world.files["mysql2"], "bad")}
    world.runs_with["mysql2"] = "bad"
    world.down.add("mysql2")
    assert "mysql2" in str(not_steady(SPEC, world.state()))
    plan = planned(world, "rollout", layer="galera", soak="0")
    assert "but for mysql2, which is mended" in plan.steps[0].name
    assert carried_out(world, plan).outcome is Outcome.DONE
    assert not_steady(SPEC, world.state()) is None


def test_a_way_back_names_a_verb_that_there_is() -> None:
    known = {"status", "plan", "rollout", "history", "recover", "rotate", "run", *(verb.split()[0] for verb in VERBS)}
    files = [path for room in ("cluster", "operations", "engine", "deploy") for path in (ROOT / room).rglob("*.py")]
    said = {verb for path in files for verb in re.findall(r"`hatui ([a-z]+)", path.read_text())}
    assert said and said <= known, said - known
