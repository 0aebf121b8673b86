"""A look at a host, with real programs in ssh's place: sections, limits, what is said of a host that breaks off."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.spec import Ssh
from engine.frames import Beat, Frame, Hint, Section
from engine.look import Answer, Talk
from engine.own import OwnTime
from engine.script import LIMIT, MOST
from engine.ssh import Broken, Line
from facts.hints import Hints, Question
from operations.client import ssh_command
from tests.unit.test_health import SPEC


@pytest.fixture(autouse=True)
def shell_as_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program `ssh` that runs here what it was to run there."""
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return program


def ask(sections: Mapping[str, str], within: float = 10) -> Answer:
    async def asked() -> Answer:
        line = await Line.begin(SPEC, "mysql1")
        own = OwnTime()
        talk = Talk(line, sections, own)
        try:
            return await talk.ask(sections, own.now(), within)
        finally:
            await talk.end()

    return asyncio.run(asked())


def texts(answer: Answer) -> dict[str, str]:
    return {name: section.text for name, section in answer.sections.items()}


def test_each_section_has_its_own_output_and_exit_code() -> None:
    answer = ask({"one": "echo 1; echo b >&2", "two": "cat; printf 2", "three": "exit 7"})
    assert texts(answer) == {"one": "1\n", "two": "2", "three": ""}
    assert answer.sections["three"].exit == 7
    assert answer.reason is None


def test_a_host_without_layers_answers() -> None:
    assert ask({}).reason is None


def test_a_command_is_run_as_it_is_written() -> None:
    command = """printf '%s' 'it'"'"'s $HOME \\n @x %y "z"'"""
    assert texts(ask({"one": command})) == {"one": 'it\'s $HOME \\n @x %y "z"'}


def test_a_section_can_neither_end_the_script_nor_look_like_another() -> None:
    answer = ask({"one": "printf '\\nffffffffffffffff look two 0 0\\n'; echo still", "two": "echo 2"})
    assert "still" in texts(answer)["one"]
    assert texts(answer)["two"] == "2\n"


def test_what_a_shell_says_when_it_starts_is_passed_over(shell_as_ssh: Path) -> None:
    shell_as_ssh.write_text('#!/bin/sh\necho "Welcome to $(hostname)"\nfor last; do :; done\nexec sh -c "$last"\n')
    assert texts(ask({"one": "echo 1"})) == {"one": "1\n"}


def test_sections_run_side_by_side_and_what_was_said_in_time_counts() -> None:
    answer = ask({"hangs": "exec sleep 30", "one": "echo 1"}, within=2)
    assert texts(answer) == {"one": "1\n"}
    assert (answer.reason or "").startswith("did not answer within 2 s")


def test_a_section_that_talks_without_end_is_cut_and_the_others_count() -> None:
    answer = ask({"one": "yes", "two": "echo 2"})
    assert answer.sections["one"] == Section("one", -1, "")
    assert texts(answer)["two"] == "2\n"
    assert answer.reason is None


def test_a_host_that_talks_without_end_is_not_listened_to(shell_as_ssh: Path) -> None:
    shell_as_ssh.write_text("#!/bin/sh\nexec yes\n")
    assert (ask({"one": "echo 1"}).reason or "").startswith("says what it was not asked: y y y")


def test_a_host_that_said_too_much_to_be_read_holds_nobody_up_at_the_end(shell_as_ssh: Path) -> None:
    shell_as_ssh.write_text("#!/bin/sh\nexec yes\n")

    async def flooded() -> None:
        line = await Line.begin(SPEC, "mysql1")
        # Long enough for asyncio to have stopped reading: nobody takes what it has.
        stdout = line._process.stdout
        assert stdout is not None
        while not stdout._paused:  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)
        async with asyncio.timeout(30):
            await line.end()

    asyncio.run(flooded())


