"""A journal is read as it was written; another release's as far as it is known; what the prober tells, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cluster.outcome import Outcome
from cluster.wire.journal import (
    Begin,
    End,
    Entries,
    Entry,
    Intent,
    Measured,
    Note,
    StepResult,
    UndoIntent,
    UndoResult,
    entry,
    written_elsewhere,
)
from cluster.wire.lines import VERSION, line
from cluster.wire.probes import Ready, Report, ServiceReport, StreamReport, Target, Wanted
from engine.known_runs import read
from engine.rollouts import host_of
from engine.runbook import Broken
from tests.unit.wired import exact, tag
from tui.follow import follow

FELT = ServiceReport(
    2.8, 284, 1, {"refused": 1}, 41.0, 12.0, None, 1.0, {"mysql1": 283}, StreamReport(20, 1, None, {"reset": 1})
)
EVENTS: list[Entry] = [
    Begin(
        at=1.0, run="a", runbook="drain", parameters={"host": "cc01"}, title="Drain it", steps=("one",),
        hosts=("cc01",), origin="", target="", who="alice@ops", why="kernel", pid=7, finishes=("b",), version=VERSION,
    ),
    Intent(at=1.0, step=0, name="one", host="cc01", layer="pacemaker", stage="pacemaker/all"),
    StepResult(at=1.0, step=0, name="one", ok=False, reason="no"),
    UndoIntent(at=1.0, step=0, name="one", host="cc01"),
    UndoResult(at=1.0, step=0, name="one", ok=True),
    Note(at=1.0, text="waits"),
    Measured(at=1.0, services={"sql": FELT}, unmeasured={"amqp": "no secret"}),
    End(at=1.0, outcome=Outcome.DIRTY, reason="it is so", clients="sql: 1 of 284 failed"),
]  # fmt: skip


@pytest.mark.parametrize("event", EVENTS, ids=tag)
def test_each_event_of_a_journal_is_read_as_it_was_written(event: Entry) -> None:
    assert exact(line(event), Entries) == entry(line(event).decode()) == event
    known = json.loads(line(event))
    newer = json.dumps({**known, "weather": "fine"})
    # On a disk it may be a newer release's; in a test it is a mistake.
    assert entry(newer) == event
    with pytest.raises(AssertionError, match=r"the line and the type differ: \.weather"):
        exact(newer, Entries)
    for name in known:
        with pytest.raises((msgspec.ValidationError, AssertionError)):
            exact(json.dumps({key: value for key, value in known.items() if key != name}), Entries)


def needed(event: Entry) -> list[str]:
    """The fields that it can't be without; `at` is put in by the journal."""
    fields = [field.name for field in msgspec.structs.fields(event) if field.required]
    return ["event", "at", *fields]


@pytest.mark.parametrize(("event", "name"), [(event, name) for event in EVENTS for name in needed(event)])
def test_an_event_without_what_it_needs_is_none(event: Entry, name: str) -> None:
    known = json.loads(line(event))
    assert entry(json.dumps({key: value for key, value in known.items() if key != name})) is None


@pytest.mark.parametrize(
    "damaged",
    [
        '{"event":"note","at":1,"te',
        '{"event":"note","at":1,"text":' + "9" * 5000 + "}",
        '{"event":"else","text":' + "[" * 100_000 + "}",
        '{"event":"note","at":1,"text":"\ud800"}',
        "[]",
    ],
    ids=["torn", "a huge number", "nested without end", "a lone surrogate", "no event"],
)
def test_a_line_that_is_damaged_is_no_event_and_ends_nobody(damaged: str) -> None:
    assert entry(damaged) is None


@pytest.mark.parametrize("kinds", [Ready, Report, Wanted], ids=lambda kind: kind.__name__)
def test_what_the_prober_tells_is_what_is_read(kinds: Any) -> None:
    message = {
        Ready: Ready(ready=False, reason="sql: refused"),
        Report: Report({"sql": FELT}, "it ended by itself"),
        Wanted: Wanted({"sql": Target("192.0.2.47", 3306, "never shown")}),
    }[kinds]
    assert exact(line(message), kinds) == message and "never shown" not in repr(message)


FORMER = """
{"event": "begin", "at": 1.0, "run": "a", "pid": 7, "runbook": "rollout", "parameters": {}, "title": "Roll out",
 "steps": ["galera/mysql2: restart"], "origin": "", "target": "", "who": "alice@ops", "why": ""}
{"event": "intent", "at": 2.0, "step": 0, "name": "galera/mysql2: restart"}
{"event": "result", "at": 3.0, "step": 0, "name": "galera/mysql2: restart", "ok": true}
{"event": "measured", "at": 4.0, "services": {"amqp": {"reason": "the probes: no secret"}, "sql": SQL}}
{"event": "end", "at": 5.0, "outcome": "DONE", "reason": ""}
"""


def test_a_journal_from_before_there_were_versions_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = json.dumps({key: value for key, value in msgspec.to_builtins(FELT).items() if key != "note"})
    path = tmp_path / "a.jsonl"
    path.write_text(FORMER.replace(",\n ", ", ").replace("SQL", plain))
    run = read(path)
    assert run is not None and run.outcome is Outcome.DONE and run.clients == "" and len(run.after) == 4
    assert run.last_host is None and host_of(Broken("a", "rollout", {}, run.last_step, run.last_host)) == "mysql2"
    assert run.measured == {"sql": FELT} and run.felt.unmeasured == {"amqp": "the probes: no secret"}
    assert follow(path) == 0
    said = capsys.readouterr().out
    assert "  ok  galera/mysql2: restart" in said and "amqp: not measured (the probes: no secret)" in said
    assert "before the wire had versions" in written_elsewhere(run.begin)
    assert written_elsewhere(msgspec.structs.replace(run.begin, version=VERSION)) == ""
