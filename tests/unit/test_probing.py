"""The prober's process, and the engine's side of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster.spec import Cluster
from cluster.validate import cluster_spec
from engine.probing import Probing
from engine.start import own
from tests.unit.inventories import inventory
from tests.unit.servers import GREETING, free_port, saying, serving
from tui.follow import felt_line

SECRET = "never to be seen in an argument"


@contextmanager
def prober(*, port: int, service: str = "amqp") -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(own("engine.probes"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdin is not None
        target = {"host": "127.0.0.1", "port": port, "password": SECRET}
        process.stdin.write(json.dumps({"services": {service: target}}) + "\n")
        process.stdin.flush()
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line: dict[str, Any] = json.loads(process.stdout.readline())
    return line


def test_it_says_what_does_not_succeed_and_measures_it_all_the_same() -> None:
    with serving(saying(GREETING)) as port, prober(port=port) as process:
        ready = said(process)
        assert ready["ready"] is False and "the stream does not open" in ready["reason"]
        assert SECRET not in Path(f"/proc/{process.pid}/cmdline").read_text()
        assert process.stdin is not None
        process.stdin.write("stop\n")
        process.stdin.flush()
        felt = said(process)["services"]["amqp"]
        assert process.wait(30) == 0
    assert felt["failed"] == 0 and felt["probes"] > 100 and felt["stream"]["gap_ms"] is None
    assert SECRET not in json.dumps([ready, felt])


def test_it_ends_when_whoever_started_it_is_gone() -> None:
    with prober(port=free_port()) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        assert process.wait(30) == 0
        process.stdin = process.stdout = None


def test_it_refuses_what_it_can_not_measure() -> None:
    with prober(port=1, service="ftp") as process:
        assert "ftp can't be measured" in said(process)["note"]
        assert process.wait(30) == 2


def test_it_ends_by_itself_when_it_was_forgotten() -> None:
    short = "import engine.probes.__main__ as it; it.READY_WITHIN = it.LIFE = 0.2; it.main()"
    process = subprocess.Popen([sys.executable, "-c", short], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdin is not None
        target = {"host": "127.0.0.1", "port": free_port(), "password": SECRET}
        process.stdin.write(json.dumps({"services": {"amqp": target}}) + "\n")
        process.stdin.flush()
        assert said(process)["ready"] is False
        report = said(process)
        assert "ended by itself" in report["note"] and report["services"]["amqp"]["probes"] > 0


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The VIP is this machine, and nothing listens there."""
    monkeypatch.setenv("HATUI_SECRET_PROBE", SECRET)
    monkeypatch.setattr("engine.probing.SETTLING", 0.0)
    whole = cluster_spec(inventory())
    return replace(
        whole,
        keepalived=replace(whole.keepalived, vip="127.0.0.1"),
        haproxy=replace(whole.haproxy, database_port=free_port(), queue_port=free_port()),
    )


def test_services_that_never_answer_are_measured_as_that(cluster: Cluster) -> None:
    probing = Probing(cluster, ("sql", "amqp"))
    why_not = probing.start()
    assert why_not and "sql: no new connection has succeeded (connection refused)" in why_not
    felt = probing.stop()
    assert set(felt) == {"sql", "amqp"}
    for service, one in felt.items():
        assert one["failed"] == one["probes"] > 100 and one["p99_ms"] is None
        assert one["gap_ms"] == pytest.approx(1000 * one["seconds"], abs=1000)
        assert f"{service}: {one['failed']} of {one['failed']} new connections failed" in felt_line(service, one)
        assert "p99 unknown; open stream: never opened" in felt_line(service, one)


def test_a_prober_that_dies_leaves_a_reason_and_no_figure(cluster: Cluster) -> None:
    probing = Probing(cluster, ("sql",))
    probing.start()
    assert probing._prober is not None
    os.kill(probing._prober._process.pid, signal.SIGKILL)
    time.sleep(0.1)
    felt = probing.stop()
    assert felt == {"sql": {"reason": "the probes: their process ended early: without a word"}}
    assert felt_line("sql", felt["sql"]) == (
        "sql: not measured (the probes: their process ended early: without a word)"
    )


def test_what_can_not_be_started_or_is_not_known_is_said(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Probing(cluster, ())
    assert nothing.start() is None and nothing.stop() == {}
    unknown = Probing(cluster, ("ftp",))
    assert unknown.start() == "the probes: ftp can't be measured, only sql, amqp can"
    assert unknown.stop() == {"ftp": {"reason": "the probes: ftp can't be measured, only sql, amqp can"}}
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    gone = Probing(cluster, ("sql",))
    assert "No such file" in (gone.start() or "")
    assert "No such file" in gone.stop()["sql"]["reason"]


def test_it_imports_nothing_heavy() -> None:
    heavy = "sorted({name.partition('.')[0] for name in sys.modules} & {'pyinfra', 'gevent', 'textual'})"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, engine.probes.__main__; print({heavy})"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
