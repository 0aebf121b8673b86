"""Whoever asks a running observer is told what is so after that; whoever gets no answer looks for himself."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster.health.verdict import Verdict
from cluster.layers import FACTS
from cluster.state import Unknown
from cluster.wire.lines import FIRST, line
from cluster.wire.observed import Snapshot, snapshot
from engine.observe import door
from engine.observe.door import asked, opened
from engine.observe.memory import Memory
from engine.paths import state_path
from engine.start import own
from tests.unit.test_health import SPEC
from tests.unit.test_watch import ROOT, Watched, watched

__all__ = ["watched"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # A path that is too long for a socket's name.
    home = tmp_path / ("long" * 40)
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    return home


def told(answer: Any, cluster: Any = SPEC) -> Any:
    """What somebody is told who asks an observer of SPEC for `cluster`."""

    async def both() -> bytes | None:
        async with opened(SPEC, answer):
            return await asyncio.to_thread(asked, cluster)

    return asyncio.run(both())


SNAPSHOT = Snapshot("book", 7.0, Verdict.OK, (), {})


async def answered() -> Snapshot:
    return SNAPSHOT


async def failed() -> Any:
    raise OSError("no more")


def test_who_asks_is_told_a_line_and_nothing_is_left() -> None:
    assert told(answered) == line(SNAPSHOT)
    assert list(state_path(SPEC.name).iterdir()) == []


def test_an_observer_of_another_inventory_is_not_asked() -> None:
    assert told(answered, replace(SPEC, haproxy=replace(SPEC.haproxy, max_connections=7))) is None


def test_one_that_ends_meanwhile_has_told_nothing() -> None:
    assert told(failed) is None


def test_where_there_is_none_nobody_is_waited_for() -> None:
    assert asked(SPEC) is None
    state_path(SPEC.name).mkdir(parents=True)
    (state_path(SPEC.name) / "observer").touch()
    assert asked(SPEC) is None


def test_one_that_is_frozen_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_ACCEPTS", 0.1)
    state_path(SPEC.name).mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as silent:
        monkeypatch.chdir(state_path(SPEC.name))
        silent.bind("observer")
        silent.listen()
        assert asked(SPEC) is None


def test_the_socket_is_the_user_s_alone_and_the_next_observer_takes_its_place() -> None:
    async def two() -> None:
        async with opened(SPEC, failed):
            path = state_path(SPEC.name) / "observer"
            assert path.stat().st_mode & 0o777 == 0o600
            async with opened(SPEC, answered):
                assert await asyncio.to_thread(asked, SPEC) == line(SNAPSHOT)
            assert not path.exists()

    asyncio.run(two())


def test_where_no_socket_can_be_made_the_observer_goes_on(home: Path) -> None:
    home.write_text("no folder")
    assert told(answered) is None


def test_what_was_asked_for_before_is_not_fresh() -> None:
    names = ("haproxy1", "haproxy2")
    two = replace(SPEC, hosts={name: SPEC.hosts[name] for name in names})
    memory = Memory(two, dict.fromkeys(FACTS, 1.0))
    layers = ("lock", "haproxy", "vrrp", "ports")
    assert not memory.fresh(0, 0)
    for name in names:
        memory.heard(name, 10)
        for layer in layers:
            memory.saw(name, layer, Unknown("a test"), 10, 9, 1)
    assert memory.fresh(9, 10) and not memory.fresh(9.5, 10)
    memory.heard("haproxy1", 11)
    for layer in layers:
        memory.saw("haproxy1", layer, Unknown("a test"), 11, 10, 1)
    assert not memory.fresh(9.5, 11)
    # One that has said nothing for so long is known to be away.
    memory.heard("haproxy1", 14)
    assert memory.fresh(9.5, 14)


def looked(one: Watched) -> bytes:
    command = [*own("engine", "look"), "--inventory", str(one.folder / "inventory.py")]
    environment = {**os.environ, "PATH": f"{one.folder}:{os.environ['PATH']}", "FOLDER": str(one.folder)}
    said = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True).stdout
    assert said.startswith(FIRST)
    return said.removeprefix(FIRST)


def test_a_look_goes_over_the_connections_of_a_running_observer(watched: Watched) -> None:
    watched.until(lambda one: True)
    connections = (watched.folder / "pids").read_text()
    before = time.time()
    found = snapshot(looked(watched))
    assert found.at >= before and found.took is not None and len(found.state["vrrp"]) == 2
    assert (watched.folder / "pids").read_text() == connections, "no connection of its own"
    os.kill(watched.process.pid, signal.SIGSTOP)
    assert len(snapshot(looked(watched)).state["vrrp"]) == 2
    assert (watched.folder / "pids").read_text() != connections
