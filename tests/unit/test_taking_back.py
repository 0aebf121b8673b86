"""A stage that fails: what can be taken back is, and what can't be is told, with a way that leads on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cluster.changes import Change
from cluster.corosync.names import CONFIG
from cluster.outcome import Outcome
from engine import deploying, taking_back
from engine.planning import Stage
from operations import pacemaker
from operations.procedure import carry_out
from operations.steps import Refused, Unseen
from tests.unit.simulated import World
from tests.unit.test_health import CONTROLLERS, QUORUM, SPEC, unit
from tests.unit.test_injection import carried_out, planned


def stage(*changes: Change) -> Stage:
    return Stage("pacemaker/all", "pacemaker", CONTROLLERS, changes, (), "", canary=True)


WRITES = tuple(Change("pacemaker", name, f"write {CONFIG}", path=CONFIG) for name in CONTROLLERS)
BEFORE = {name: {CONFIG: ("a", "0644", "root", "root")} for name in CONTROLLERS}


def test_corosync_s_files_can_be_taken_back_and_pacemaker_s_configuration_can_not() -> None:
    assert taking_back.can_be(stage(*WRITES))
    assert not taking_back.can_be(stage(*WRITES, Change("pacemaker", "", "Configure Pacemaker")))
    assert not taking_back.can_be(replace(stage(*WRITES), layer="base"))


@pytest.mark.parametrize("due", [True, False])
def test_corosync_s_former_files_are_back_on_all_before_they_are_taken_over(
    monkeypatch: pytest.MonkeyPatch, *, due: bool
) -> None:
    done: list[str] = []
    node = replace(QUORUM, service=unit("corosync.service", restart_due=due))
    monkeypatch.setattr(taking_back, "put_back", lambda name, before, paths: done.append(f"{name} {paths[0]}"))
    monkeypatch.setattr(pacemaker, "look_all", lambda hosts, fact: dict.fromkeys(hosts, node))
    monkeypatch.setattr(pacemaker, "_reload", lambda hosts, transport: done.append(f"reload {transport}"))
    taking_back.take_back(SPEC, stage(*WRITES), BEFORE)
    assert [one.split()[0] for one in done] == [*CONTROLLERS, *(["reload"] if due else [])]


def test_one_controller_that_can_not_be_reached_keeps_no_other_from_its_former_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []

    def put_back(name: str, *_: Any) -> None:
        if name == "cc02":
            raise Unseen("cc02 can't be reached")
        done.append(name)

    monkeypatch.setattr(taking_back, "put_back", put_back)
    monkeypatch.setattr(pacemaker, "brought_back", lambda hosts: pytest.fail("files differ between the controllers"))
    with pytest.raises(Unseen, match=r"cc02 can't be reached\. The former files are back on cc01, cc03"):
        taking_back.take_back(SPEC, stage(*WRITES), BEFORE)
    assert done == ["cc01", "cc03"]


def test_what_can_not_be_taken_back_is_told_with_a_way_that_leads_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    changes = [Change("base", "mysql2", "write /etc/hosts"), Change("base", "mysql3", "write /etc/hosts")]
    monkeypatch.setattr(deploying, "changes", lambda *_: changes)

    def fails(*_: Any) -> None:
        raise Refused("base/mysql2: the disk is full")

    monkeypatch.setattr(deploying, "deployed", fails)
    result = carried_out(world, planned(world, "rollout", layer="base", soak="0"))
    assert result.outcome is Outcome.STOPPED
    assert "the disk is full. What it had changed by then stays. " in result.reason
    assert "`hatui rollout --resume`" in result.reason
    # The way: what is left is planned from what is so, and done.
    monkeypatch.setattr(deploying, "deployed", lambda *_: changes.pop())
    again = planned(world, "rollout", layer="base", soak="0")
    assert carry_out(again.steps, lambda _entry, /: None, in_stages=True).outcome is Outcome.DONE
