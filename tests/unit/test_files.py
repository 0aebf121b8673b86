"""The script that replaces a file, run by a real shell; and what --diff shows of secrets."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from operations.files import ManagedFile, difference, masked, replacement


def replace_with(file: ManagedFile) -> subprocess.CompletedProcess[str]:
    """Run the replacement as a host would: the script in a shell, the content on stdin."""
    stdin = base64.encodebytes(file.content).decode()
    command = ["sh", "-c", replacement(file).get_raw_value()]
    return subprocess.run(command, input=stdin, text=True, capture_output=True, check=False)


def managed(path: Path, content: bytes, **options: str) -> ManagedFile:
    owner = {"user": path.parent.owner(), "group": path.parent.group()}
    return ManagedFile(path=str(path), content=content, **{**owner, **options})  # type: ignore[arg-type]


def test_the_new_content_takes_the_old_ones_place_and_the_old_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "a b'c.conf"
    target.write_text("old")
    assert replace_with(managed(target, b"new\n\x00\xff'", mode="0640")).returncode == 0
    assert target.read_bytes() == b"new\n\x00\xff'"
    assert target.stat().st_mode & 0o7777 == 0o640
    assert (tmp_path / "a b'c.conf.hatui-old").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_and_its_directory_are_made(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file"
    file = ManagedFile(path=str(target), content=b"x", user=tmp_path.owner(), group=tmp_path.group())
    assert replace_with(file).returncode == 0
    assert target.read_text() == "x"


def test_what_the_program_refuses_changes_nothing_and_says_why(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("good")
    done = replace_with(managed(target, b"bad", check="grep -q good {} || { echo line 1 is bad; false; }"))
    assert done.returncode == 1
    assert "line 1 is bad" in done.stderr
    assert f"{target}: the new content was refused by its own program; the old file is untouched." in done.stderr
    assert target.read_text() == "good"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_check_sees_the_new_content(tmp_path: Path) -> None:
    target = tmp_path / "file"
    assert replace_with(managed(target, b"good", check="grep -q good {}")).returncode == 0


def test_the_content_is_not_in_the_command_line(tmp_path: Path) -> None:
    command = replacement(managed(tmp_path / "file", b"correct horse")).get_raw_value()
    assert "horse" not in command
    assert base64.b64encode(b"correct horse").decode() not in command


@pytest.mark.parametrize("secret", ["s3cr$t'\"\\", "a", "two words"])
def test_a_diff_shows_the_hash_of_a_secret_only(secret: str) -> None:
    shown = masked(f"password {secret} end", [secret])
    assert secret not in shown.replace("password", "").replace("end", "").split("sha256:")[0]
    assert "<hidden sha256:" in shown


def test_a_diff_hides_former_secrets_and_shows_what_stays() -> None:
    file = ManagedFile(path="/etc/x", content=b"keep\nauth new\n", secrets=("new",))
    said = "\n".join(difference(file, "keep\nauth former\n"))
    assert " keep" in said and "former" not in said and "auth new" not in said
    assert said.count("<hidden sha256:") == 2
    assert difference(file, "keep\nauth new\n") == []


def test_a_replacement_says_what_it_writes_and_not_what_it_holds() -> None:
    command = replacement(ManagedFile(path="/etc/x", content=b"horse", secrets=("horse",)))
    assert command.what == "write /etc/x" and "horse" not in repr(command)
