"""The wire: each message is the same on both sides, and another version is told of in one sentence."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import cluster.wire
from cluster.changes import Change
from cluster.outcome import Outcome
from cluster.wire.deploys import Began, Changed, Deployed, Due, Failed, Heard
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
from cluster.wire.lines import FIRST, VERSION, Message, OtherVersion, Reader, Wire, begins, line
from cluster.wire.observed import Event, Snapshot, Told, told
from cluster.wire.probes import Ready, Report, ServiceReport, StreamReport, Target, Wanted
from cluster.wire.rollout import Rollout, Stage
from cluster.wire.runs import Agreement, Ended, Journaled, Precheck, Proposal, Said
from engine.known_runs import read
from engine.library import load
from engine.rollouts import host_of
from engine.runbook import Broken, View
from engine.shown import shown
from tests.streams.build import START, STORIES
from tests.streams.hostile import hostile
from tests.unit.test_health import HEALTHY
from tests.unit.test_health import SPEC as HEALTHY_SPEC
from tests.unit.wired import exact, tag
from tui import engine, status, watch
from tui.console import feed
from tui.follow import follow
from tui.recording import RecordingError
from tui.recording.read import Recording

WIRE = Path(__file__).parents[2] / "docs" / "wire.md"
OTHER = line(Wire(VERSION + 1))


def lines() -> Iterator[bytes]:
    for story in STORIES.values():
        yield from story(6)
    yield from hostile()


def test_what_the_observer_tells_is_what_its_readers_know() -> None:
    kinds = {type(exact(one, Told)) for one in lines()}
    assert kinds == {Snapshot, Event}


def cut(text: bytes, *path: Any, **added: Any) -> bytes:
    """The line without what is at the end of `path`, or with `added` there."""
    said = json.loads(text)
    place = said
    for key in path if added else path[:-1]:
        place = place[key]
    if added:
        place.update(added)
    else:
        del place[path[-1]]
    return json.dumps(said).encode()


SNAPSHOT = next(STORIES["degraded"](6))
EVENT = next(one for one in STORIES["degraded"](6) if b'"event"' in one)
LAST = list(STORIES["degraded"](6))[-1]


@pytest.mark.parametrize("text", [SNAPSHOT, EVENT], ids=["snapshot", "event"])
def test_a_field_that_is_not_known_is_no_message(text: bytes) -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `weather`"):
        told(cut(text, weather="fine"))


@pytest.mark.parametrize("name", ["cluster", "at", "verdict", "layers", "state"])
def test_a_snapshot_without_one_of_its_fields_is_none(name: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=f"missing required field `{name}`"):
        told(cut(SNAPSHOT, name))


@pytest.mark.parametrize(
    ("path", "added"),
    [
        (("complete",), {}), (("lock", "by"), {}), (("layers", 0, "hosts"), {}), (("where", 0, "vip"), {}),
        (("layers", 3, "findings", 0), {"colour": "red"}), (("gates", 0), {"why": ""}), (("lock",), {"until": 1.0}),
    ],
)  # fmt: skip
def test_a_field_too_many_or_too_few_at_any_depth_fails_here(path: tuple[Any, ...], added: dict[str, Any]) -> None:
    exact(LAST, Told)
    with pytest.raises(AssertionError, match="the line and the type differ"):
        exact(cut(LAST, *path, **added), Told)


def test_a_stream_begins_with_its_version_and_goes_on_with_messages() -> None:
    reader: Reader[Told] = Reader(Told)
    assert [reader.read(FIRST), reader.read(EVENT)] == [None, told(EVENT)]


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (OTHER, f"The engine speaks version {VERSION + 1}, this program reads version {VERSION}: "),
        (SNAPSHOT, "The engine says no version, "),
        (b"Traceback (most recent call last):\n", "The engine says no version, "),
        (b"", "The engine says no version, "),
    ],
    ids=["newer", "former", "text", "nothing"],
)
def test_another_version_is_told_of_in_a_sentence(first: bytes, said: str) -> None:
    with pytest.raises(OtherVersion) as other:
        begins(first)
    assert str(other.value).startswith(said) and "\n" not in str(other.value)


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine of another version, in the place of each that is begun."""
    script = tmp_path / "other.py"
    script.write_text(f'print({OTHER.decode().strip()!r}); print(\'{{"kind": "snapshot", "news": 7}}\')\n')
    for module in (engine, watch, feed):
        monkeypatch.setattr(module, "own", lambda *_: [sys.executable, str(script)])


SENTENCE = f"The engine speaks version {VERSION + 1}, this program reads version {VERSION}"


@pytest.mark.parametrize("form", ["table", "plain", "json"])
def test_a_status_of_another_version_is_unknown_and_said_in_a_sentence(
    form: str, other: None, capfd: pytest.CaptureFixture[str]
) -> None:
    assert status.status(Path("inventory.py"), form) == 3
    said = capfd.readouterr()
    assert said.err.startswith(SENTENCE) and said.err.count("\n") == 1 and said.out == ""


@pytest.mark.parametrize("form", ["table", "plain", "json"])
def test_a_watch_of_another_version_ends_with_a_sentence(
    form: str, other: None, capfd: pytest.CaptureFixture[str]
) -> None:
    assert watch.watch(Path("inventory.py"), form, 1.0) == 3
    said = capfd.readouterr()
    assert said.err.startswith(SENTENCE) and said.err.count("\n") == 1 and said.out == ""


def test_a_console_says_that_its_engine_is_of_another_version(other: None) -> None:
    said: list[str] = []
    taken: list[bytes] = []

    async def heard() -> None:
        live = feed.Live(Path("inventory.py"))
        running = asyncio.ensure_future(live.run(taken.append, said.append))
        while not said:
            await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(heard())
    assert said[0].startswith(SENTENCE) and taken == []


def test_a_recording_of_another_version_says_so_and_one_that_says_none_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(OTHER + cut(SNAPSHOT, weather="fine") + b"\n"))
    with pytest.raises(RecordingError, match=f"written in version {VERSION + 1} of the wire, this program reads"):
        Recording.of_file(path)
    # What is understood of it is shown, what is not is told of.
    path.write_bytes(gzip.compress(OTHER + SNAPSHOT + cut(LAST, weather="fine") + b"\n"))
    recording = Recording.of_file(path)
    assert recording.at(START).snapshot == told(SNAPSHOT)
    assert list(recording.lines(START)) == []
    assert recording.left_out().startswith("1 line is left out") and "version 2 of the wire" in recording.left_out()
    # Of a release before there were versions.
    path.write_bytes(gzip.compress(SNAPSHOT + LAST))
    recording = Recording.of_file(path)
    assert recording.at(START + 6).snapshot == told(LAST) and recording.left_out() == ""


def messages(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for one in kind.__subclasses__():
        yield one
        yield from messages(one)


def test_the_docs_name_each_message_with_its_fields() -> None:
    """Whoever changes a message reads there when its version has to be another one."""
    for module in pkgutil.iter_modules(cluster.wire.__path__, "cluster.wire."):
        importlib.import_module(module.name)
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", WIRE.read_text(), re.MULTILINE)
    told_of = {name: tuple(re.findall(r"`(\w+)`", fields)) for name, fields in rows}
    known = [one for kind in (Message, Entry) for one in messages(kind) if not one.__name__.startswith("_")]
    assert {name: set(fields) for name, fields in told_of.items()} == {
        one.__name__: set(one.__struct_fields__) for one in known
    }


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
