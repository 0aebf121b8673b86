"""Runbooks are found by name or path, and refused in a sentence where they can't be run as asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.library import FOLDER, RunbookError, load

MINE = """
from engine.runbook import Plan

PARAMETERS = {"to": "where it goes", "wait": "seconds"}

def plan(view, to, wait="60"):
    return Plan(f"Go to {to}")
"""


@pytest.fixture
def mine(tmp_path: Path) -> str:
    (tmp_path / "mine.py").write_text(MINE)
    return str(tmp_path / "mine.py")


def test_a_users_own_file_runs_with_its_parameters(mine: str) -> None:
    runbook = load(mine, {"to": "haproxy2"})
    assert (runbook.name, runbook.parameters) == ("mine", {"to": "haproxy2"})
    assert runbook.plan(None, **runbook.parameters).title == "Go to haproxy2"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_each_of_ours_is_a_runbook_that_says_what_it_does(path: Path) -> None:
    text = path.read_text()
    assert text.startswith('"""')
    with pytest.raises(RunbookError, match=f"The runbook {path.stem} has no parameter nonsense"):
        load(path.stem, {"nonsense": "1"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needs to .where it goes.: --set to="),
        ({"to": "a", "too": "b"}, "no parameter too"),
    ],
)
def test_parameters_that_are_missing_or_unknown_are_named(mine: str, given: dict[str, str], said: str) -> None:
    with pytest.raises(RunbookError, match=said):
        load(mine, given)


@pytest.mark.parametrize(
    ("text", "said"),
    [("x = ", "can't be read: SyntaxError"), ("PARAMETERS = {}", "no PARAMETERS or no function plan")],
)
def test_a_file_that_is_no_runbook_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(RunbookError, match=said):
        load(str(tmp_path / "bad.py"), {})


def test_a_name_that_nobody_has_is_answered_with_those_there_are() -> None:
    with pytest.raises(RunbookError, match=r"There is no runbook nonsense.*switchover_vip, switchover_writer"):
        load("nonsense", {})
