"""Why a service did not start: its own words on errors, since the try began, short, and without secrets."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine import masking
from operations.service import or_last_words
from tests.unit.test_health import SPEC

FORMER = "2026-11-26 19:00:00 [error] of an earlier try\n"
SAID = (
    "2026-11-26 19:07:18.1+00:00 [Note] unknown to whom: starting\n"
    "2026-11-26 19:07:18.2+00:00 [ERROR] Can't create/write to file '/nonexistent/x'\n"
    "2026-11-26 19:07:18.3+00:00 [ERROR] Can't create/write to file '/nonexistent/x'\n"
    "2026-11-26 19:07:18.4+00:00 [ERROR] Aborting\n"
)


def tried(log: Path, command: str) -> subprocess.CompletedProcess[str]:
    script = or_last_words(command, "x.service", str(log))
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)


def test_the_errors_of_this_try_are_told_each_once_and_without_their_time(tmp_path: Path) -> None:
    log = tmp_path / "a log"
    log.write_text(FORMER)
    (tmp_path / "said").write_text(SAID)
    done = tried(log, f"( cat '{tmp_path}/said' >>'{log}'; echo 'See systemctl status' >&2; false )")
    assert done.returncode == 1
    assert done.stderr == "[ERROR] Can't create/write to file '/nonexistent/x'\n[ERROR] Aborting\n"


def test_one_that_tells_of_no_error_is_told_by_its_last_lines_and_success_says_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tried(log, f"( echo 'it just went' >'{log}'; false )").stderr == "it just went\n"
    done = tried(log, "true")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_is_told_before_all_they_say_and_one_that_can_not_be_asked_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    say = f"( echo '[ERROR] Failed to init wsrep schema' >>'{log}'; false )"
    assert tried(log, say).stderr == "[ERROR] Failed to init wsrep schema\n"
    df = tmp_path / "df"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    df.write_text("#!/bin/sh\nprintf 'Avail\\n 4\\n'\n")
    df.chmod(0o755)
    assert tried(log, say).stderr == "its disk is full, below /\n[ERROR] Failed to init wsrep schema\n"
    df.write_text("#!/bin/sh\nexit 1\n")
    assert tried(log, say).stderr == "[ERROR] Failed to init wsrep schema\n"


def test_a_secret_in_them_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "secret", lambda _, name: f"the {name} secret")
    said = masking.hidden(SPEC, "login with the probe secret failed")
    assert "the probe secret" not in said and said.startswith("login with <hidden sha256:")
