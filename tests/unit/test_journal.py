"""The journal: synced before the act, never changed, and a run that died is told from one that goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.outcome import Outcome
from cluster.wire.journal import Begin, End, Intent
from cluster.wire.lines import VERSION
from engine.journal import Journal, new_id
from engine.known_runs import ask_to_stop, read, runs
from engine.paths import runs_path

BEGIN = Begin(
    run="a", runbook="switchover_vip", parameters={"to": "haproxy2"}, title="Move it", steps=("a",),
    who="alice@ops", why="kernel", origin="haproxy1", target="haproxy2", pid=1, version=VERSION,
)  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def test_a_run_is_alive_while_it_lasts_and_has_its_outcome_afterwards() -> None:
    journal = Journal("book", new_id())
    journal.tell(BEGIN)
    journal.tell(Intent(0, "a"))
    run = read(journal.path)
    assert run is not None
    assert (run.alive, run.outcome, run.last_step) == (True, None, "a")
    journal.tell(End(Outcome.REVERTED, "it failed"))
    journal.close()
    run = read(journal.path)
    assert run is not None
    assert (run.alive, run.outcome, run.died) == (False, Outcome.REVERTED, False)


def test_a_run_whose_process_was_killed_is_unknown_and_names_its_last_step(home: Path) -> None:
    script = (
        "import os, signal\n"
        "from engine.journal import Journal\n"
        "from cluster.wire.journal import Begin, Intent\n"
        "journal = Journal('book', '20261125-000000-dead')\n"
        f"journal.tell({BEGIN!r})\n"
        "journal.tell(Intent(0, 'drain mysql1'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=False, env={**os.environ, "XDG_STATE_HOME": str(home)})
    (run,) = runs("book")
    assert (run.died, run.outcome, run.last_step) == (True, Outcome.UNKNOWN, "drain mysql1")


def test_a_torn_last_line_hides_nothing_before_it() -> None:
    journal = Journal("book", "20261125-000000-torn")
    journal.tell(BEGIN)
    journal.close()
    with journal.path.open("a") as file:
        file.write('{"event": "inte')
    run = read(journal.path)
    assert run is not None
    assert len(run.events) == 1


def test_only_its_owner_can_read_it_and_no_run_writes_into_another() -> None:
    journal = Journal("book", "20261125-000000-0001")
    assert journal.path.stat().st_mode & 0o777 == 0o600
    assert runs_path("book").stat().st_mode & 0o777 == 0o700
    with pytest.raises(FileExistsError):
        Journal("book", "20261125-000000-0001")


def test_runs_come_newest_first_and_a_file_that_is_no_run_is_left_out() -> None:
    for name in ("20261125-000000-0001", "20261125-000001-0001"):
        journal = Journal("book", name)
        journal.tell(BEGIN)
        journal.close()
    (runs_path("book") / "20261125-000002-0001.jsonl").write_text("nonsense\n")
    assert [run.id for run in runs("book")] == ["20261125-000001-0001", "20261125-000000-0001"]


def test_every_event_is_synced_before_the_call_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal("book", new_id())
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    journal.tell(Intent(0, "a"))
    assert synced == [journal.path.stat().st_size]


LIVE = f"""
import sys, time
from msgspec.structs import replace
from cluster.wire.journal import Begin
from engine.journal import Journal
journal = Journal("book", "20261125-000000-live")
pid = int(sys.argv[1]) if sys.argv[1:] else __import__("os").getpid()
journal.tell(replace({BEGIN!r}, pid=pid))
print("begun", flush=True)
time.sleep(60)
"""


def begun(*arguments: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", LIVE, *arguments], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    return process


def test_a_run_that_goes_on_is_asked_to_stop() -> None:
    process = begun()
    (run,) = runs("book")
    assert ask_to_stop(run) is None
    assert process.wait(10) == -signal.SIGTERM
    # As who has read it before it ended.
    assert run.alive
    assert ask_to_stop(run) == "It had ended meanwhile."


def test_nobody_else_is_asked_to_stop_who_has_the_number_of_a_run_that_is_over() -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    process = begun(str(bystander.pid))
    (run,) = runs("book")
    process.kill()
    process.wait()
    try:
        assert ask_to_stop(run) == "It had ended meanwhile."
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_another_users_run_is_not_asked_to_stop_and_who_began_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_process: int, _signal: int) -> None:
        raise PermissionError

    process = begun()
    try:
        (run,) = runs("book")
        monkeypatch.setattr(signal, "pidfd_send_signal", refused)
        why_not = ask_to_stop(run)
        assert why_not == "It is not yours to stop: alice@ops began it, as another user of this machine."
    finally:
        process.kill()
        process.wait()
