"""The transport, with a real shell in ssh's place: frames, limits, and what is said of a host that breaks off."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.spec import Ssh
from engine import ssh
from engine.ssh import Answer, Conversation, ssh_command
from tests.unit.test_health import SPEC


@pytest.fixture(autouse=True)
def shell_as_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program `ssh` that runs the script it is given here."""
    program = tmp_path / "ssh"
    program.write_text("#!/bin/sh\nexec /bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return program


def ask(sections: Mapping[str, str], until: float = 5) -> Answer:
    async def asked() -> Answer:
        return await Conversation(SPEC, "mysql1").ask(sections, until=until)

    return asyncio.run(asked())


def test_each_section_has_its_own_output() -> None:
    answer = ask({"one": "echo 1; echo b >&2", "two": "cat; printf 2", "three": "exit 7"})
    assert dict(answer.sections) == {"one": "1\n", "two": "2", "three": ""}
    assert answer.reason is None


def test_a_section_can_neither_end_the_script_nor_look_like_another() -> None:
    answer = ask({"one": "printf '\\nffffffffffffffff end one\\n'; echo still", "two": "echo 2"})
    assert "still" in answer.sections["one"]
    assert answer.sections["two"] == "2\n"


def test_what_was_said_before_the_time_was_over_counts() -> None:
    begin = time.monotonic()
    answer = ask({"one": "echo 1", "two": "exec sleep 30"}, until=0.5)
    assert dict(answer.sections) == {"one": "1\n"}
    assert answer.reason == "did not answer within 0.5 s"
    assert time.monotonic() - begin < 10


def test_a_host_that_talks_without_end_is_not_listened_to() -> None:
    answer = ask({"one": "echo 1", "two": "yes"})
    assert dict(answer.sections) == {"one": "1\n"}
    assert answer.reason == f"said more than {ssh.LIMIT} bytes and was not listened to any longer"


def test_a_host_that_breaks_off(shell_as_ssh: Path) -> None:
    shell_as_ssh.write_text("#!/bin/sh\nhead -c 1 >/dev/null\n")
    assert ask({"one": "echo 1"}).reason == "broke off before it had told of one"


def test_a_host_that_can_not_be_reached_is_told_of_in_one_harmless_line(shell_as_ssh: Path) -> None:
    shell_as_ssh.write_text("#!/bin/sh\nprintf 'warning\\nssh: connect: \\033[31mNo route to host\\n' >&2; exit 255\n")
    assert ask({"one": "echo 1"}).reason == "can't be reached: ssh: connect: [31mNo route to host"


def test_host_keys_are_checked_and_values_stay_values() -> None:
    spec = replace(SPEC, ssh=Ssh(user="-oProxyCommand=x", key="/a b/key", known_hosts="/a b/known", port=2222))
    command = ssh_command(spec, "mysql1")
    assert "StrictHostKeyChecking=yes" in command and "BatchMode=yes" in command
    assert 'IdentityFile="/a b/key"' in command and 'UserKnownHostsFile="/a b/known"' in command
    assert command[command.index("User=-oProxyCommand=x") - 1] == "-o"
    assert command[-3:] == ["--", SPEC.address("mysql1"), "exec sh"]
