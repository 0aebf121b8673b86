"""The observer as a process, with scripts for hosts: its stream, a host that goes and comes back, and its end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.health import Verdict
from cluster.state import ClusterState
from engine.layers import PERIODS
from engine.observe.stream import Stream
from engine.observe.watch import Watch
from engine.start import own
from tests.unit.test_health import HOSTS, SPEC
from tui.engine import Event, Snapshot, Told, told

ROOT = Path(__file__).parents[2]
INVENTORY = """
from dataclasses import replace
from tests.unit.test_health import HOSTS, SPEC
CLUSTER = replace(SPEC, hosts={name: HOSTS[name] for name in ("haproxy1", "haproxy2")})
"""
# What a host's shell runs is this machine's; a file says that the host can't be reached, or hangs.
SSH = """#!/bin/sh
for last; do before=$address; address=$last; done
[ ! -e "$FOLDER/mute-$before" ] || exec sleep 20
[ ! -e "$FOLDER/away-$before" ] || { echo "no route to $before" >&2; exit 255; }
echo $$ >>"$FOLDER/pids"
exec sh -c "$last"
"""


class Watched:
    """An observer of two hosts that know of nothing: their layers are all down."""

    def __init__(self, folder: Path, *program: str) -> None:
        self.folder = folder
        (folder / "inventory.py").write_text(INVENTORY)
        (folder / "ssh").write_text(SSH)
        (folder / "ssh").chmod(0o755)
        self.process = subprocess.Popen(
            [*own(*program), "--inventory", str(folder / "inventory.py"), "--every", "0.5"],
            cwd=ROOT,
            env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "FOLDER": str(folder)},
            stdout=subprocess.PIPE,
        )

    def until(self, wanted: Callable[[Told], object]) -> Told:
        """The first line that is wanted."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if wanted(one := told(line)):
                return one
        raise AssertionError("the stream ended")

    def clients(self) -> list[int]:
        """Those of all clients, and of what they started, that are there."""
        pids = [int(line) for line in (self.folder / "pids").read_text().split()]
        return [pid for pid in pids if Path(f"/proc/{pid}/exe").exists()]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path, "engine", "watch")
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()


def test_the_first_line_is_a_snapshot_with_every_host_s_answer(watched: Watched) -> None:
    first = watched.until(lambda one: True)
    assert isinstance(first, Snapshot)
    assert set(first.state) == set(first.ages) == set(ClusterState.__dataclass_fields__)
    assert all(age is not None and age < 5 for age in first.ages["vrrp"].values())
    assert [layer.layer for layer in first.layers][:2] == ["hosts", "haproxy"]


def test_one_that_does_not_answer_hides_nobody(tmp_path: Path) -> None:
    # The address of the second of the two.
    address = HOSTS["haproxy2"].address
    (tmp_path / f"mute-{address}").touch()
    one = Watched(tmp_path, "engine", "watch")
    try:
        first = one.until(lambda one: True)
        assert isinstance(first, Snapshot) and not first.complete
        assert "reason" not in first.state["hosts"]["haproxy1"]
        assert first.state["hosts"]["haproxy2"] == {"reason": "has not answered yet"}
        assert first.layers[0].verdict is Verdict.UNKNOWN
        later = one.until(lambda one: isinstance(one, Event) or one.complete)
        assert isinstance(later, Snapshot), "nothing changed, but for what was known of it"
    finally:
        one.process.kill()
        one.process.wait()


def test_a_host_that_goes_and_comes_back_is_told_of(watched: Watched) -> None:
    watched.until(lambda one: isinstance(one, Snapshot) and one.layers[0].verdict is Verdict.OK)
    for pid in watched.clients():
        os.kill(pid, signal.SIGKILL)
    for host in range(256):
        (watched.folder / f"away-192.0.2.{host}").touch()
    gone = watched.until(lambda one: isinstance(one, Event) and one.layer == "hosts" and one.host == "haproxy1")
    assert isinstance(gone, Event) and gone.text == "haproxy1 was there, and is not answering"
    shown = watched.until(lambda one: isinstance(one, Snapshot))
    assert isinstance(shown, Snapshot)
    assert "can't be reached: no route to 192.0.2." in shown.state["vrrp"]["haproxy1"]["reason"]
    for host in range(256):
        (watched.folder / f"away-192.0.2.{host}").unlink()
    back = watched.until(lambda one: isinstance(one, Event) and one.layer == "hosts" and one.host == "haproxy1")
    assert isinstance(back, Event) and back.text == "haproxy1 was not answering, and is there"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_it_ends(watched: Watched, number: signal.Signals) -> None:
    watched.until(lambda one: True)
    assert len(watched.clients()) == 2
    watched.process.send_signal(number)
    assert watched.process.wait(10) == (0 if number is not signal.SIGKILL else -signal.SIGKILL)
    end = time.monotonic() + 10
    while watched.clients():
        assert time.monotonic() < end, "clients are left"
        time.sleep(0.05)


def test_it_ends_when_nobody_reads(watched: Watched) -> None:
    watched.until(lambda one: True)
    assert watched.process.stdout is not None
    watched.process.stdout.close()
    assert watched.process.wait(10) == 0
    assert watched.clients() == []


def test_the_verb_prints_what_is_so_then_each_change_and_ends_with_the_last_verdict(tmp_path: Path) -> None:
    one = Watched(tmp_path, "tui.main", "status", "--watch", "--plain")
    assert one.process.stdout is not None
    try:
        first = one.process.stdout.readline().decode().split("\t")
        assert first[0] == "cluster" and first[3].startswith("seen at ")
        for host in range(256):
            (tmp_path / f"away-192.0.2.{host}").touch()
        for pid in one.clients():
            os.kill(pid, signal.SIGKILL)
        for line in one.process.stdout:
            at, *fields = line.decode().rstrip("\n").split("\t")
            if fields == ["hosts", "haproxy1", "UNKNOWN", "haproxy1 was there, and is not answering"]:
                break
        assert at.startswith("20")
        one.process.send_signal(signal.SIGINT)
        assert one.process.wait(10) in (Verdict.UNKNOWN.exit_code, Verdict.FAIL.exit_code)
    finally:
        one.process.kill()
        one.process.wait()


def test_a_sign_of_the_lock_holds_nothing_up_and_asks_nobody_else_for_it() -> None:
    async def stirred(layer: str) -> tuple[bool, list[str]]:
        whole = Watch(SPEC, 1.0, Stream(os.open(os.devnull, os.O_WRONLY), lambda: None))
        now = asyncio.get_running_loop().time() + 0.01
        for host in whole.hosts:
            host.turns.due(now)
            for name in PERIODS:
                host.turns.answered(name, now)
        whole._stirred("mysql1", (layer,))
        return whole._memory.holds, [host.name for host in whole.hosts if host.turns.due(now + 0.1)]

    assert asyncio.run(stirred("lock")) == (False, [])
    assert asyncio.run(stirred("galera")) == (True, ["mysql2", "mysql3"])
