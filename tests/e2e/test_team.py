"""Two operators on two machines: one sees, follows and finishes what the other's machine began before it was lost."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from cluster.locked import Holder
from cluster.outcome import Outcome
from cluster.wire.journal import Intent
from engine.known_runs import runs
from inventory import CLUSTER
from operations.locking import Lock
from tests.e2e import lab
from tests.e2e.operator import begin, carried_out, events, hatui, lock_is_free, nothing_is_left, other, writer
from tests.pace import wait_until

pytestmark = pytest.mark.lab


SECRETS = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")


def machine_of(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """From here on it is that operator's: a home of its own, and the team's secrets."""
    monkeypatch.setenv("XDG_DATA_HOME", SECRETS)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))


def test_a_colleague_sees_follows_and_finishes_a_run_whose_machine_is_gone(
    healthy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = tmp_path / "alice", tmp_path / "bob"
    machine_of(monkeypatch, alice)
    target = other(writer(), "mysql1", "mysql2")
    verb = begin("switchover", "writer", "--to", target)
    for run in events(set()):
        if isinstance(last := run.events[-1], Intent) and last.step == 1:
            seen = run
            # As long as it takes to look from elsewhere.
            os.kill(run.begin.pid, signal.SIGSTOP)
            machine_of(monkeypatch, bob)
            history = hatui("history")
            assert run.id in history.stdout and "RUNNING" in history.stdout, history.stdout + history.stderr
            os.kill(run.begin.pid, signal.SIGKILL)
            break
    verb.wait(timeout=60)
    shutil.rmtree(alice)
    wait_until(lock_is_free, 10, "the lock is free")
    followed = hatui("history", "show", seen.id, "--follow")
    assert followed.returncode == Outcome.UNKNOWN.exit_code, followed.stdout
    assert "died in or after the step" in followed.stdout, followed.stdout
    assert carried_out("switchover", "writer", "--to", target).outcome is Outcome.DONE
    assert writer() == target
    assert {run.id: run.outcome for run in runs(CLUSTER.name)}[seen.id] is Outcome.UNKNOWN
    nothing_is_left()


def test_a_deploy_by_hand_that_meets_a_run_is_refused_by_name_and_holds_the_lock_otherwise(healthy: None) -> None:
    lab.ssh("haproxy1", "rm -f /etc/sysctl.d/60-hatui.conf")
    run = Lock(CLUSTER, Holder("20261125-000000-0001", "alice@ops1", time.time(), "a run"))
    try:
        done = lab.pyinfra("-y", "inventory.py", "deploy/base.py", check=False)
    finally:
        run.release()
    assert done.returncode != 0 and "alice@ops1 has held the cluster's lock since" in done.stdout + done.stderr
    assert not lab.ssh("haproxy1", "ls /etc/sysctl.d/60-hatui.conf 2>/dev/null", check=False), "it changed something"
    lab.pyinfra("-y", "inventory.py", "deploy/base.py")
    assert lock_is_free()