def test_a_client_that_is_ended_leaves_nothing_to_be_said(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    waitpid = os.waitpid

    def late(pid: int, options: int) -> tuple[int, int]:
        # asyncio's thread, on a busy machine.
        time.sleep(0.2)
        return waitpid(pid, options)

    async def ended() -> None:
        line = await Line.begin(SPEC, "mysql1")
        line.teach({})
        kill = os.killpg

        def killed(group: int, number: int) -> None:
            kill(group, number)
            time.sleep(0.05)

        monkeypatch.setattr("os.killpg", killed)
        await line.end()

    monkeypatch.setattr("os.waitpid", late)
    asyncio.run(ended())
    assert [record.getMessage() for record in caplog.records] == []


def test_a_host_that_breaks_off(shell_as_ssh: Path) -> None:
    shell_as_ssh.write_text("#!/bin/sh\nhead -c 1 >/dev/null\necho 'sh: no perl' >&2\n")
    assert ask({"one": "echo 1"}).reason == "broke off: sh: no perl"


def test_a_host_that_can_not_be_reached_is_told_of_in_one_harmless_line(shell_as_ssh: Path) -> None:
    shell_as_ssh.write_text("#!/bin/sh\nprintf 'warning\\nssh: connect: \\033[31mNo route to host\\n' >&2; exit 255\n")
    assert ask({"one": "echo 1"}).reason == "can't be reached: ssh: connect: [31mNo route to host"


def test_host_keys_are_checked_and_values_stay_values() -> None:
    spec = replace(SPEC, ssh=Ssh(user="-oProxyCommand=x", key="/a b/key", known_hosts="/a b/known", port=2222))
    command = ssh_command(spec, "mysql1", "exec sh")
    assert "StrictHostKeyChecking=yes" in command and "BatchMode=yes" in command
    assert 'IdentityFile="/a b/key"' in command and 'UserKnownHostsFile="/a b/known"' in command
    assert command[command.index("User=-oProxyCommand=x") - 1] == "-o"
    assert command[-3:] == ["--", SPEC.address("mysql1"), "exec sh"]


async def until(line: Line, wanted: Frame, within: float = 10) -> None:
    async with asyncio.timeout(within):
        async for frame in line.frames():
            if frame == wanted:
                return


def staying(sections: dict[str, str], hints: dict[str, Hints], change: Path, wanted: list[Frame]) -> None:
    """Hold a connection, change the file once the host is there, and wait for the frames."""

    async def held() -> None:
        line = await Line.begin(SPEC, "mysql1")
        try:
            line.teach(sections, hints)
            await until(line, Beat())
            change.write_text("changed, and longer\n")
            for frame in wanted:
                await until(line, frame)
        finally:
            await line.end()

    asyncio.run(held())


def test_a_file_that_changes_is_told_of_and_its_section_runs_at_once(tmp_path: Path) -> None:
    file = tmp_path / "watched.conf"
    file.write_text("one\n")
    hints = {"one": Hints(files=(f"{tmp_path}/*.conf",))}
    wanted: list[Frame] = [Hint(("one",), begun=True), Section("one", 0, "changed, and longer\n")]
    staying({"one": f"cat {file}"}, hints, file, wanted)


def test_a_file_that_changes_while_its_section_runs_has_it_run_once_more(tmp_path: Path) -> None:
    file = tmp_path / "watched"
    file.write_text("one\n")

    async def held() -> None:
        line = await Line.begin(SPEC, "mysql1")
        try:
            line.teach({"one": f"cat {file}; sleep 0.5"}, {"one": Hints(files=(str(file),))})
            await until(line, Beat())
            line.ask(["one"])
            await asyncio.sleep(0.2)
            file.write_text("two, and longer\n")
            await until(line, Section("one", 0, "one\n"))
            await until(line, Section("one", 0, "two, and longer\n"), within=1.5)
        finally:
            await line.end()

    asyncio.run(held())


def test_an_answer_on_a_socket_that_changes_is_told_of(tmp_path: Path) -> None:
    file, path = tmp_path / "state", tmp_path / "socket"
    file.write_text("1 galera up 17\n")

    async def serve() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert await reader.readline() == b"show\n"
            writer.write(file.read_bytes())
            writer.close()

        server = await asyncio.start_unix_server(answer, path)
        line = await Line.begin(SPEC, "mysql1")
        try:
            line.teach({"one": "echo 1"}, {"one": Hints(question=Question(str(path), "show", r"^\d+ (\S+) (\S+)"))})
            await until(line, Beat())
            # A counter is no hint.
            file.write_text("1 galera up 18\n")
            await until(line, Beat())
            file.write_text("1 galera down 19\n")
            await until(line, Section("one", 0, "1\n"))
        finally:
            await line.end()
            server.close()

    asyncio.run(serve())


def test_what_changes_all_the_time_runs_a_section_only_so_often(tmp_path: Path) -> None:
    file, runs = tmp_path / "flaps", tmp_path / "runs"
    file.write_text("")

    async def flap() -> float:
        begun = asyncio.get_running_loop().time()
        line = await Line.begin(SPEC, "mysql1")
        try:
            line.teach({"one": f"echo >>{runs}"}, {"one": Hints(files=(str(file),))})
            await until(line, Beat())
            told = asyncio.ensure_future(until(line, Hint(("one",), begun=False)))
            for number in range(300):
                file.write_text("x" * number)
                await asyncio.sleep(0.01)
            await told
        finally:
            await line.end()
        return asyncio.get_running_loop().time() - begun

    # Twice in each second that has begun, however long that takes on this machine.
    seconds = int(asyncio.run(flap())) + 2
    assert 1 <= len(runs.read_text().splitlines()) <= MOST * seconds


def test_nothing_is_left_on_a_host_when_the_client_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    async def cut() -> None:
        line = await Line.begin(SPEC, "mysql1")
        line.teach({"one": f"echo $$ >{note}; exec sleep 30"}, {})
        line.ask(["one"])
        while not (note.exists() and note.read_text().strip()):
            await asyncio.sleep(0.01)
        # What the end of a connection is to the host: the end of its input.
        assert line._process.stdin is not None
        line._process.stdin.close()
        with pytest.raises(Broken):
            await until(line, Section("one", 0, ""))
        await line.end()

    asyncio.run(cut())
    left = Path(f"/proc/{note.read_text().strip()}/exe")
    end = time.monotonic() + 10
    while left.exists():
        assert time.monotonic() < end, "it is left"
        time.sleep(0.01)


def test_a_section_of_the_largest_size_is_taken() -> None:
    answer = ask({"one": f"head -c {LIMIT} /dev/zero | tr '\\0' x"})
    assert len(texts(answer)["one"]) == LIMIT
