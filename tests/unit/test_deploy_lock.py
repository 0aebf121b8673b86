"""A deploy by hand and the cluster's lock, with pyinfra itself on this machine, and shells in the hosts' place."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from operations.lock import HELD
from tests.unit.test_lock import ROOT, Hold, hold, locks, said

__all__ = ["hold", "locks"]

INVENTORY = """
from cluster.validate import cluster_spec
from tests.unit.inventories import inventory
hosts = [("@local", {"cluster": cluster_spec(inventory())})]
"""
DEPLOY = """
from pyinfra.operations import files, server
from operations.lock import unlocked
unlocked(name="Nobody else changes the cluster")
files.directory(name="It is there already", path="/")
"""


def deployed(tmp_path: Path, change: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "inventory.py").write_text(INVENTORY)
    (tmp_path / "mine.py").write_text(DEPLOY + change)
    pyinfra = [str(Path(sys.executable).with_name("pyinfra")), "-y", str(tmp_path / "inventory.py")]
    return subprocess.run(
        [*pyinfra, str(tmp_path / "mine.py")],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_it_holds_the_lock_for_what_it_changes_and_frees_it_at_its_end(hold: Hold, locks: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    done = deployed(tmp_path, f'server.shell(commands=["cat {locks}/127.*/lock.holder >{seen}"])')
    assert done.returncode == 0, done.stdout + done.stderr
    holders = set(seen.read_text().splitlines())
    assert len(holders) == 1, holders
    (holder,) = holders
    assert f"pyinfra {tmp_path}/inventory.py {tmp_path}/mine.py" in holder and '"run":"deploy-20' in holder
    deadline = time.monotonic() + 5
    while (answer := said(hold("bob"))) != "taken":
        assert time.monotonic() < deadline, answer


def test_it_is_refused_and_told_who_has_it_before_it_changes_anything(hold: Hold, locks: Path, tmp_path: Path) -> None:
    assert said(hold("alice@ops1")) == "taken"
    done = deployed(tmp_path, f'server.shell(commands=["touch {tmp_path}/changed"])')
    assert done.returncode != 0
    assert "alice@ops1 has held the cluster's lock since" in done.stdout + done.stderr
    assert not (tmp_path / "changed").exists()


def test_one_that_changes_nothing_needs_none(hold: Hold, locks: Path, tmp_path: Path) -> None:
    assert said(hold("alice@ops1")) == "taken"
    done = deployed(tmp_path, "")
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_that_a_run_has_begun_works_under_the_runs_lock(
    hold: Hold, locks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(hold("alice@ops1")) == "taken"
    monkeypatch.setenv(HELD, "1")
    done = deployed(tmp_path, f'server.shell(commands=["touch {tmp_path}/changed"])')
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "changed").exists()


def test_whoever_comes_second_is_told_of_the_deploy(hold: Hold, locks: Path, tmp_path: Path) -> None:
    rival = f"{sys.executable} -m tests.unit.lock_holder bob 15 0 >{tmp_path}/rival </dev/null || true"
    done = deployed(tmp_path, f'server.shell(commands=["cd {ROOT} && {rival}"])')
    assert done.returncode == 0, done.stdout + done.stderr
    answer = (tmp_path / "rival").read_text()
    assert answer.startswith("locked: ") and f"for: pyinfra {tmp_path}/inventory.py" in answer, answer


def test_one_that_loses_it_changes_nothing_more(hold: Hold, locks: Path, tmp_path: Path) -> None:
    keeper = f"grep -q operations[.]keeper $one/cmdline && grep -q {locks} $one/environ && kill -9 ${{one#/proc/}}"
    lose = f'server.shell(commands=["for one in /proc/[0-9]*; do {keeper}; done 2>/dev/null; true"])\n'
    done = deployed(tmp_path, f'{lose}server.shell(commands=["touch {tmp_path}/changed"])')
    assert done.returncode != 0
    assert "The process that keeps it has ended." in done.stdout + done.stderr
    assert not (tmp_path / "changed").exists()
