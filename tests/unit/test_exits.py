"""One code for each kind of wrong call, from every verb, with a sentence and no traceback: all verbs by all kinds."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from cluster.exits import CHANGES, CONFIG, NO_INPUT, NOT_FOLLOWED, SAME, UNTOLD, USAGE, WRONG_CALL
from cluster.health.verdict import Verdict
from cluster.outcome import Outcome
from tests.unit.inventories import inventory
from tui.main import main

VERBS = {
    "console": ["console"],
    "status": ["status"],
    "json": ["status", "--json"],
    "watch": ["status", "--watch"],
    "plan": ["plan"],
    "switchover vip": ["switchover", "vip", "--to", "lb2"],
    "switchover writer": ["switchover", "writer", "--to", "db2"],
    "switchover resource": ["switchover", "resource", "vip", "--to", "ctl2"],
    "drain": ["drain", "ctl1"],
    "undrain": ["undrain", "ctl1", "--dry-run"],
    "restart": ["restart", "galera", "--yes"],
    "rollout": ["rollout"],
    "resume": ["rollout", "--resume"],
    "rotate": ["rotate", "fernet"],
    "recover": ["recover", "rabbitmq"],
    "run": ["run", "drain", "--set", "host=ctl1"],
    "history": ["history"],
    "show": ["history", "show", "x"],
    "replay": ["replay"],
}
HEAD = "from deploy.inventory import cluster_of\n"
GOOD = f"{HEAD}CLUSTER = cluster_of({inventory()!r})\n"
SID = inventory((("release",), "sid"))
LOCKED_OUT = inventory((("ssh",), {"key": "/nonexistent/key", "known_hosts": "/nonexistent/known"}))
INVENTORIES = {
    "missing": (None, "There is no inventory "),
    "syntax": ("DATA = {\n    'name': 'x'\n    'network': 1,\n}\n", "no Python (invalid syntax), line 3: 'network'"),
    "bad values": (f"{HEAD}CLUSTER = cluster_of({SID!r})\n", "Inventory: release is 'sid'"),
    "raises": ("import os\nNAME = os.environ['NOT_THERE']\n", "can't be used, line 2: KeyError: 'NOT_THERE'"),
    "no cluster": ("DATA = {}\n", "has no CLUSTER"),
    "not text": (b"\xff\xfe\x00\x81", "is no Python"),
    "ends": ("import sys\nsys.exit('no such site')\n", "ended with: no such site"),
    "a folder": ("folder", "There is no inventory "),
    "an import": ("import no_such_module\n", "line 1: ModuleNotFoundError: No module named 'no_such_module'"),
}
Said = Callable[..., tuple[int, str]]


@pytest.fixture
def hatui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Said:
    """The command in a folder of its own: its exit code and what it said on stderr, a sentence and no traceback."""
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setattr(sys, "stdin", StringIO())

    def call(*words: str) -> tuple[int, str]:
        try:
            code = main([*words])
        except SystemExit as end:
            code = int(end.code or 0)
        said = capfd.readouterr()
        assert said.err and "Traceback" not in said.err and len(said.err) < 2000, said.err
        assert not any(outcome in said.out + said.err for outcome in Outcome), "no run has begun"
        return code, said.err

    return call


def write(file: Path, kind: str) -> str:
    text, says = INVENTORIES[kind]
    if text == "folder":
        file.mkdir()
    elif isinstance(text, bytes):
        file.write_bytes(text)
    elif text is not None:
        file.write_text(text)
    return says


@pytest.mark.parametrize("kind", ["missing", "syntax", "bad values"])
@pytest.mark.parametrize("verb", VERBS)
def test_an_inventory_that_can_not_be_used(verb: str, kind: str, hatui: Said) -> None:
    says = write(Path("an inventory.py"), kind)
    code, said = hatui(*VERBS[verb], "--inventory", "an inventory.py")
    assert code == CONFIG and says in said, said


@pytest.mark.parametrize("kind", INVENTORIES)
def test_whatever_is_wrong_with_it(kind: str, hatui: Said) -> None:
    says = write(Path("an inventory.py"), kind)
    code, said = hatui("history", "--inventory", "an inventory.py")
    assert code == CONFIG and says in said, said


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("resume", "history", "show", "replay")])
def test_a_key_that_is_not_there_is_said_once_and_before_a_host_is_asked(verb: str, hatui: Said) -> None:
    """It was ten times "Permission denied"."""
    Path("inventory.py").write_text(f"{HEAD}CLUSTER = cluster_of({LOCKED_OUT!r})\n")
    code, said = hatui(*VERBS[verb])
    assert code == CONFIG and "ssh.key is /nonexistent/key, and there is no such file on this machine" in said
    assert said.count("/nonexistent/key") == said.count("/nonexistent/known") == 1


@pytest.mark.parametrize("verb", VERBS)
def test_a_word_that_no_verb_knows(verb: str, hatui: Said) -> None:
    code, said = hatui(*VERBS[verb], "--no-such-option")
    assert code == USAGE and "--no-such-option" in said


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["no-such-verb"], USAGE),
        (["status", "--every", "0"], USAGE),
        (["status", "--json", "--plain"], USAGE),
        (["switchover", "vip"], USAGE),
        (["switchover"], USAGE),
        (["restart", "swift"], USAGE),
        (["history", "list"], USAGE),
        (["run", "drain", "--set", "host"], USAGE),
        (["console"], USAGE),
        (["history", "show", "none"], NO_INPUT),
        (["replay", "--save", "x"], NO_INPUT),
        (["replay", "no-such-file", "--save", "x"], NO_INPUT),
    ],
)
def test_what_is_asked_for_is_not_there(words: list[str], code: int, hatui: Said) -> None:
    Path("inventory.py").write_text(GOOD)
    assert hatui(*words)[0] == code


def test_no_code_has_two_meanings() -> None:
    told = {verdict.exit_code for verdict in Verdict} | {outcome.exit_code for outcome in Outcome}
    assert not told & WRONG_CALL and min(WRONG_CALL) > 3


def test_the_numbers_are_those_of_the_readme_and_of_sysexits() -> None:
    assert (USAGE, NO_INPUT, CONFIG) == (os.EX_USAGE, os.EX_NOINPUT, os.EX_CONFIG) == (64, 66, 78)
    assert (SAME, CHANGES, UNTOLD, NOT_FOLLOWED) == (0, 10, 3, 26)
