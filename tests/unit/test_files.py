"""The script that replaces a file, run by a real shell; and what --diff shows of secrets."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from facts import base
from facts.base import FileNotes, parse_services, services_command
from operations import files
from operations.files import ManagedFile, difference, masked, note, replacement


def replace_with(file: ManagedFile) -> subprocess.CompletedProcess[str]:
    """Run the replacement as a host would: the script in a shell, the content on stdin."""
    stdin = base64.encodebytes(file.content).decode()
    command = ["sh", "-c", replacement(file).get_raw_value()]
    return subprocess.run(command, input=stdin, text=True, capture_output=True, check=False)


@pytest.fixture(autouse=True)
def notes(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the deploy notes on a host, elsewhere than on this machine."""
    path = tmp_path_factory.mktemp("notes") / "hatui" / "files"
    monkeypatch.setattr(files, "NOTES", str(path))
    monkeypatch.setattr(base, "NOTES", str(path))
    return path


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


def test_neither_its_content_nor_a_secret_is_in_what_is_shown_of_it() -> None:
    shown = repr(ManagedFile("/x", b"password = correct horse", secrets=("correct horse",)))
    assert "correct" not in shown and "password" not in shown and "/x" in shown


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


def test_what_is_written_is_noted_for_root_alone(tmp_path: Path, notes: Path) -> None:
    for name, content in (("a", b"1"), ("b", b"2"), ("a", b"3")):
        assert replace_with(managed(tmp_path / name, content)).returncode == 0
    hashes = {str(tmp_path / name): managed(tmp_path / name, said).sha256 for name, said in (("b", b"2"), ("a", b"3"))}
    assert FileNotes().process(notes.read_text().splitlines()) == hashes
    # What others read lies in the same directory.
    assert notes.parent.stat().st_mode & 0o7777 == 0o755
    assert notes.stat().st_mode & 0o7777 == 0o600 and [path.name for path in notes.parent.iterdir()] == ["files"]
    subprocess.run(["sh", "-c", note(str(tmp_path / "a"), "")], check=True)
    assert list(FileNotes().process(notes.read_text().splitlines())) == [str(tmp_path / "b")]


def test_what_was_refused_is_not_noted(tmp_path: Path, notes: Path) -> None:
    assert replace_with(managed(tmp_path / "a", b"x", check="false {}")).returncode == 1
    assert not notes.exists()


def edited(units: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Of each unit, the files that are not what was noted, as a host tells it; systemd is not asked."""
    command = services_command(units).partition("; ")[2]
    shown = "".join(f"Id={unit}\nActiveState=active\n\n" for unit in units)
    done = subprocess.run(["sh", "-c", command], text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return {name: service.edited for name, service in parse_services(shown + done.stdout).items()}


def test_a_file_that_somebody_edited_or_took_away_is_not_what_the_deploy_wrote(tmp_path: Path, notes: Path) -> None:
    one, two, three = (tmp_path / name for name in ("1.conf", "2.conf", "3.conf"))
    units = {"a.service": (str(one), str(two)), "b.service": (str(three),)}
    # Where nothing was deployed, nothing is asked.
    assert edited(units) == {"a.service": (), "b.service": ()}
    for path in (one, two, three):
        assert replace_with(managed(path, b"as wanted\n")).returncode == 0
    assert edited(units) == {"a.service": (), "b.service": ()}
    two.write_text("by hand\n")
    three.unlink()
    assert edited(units) == {"a.service": (str(two),), "b.service": (str(three),)}
    # What another layer's unit reads is told there.
    assert edited({"b.service": (str(three),)}) == {"b.service": (str(three),)}
    assert edited({"a.service": (str(one),)}) == {"a.service": ()}
    assert replace_with(managed(two, b"as wanted\n")).returncode == 0
    subprocess.run(["sh", "-c", note(str(three), "")], check=True)
    assert edited(units) == {"a.service": (), "b.service": ()}


HOLDS = ManagedFile(
    path="/etc/x", content=b"maxconn 100\nstats auth admin:s3cret\n", secrets=("s3cret", "admin:s3cret")
)


@pytest.mark.parametrize(
    "line",
    ["    maxconn 4000", "timeout client 90m", "server evil 192.0.2.66:3306 check backup", "# by hand, jan", "bind :81",
     "option redispatch 1", "wsrep_slave_threads = 8"],
)  # fmt: skip
def test_a_line_of_somebody_else_is_shown(line: str) -> None:
    assert f"-{line}" in difference(HOLDS, f"{line}\nmaxconn 100\nstats auth admin:s3cret\n")


@pytest.mark.parametrize(
    "line",
    ["stats auth admin:former", "  stats   auth admin:x", "user jan password hunter", "default_pass = abc",
     "a0b1c2d3e4f5a6b7", "url http://jan:x@host/", "wsrep_sst_auth=u:p", "# token abc", "api_key: 1",
     "x=Zm9vYmFyMTIzNA==", "cookie SRV",
     "monitor jan:geheim", "pin k3Jd92mQx", "IDENTIFIED BY 'x'", "set Xk9-2pQ7vLm3"],
)  # fmt: skip
def test_a_line_of_somebody_else_that_may_hold_a_secret_is_hidden(line: str) -> None:
    said = difference(HOLDS, f"{line}\nmaxconn 100\nstats auth admin:s3cret\n")
    assert f"-{line}" not in said and any("-<hidden sha256:" in one for one in said)


def test_where_a_secret_stands_alone_on_its_line_no_other_line_is_shown() -> None:
    alone = ManagedFile(path="/etc/x", content=b"COOKIE\n", secrets=("COOKIE",))
    said = "\n".join(difference(alone, "FORMER\n"))
    assert "FORMER" not in said and "COOKIE" not in said


def test_what_sets_a_secret_is_hidden_whatever_it_is_called() -> None:
    odd = ManagedFile(path="/etc/x", content=b"pin = 4711\nport = 1\n", secrets=("4711",))
    said = "\n".join(difference(odd, "pin = 1234\nport = 2\n"))
    assert "1234" not in said and "-port = 2" in said
