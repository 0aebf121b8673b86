"""Files that others own lines in: /etc/hosts, and the broker's list of plugins."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.names import BEGIN, END, hosts_file, others
from deploy.rabbitmq_files import plugins
from facts import base
from operations import amended as module
from operations import files
from operations.files import note

HOSTS = {"cc01": "192.0.2.31", "cc02": "192.0.2.32"}
NAMES = "192.0.2.31 cc01\n192.0.2.32 cc02\n"
OWN = "127.0.0.1\tlocalhost\n127.0.1.1 cc01.example cc01\n\n# the NAS\n10.0.0.7 nas\n::1 localhost ip6-localhost\n"
BLOCK = f"{BEGIN}{NAMES}{END}"


def test_every_line_of_the_hosts_own_stays_as_it_is() -> None:
    """The whole file was replaced, whoever had put lines into it."""
    assert hosts_file(OWN, HOSTS) == BLOCK + OWN
    assert hosts_file(BLOCK + OWN, HOSTS) == BLOCK + OWN
    moved = hosts_file(BLOCK + OWN, {**HOSTS, "cc02": "192.0.2.99"})
    assert moved == BLOCK.replace(".32", ".99") + OWN
    assert hosts_file(OWN + BLOCK + "10.0.0.8 late", HOSTS) == BLOCK + OWN + "10.0.0.8 late"


def test_a_host_that_has_no_localhost_gets_one() -> None:
    local = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"
    made = hosts_file("", HOSTS)
    assert made == f"{BEGIN}{local}{NAMES}{END}" and hosts_file(made, HOSTS) == made


def test_what_a_former_hatui_wrote_whole_becomes_the_block() -> None:
    local = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"
    former = f"# Managed by hatui.\n{local}192.0.2.31 cc01\n192.0.2.77 cc02\n10.0.0.7 nas\n"
    assert hosts_file(former, HOSTS) == f"{BLOCK}{local}10.0.0.7 nas\n"


def test_a_block_without_its_end_takes_no_line_of_others() -> None:
    assert hosts_file(f"10.0.0.6 a\n{BEGIN}{NAMES}{OWN}", HOSTS) == f"{BLOCK}10.0.0.6 a\n{OWN}"


def test_what_the_host_says_else_of_the_names_is_told() -> None:
    assert others(BLOCK + OWN, HOSTS) == ["127.0.1.1 cc01"]
    assert others("192.0.2.31 cc01\n10.9.9.9 x # cc02\n", HOSTS) == []


def test_plugins_that_the_host_has_enabled_stay_enabled() -> None:
    assert plugins("") == "[rabbitmq_management].\n" == plugins("not a list")
    assert plugins("[rabbitmq_prometheus].\n") == "[rabbitmq_prometheus,rabbitmq_management].\n"
    both = "[rabbitmq_management,\n rabbitmq_shovel].\n"
    assert plugins(both) == both


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A host that is this machine; what it logs."""
    lines: list[str] = []

    for one in (files, base):
        monkeypatch.setattr(one, "NOTES", str(tmp_path / "notes" / "files"))

    def fact(kind: type[Any], **arguments: str) -> Any:
        asked = subprocess.run(["sh", "-c", kind().command(**arguments)], capture_output=True, text=True, check=True)
        return kind().process(asked.stdout.splitlines())

    host = SimpleNamespace(get_fact=fact, noop=lines.append, log=lines.append, name="cc01")
    monkeypatch.setattr(module, "host", host)
    monkeypatch.setattr(module, "state", SimpleNamespace(config=SimpleNamespace(DIFF=False)))
    return lines


def change(path: Path, **arguments: Any) -> list[Any]:
    return list(module.amended._inner(str(path), **arguments))


def test_a_first_deploy_says_what_stands_against_it_and_the_file_keeps_mode_and_bytes(
    said: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "the hosts"
    file.write_bytes(OWN.encode() + b"# \xff\n")
    file.chmod(0o640)
    arguments = {"amend": lambda text: hosts_file(text, HOSTS), "says_else": lambda text: others(text, HOSTS)}
    (one,) = change(file, **arguments)
    assert "127.0.1.1 cc01" in one.what and "also says 127.0.1.1 cc01: hatui's lines come first" in said[-1]
    script = ["sh", "-c", one.get_raw_value()]
    stdin = "\n".join(one.connector_arguments["_stdin"])
    subprocess.run(script, input=stdin, text=True, check=True)
    assert file.read_bytes() == BLOCK.encode() + OWN.encode() + b"# \xff\n" and file.stat().st_mode & 0o777 == 0o640
    assert change(file, **arguments) == []
    # What a former hatui wrote whole it noted as its own.
    subprocess.run(["sh", "-c", note(str(file), "0" * 64)], check=True)
    (left,) = change(file, **arguments)
    subprocess.run(["sh", "-c", left.get_raw_value()], check=True)
    assert change(file, **arguments) == []
    # Somebody wrote into it since it was read: nothing of that is lost.
    file.write_text(OWN + "10.0.0.9 new\n")
    again = subprocess.run(script, input=stdin, text=True, capture_output=True, check=False)
    assert again.returncode == 1 and "changed since it was read" in again.stderr
    assert file.read_text() == OWN + "10.0.0.9 new\n"
