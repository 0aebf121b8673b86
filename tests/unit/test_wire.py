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
from cluster.wire.journal import (
    Entry,
)
from cluster.wire.lines import FIRST, VERSION, Message, OtherVersion, Reader, Wire, begins, line
from cluster.wire.observed import Event, Snapshot, Told, told
from tests.streams.build import START, STORIES
from tests.streams.hostile import hostile
from tests.unit.wired import exact
from tui import engine, status, watch
from tui.console import feed
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
