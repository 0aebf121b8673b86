"""What a run, a plan and a deploy tell is what is read, field by field: also a real runbook's plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.changes import Change
from cluster.outcome import Outcome
from cluster.wire.deploys import Began, Changed, Deployed, Due, Failed, Heard
from cluster.wire.lines import Message, line
from cluster.wire.rollout import Rollout, Stage
from cluster.wire.runs import Agreement, Ended, Journaled, Precheck, Proposal, Said
from engine.library import load
from engine.runbook import View
from engine.shown import shown
from tests.unit.test_health import HEALTHY
from tests.unit.test_health import SPEC as HEALTHY_SPEC
from tests.unit.wired import exact


def proposal(tmp_path: Path, runbook: str, **given: str) -> Proposal:
    """The plan of a real runbook, as it is told."""
    found = load(runbook, given)
    plan = found.plan(View(HEALTHY_SPEC, HEALTHY, tmp_path / "inventory.py"), **given)
    return shown(plan, found, HEALTHY_SPEC)


CHANGE = Change("galera", "db1", "write x", ("--- x", "+1"), "mariadb.service", "/etc/x")
STAGE = Stage("galera/db1", "galera", ("db1",), ("x",), ("y",), "", canary=True)
SAID: list[tuple[Any, Message]] = [
    (Said, Precheck(1, "mysql2 lags")),
    (Said, Journaled("20261125-021459-3fa2", "/there")),
    (Said, Ended(Outcome.REVERTED, "it failed")),
    (Agreement, Agreement(agreed=True, reason="kernel")),
    (Rollout, Rollout("c", (CHANGE,), (STAGE,), "")),
    (Heard, Due(CHANGE)),
    (Heard, Changed("db1", "Galera: settings")),
    (Heard, Failed("db1", "Galera: settings")),
    (Heard, Began("db1", "mariadb.service", "a", "b")),
    (Heard, Deployed(ok=False, reason="no")),
]


@pytest.mark.parametrize(("kinds", "message"), SAID, ids=lambda one: type(one).__name__)
def test_what_is_told_is_what_is_read(kinds: Any, message: Message) -> None:
    assert exact(line(message), kinds) == message
    known = json.loads(line(message))
    with pytest.raises(msgspec.ValidationError, match="unknown field `weather`"):
        msgspec.json.decode(json.dumps({**known, "weather": "fine"}), type=kinds)
    for name in type(message).__struct_fields__:
        with pytest.raises((msgspec.ValidationError, AssertionError)):
            exact(json.dumps({key: value for key, value in known.items() if key != name}), kinds)


@pytest.mark.parametrize(
    ("runbook", "given"),
    [
        ("switchover_vip", {"to": "haproxy2"}),
        ("switchover_writer", {"to": "mysql2"}),
        ("drain", {"host": "haproxy1"}),
    ],
)
def test_a_real_plan_is_read_as_it_was_made(
    runbook: str, given: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    told_of = proposal(tmp_path, runbook, **given)
    assert exact(line(told_of), Said) == told_of
    assert told_of.steps
