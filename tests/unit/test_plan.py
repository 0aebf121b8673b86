"""`hatui plan`: its exit code is never 0 unless nothing would change, and text from hosts is printed as it is."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from cluster.changes import Change
from cluster.wire.lines import FIRST, VERSION, Wire, line
from cluster.wire.rollout import Rollout, Stage
from tui import plan as verb

CHANGE = Change("galera", "db1", "write x", ("--- x", "+[bold]1"), "mariadb.service")
COMMON = Change("galera", "", "db1: create the account a")
STAGE = Stage(
    name="galera/db1", layer="galera", hosts=("db1",), changes=("db1: create the account a", "write x"),
    effects=("MariaDB is restarted",), why="the canary", canary=True,
)  # fmt: skip
SOMETHING = Rollout("c", (COMMON, CHANGE), (STAGE,), "db2 is away.")
NOTHING = Rollout("c", (), (), "")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the engine says, and what it ends with."""

    def answers(said: Rollout | None, code: int = 0, first: bytes = FIRST) -> None:
        told = first + line(said) if said is not None else b""
        done = subprocess.CompletedProcess([], code, told, b"mysql1 can't be reached." if code else b"")
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)

    return answers


@pytest.mark.parametrize("form", ["table", "plain", "json"])
def test_the_exit_code_tells_whether_anything_would_change(engine: Any, form: str) -> None:
    engine(NOTHING)
    assert verb.plan(Path("i.py"), None, form) == 0
    engine(SOMETHING)
    assert verb.plan(Path("i.py"), None, form) == 10
    engine(None, 3)
    assert verb.plan(Path("i.py"), None, form) == 3
    engine(None, 0)
    assert verb.plan(Path("i.py"), None, form) == 3


def test_plain_lines_name_stage_host_and_change(engine: Any, capsys: pytest.CaptureFixture[str]) -> None:
    engine(SOMETHING)
    verb.plan(Path("i.py"), None, "plain")
    assert capsys.readouterr().out.splitlines() == [
        "galera/db1\t*\tdb1: create the account a",
        "galera/db1\tdb1\twrite x",
        "galera/db1\t*\tMariaDB is restarted",
        "refused\t*\tdb2 is away.",
    ]
    engine(NOTHING)
    verb.plan(Path("i.py"), None, "plain")
    assert capsys.readouterr().out == ""


def test_the_table_shows_stages_effects_and_diffs_and_takes_no_markup(
    engine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    engine(SOMETHING)
    verb.plan(Path("i.py"), None, "table")
    said = capsys.readouterr().out
    assert "then MariaDB is restarted" in said and "+[bold]1" in said
    assert "would be refused now: db2 is away." in said


def test_why_it_can_not_be_told_is_said(engine: Any, capsys: pytest.CaptureFixture[str]) -> None:
    engine(None, 3)
    verb.plan(Path("i.py"), None, "table")
    assert capsys.readouterr() == ("", "mysql1 can't be reached.\n")


def test_what_json_prints_is_the_message_alone(engine: Any, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    engine(SOMETHING)
    verb.plan(Path("i.py"), None, "json")
    assert capsysbinary.readouterr().out == line(SOMETHING)


def test_an_engine_of_another_version_is_told_of(engine: Any, capsys: pytest.CaptureFixture[str]) -> None:
    engine(SOMETHING, first=line(Wire(VERSION + 1)))
    assert verb.plan(Path("i.py"), None, "plain") == 3
    said = capsys.readouterr()
    assert said.out == "" and f"this program reads version {VERSION}" in said.err and said.err.count("\n") == 1
