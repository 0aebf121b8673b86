"""A deploy as a process of its own: what it says is heard to its end, and it does not outlive who began it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from shlex import quote

import msgspec
import pytest

from cluster.changes import Change
from cluster.validate import cluster_spec
from cluster.wire.deploys import Began, Changed, Deployed, Due, Failed
from cluster.wire.lines import FIRST, VERSION, Message, Wire, line
from deploy import secrets
from engine import deploying
from engine.asked import Asked
from operations.starting import heard_of
from operations.steps import Refused
from tests.unit.inventories import inventory
from tests.unit.test_health import SPEC

PROGRAM = """
import sys
from pathlib import Path
Path("{arguments}").write_text(" ".join(sys.argv[1:]))
{body}
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of the interpreter; `program.write` gives it a body."""
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nshift 3\nexec {quote(sys.executable)} {quote(f"{tmp_path}/body.py")} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(wrapper))
    return tmp_path


def says(program: Path, body: str) -> None:
    (program / "body.py").write_text(PROGRAM.format(arguments=program / "arguments", body=body))


END = Deployed(ok=True, reason="")


def change(layer: str) -> Due:
    return Due(Change(layer, "a", "w", ("+x",)))


def told(*messages: Message) -> str:
    return f"print({b''.join([FIRST, *map(line, messages)]).decode()!r}, end='')"


def test_changes_come_in_the_layers_order(program: Path) -> None:
    says(program, told(change("galera"), change("base"), END))
    found = deploying.changes(SPEC, ["base", "galera"])
    assert [change.layer for change in found] == ["base", "galera"] and found[0].diff == ("+x",)
    assert (program / "arguments").read_text() == ("engine apply --layer base --layer galera --dry")


def test_a_stage_is_limited_to_its_hosts(program: Path) -> None:
    says(program, told(END))
    deploying.deployed(SPEC, "pacemaker", ["a", "b"])
    assert (program / "arguments").read_text() == ("engine apply --layer pacemaker --limit a --limit b")


def test_a_failure_names_operation_and_host(program: Path) -> None:
    says(program, told(Failed("a", "Galera: restart"), Deployed(ok=False, reason="no.")))
    with pytest.raises(Refused, match=r"^Galera: restart, on a: no\.$"):
        deploying.deployed(SPEC, "galera", ["a"])


def test_what_it_changed_and_what_it_started_is_passed_on(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    starts: list[Began] = []
    monkeypatch.setattr(deploying, "note", notes.append)
    began = Began("a", "mariadb.service", "1", "2")
    says(program, told(Changed("a", "Galera: settings"), began, END))
    with heard_of(starts.append):
        deploying.deployed(SPEC, "galera", ["a"])
    assert notes == ["a: Galera: settings, changed"] and starts == [began]


@pytest.mark.parametrize("first", [line(Wire(VERSION + 1)), b""], ids=["newer", "former"])
def test_one_of_another_version_is_ended_and_told_of(first: bytes, program: Path) -> None:
    says(program, f"print({(first + line(END)).decode()!r}, flush=True); import time; time.sleep(60)")
    with pytest.raises(Refused, match=f"this program reads version {VERSION}"):
        deploying.deployed(SPEC, "galera", ["a"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("sys.exit(0)", "ended with 0 and without a word"),
        ("print('There is no inventory.', file=sys.stderr); sys.exit(3)", "There is no inventory"),
        (f"{told(change('base'))}; sys.exit('broken\\x1b[31m')", r"broken\[31m"),
    ],
)
def test_without_a_last_word_it_is_not_seen_to_succeed(program: Path, body: str, said: str) -> None:
    says(program, body)
    with pytest.raises(Refused, match=said):
        deploying.changes(SPEC, ["base"])


def test_one_that_does_not_end_is_ended(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploying, "DRY_WITHIN", 1)
    says(program, "import time; time.sleep(60)")
    with pytest.raises(Refused, match="had not ended after 1 s"):
        deploying.changes(SPEC, ["base"])


def test_it_is_told_the_cluster_that_was_planned_for_and_what_commands_printed(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "_asked", {})
    cluster = cluster_spec(inventory((("galera", "settings"), {"max_connections": 7, "gcache.size": "2G"})))
    cluster = replace(cluster, secrets={"bmc": "command:echo made"})
    says(program, f"Path('{program}/told').write_text(sys.stdin.readline()); {told(END)}")
    deploying.deployed(cluster, "base", [])
    assert msgspec.json.decode((program / "told").read_text(), type=Asked) == Asked(cluster, {"echo made": "made"})


PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''
import time
from engine.apply import die_with_parent
die_with_parent()
print("ready", flush=True)
time.sleep(60)
'''], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def test_it_dies_with_who_began_it() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = Path("/proc", parent.stdout.readline().strip())
    assert child.exists()
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 5
    while child.exists() and "\nState:\tZ" not in (child / "status").read_text():
        assert time.monotonic() < deadline, "the deploy goes on"
        time.sleep(0.02)


def test_it_does_not_begin_where_nobody_waits_for_it_any_more() -> None:
    code = "from engine.apply import die_with_parent; die_with_parent(); print('goes on')"
    done = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"")
