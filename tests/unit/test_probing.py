"""The prober's process, and the engine's side of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.spec import Cluster
from cluster.validate import cluster_spec
from cluster.wire.journal import Measured
from cluster.wire.lines import FIRST, line
from cluster.wire.probes import Ready, Report, Target, Wanted
from engine.probing import Probing
from engine.start import own
from tests.unit.inventories import inventory
from tests.unit.servers import GREETING, free_port, saying, serving
from tests.unit.wired import exact
from tui.follow import felt_lines

SECRET = "never to be seen in an argument"


@contextmanager
def prober(*, port: int, service: str = "amqp") -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(own("engine.probes"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdin is not None
        process.stdin.write(line(Wanted({service: Target("127.0.0.1", port, SECRET)})).decode())
        process.stdin.flush()
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> Ready | Report:
    """Its next message."""
    assert process.stdout is not None
    text = process.stdout.readline()
    found: Ready | Report = exact(text if text.encode() != FIRST else process.stdout.readline(), Ready | Report)
    return found


def ready(process: subprocess.Popen[str]) -> Ready:
    found = said(process)
    assert isinstance(found, Ready)
    return found


def report(process: subprocess.Popen[str]) -> Report:
    found = said(process)
    assert isinstance(found, Report)
    return found


def test_it_says_what_does_not_succeed_and_measures_it_all_the_same() -> None:
    with serving(saying(GREETING)) as port, prober(port=port) as process:
        begun = ready(process)
        assert begun.ready is False and "the stream does not open" in begun.reason
        assert SECRET not in Path(f"/proc/{process.pid}/cmdline").read_text()
        assert process.stdin is not None
        process.stdin.write("stop\n")
        process.stdin.flush()
        felt = report(process).services["amqp"]
        assert process.wait(30) == 0
    assert felt.failed == 0 and felt.probes > 100 and felt.stream.gap_ms is None
    assert SECRET not in repr([begun, felt]) and SECRET not in repr(Wanted({"sql": Target("a", 1, SECRET)}))


def test_it_ends_when_whoever_started_it_is_gone() -> None:
    with prober(port=free_port()) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        assert process.wait(30) == 0
        process.stdin = process.stdout = None


def test_it_refuses_what_it_can_not_measure() -> None:
    with prober(port=1, service="ftp") as process:
        assert "ftp can't be measured" in report(process).note
        assert process.wait(30) == 2


def test_it_ends_by_itself_when_it_was_forgotten() -> None:
    short = "import engine.probes.__main__ as it; it.READY_WITHIN = it.LIFE = 0.2; it.main()"
    process = subprocess.Popen([sys.executable, "-c", short], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdin is not None
        process.stdin.write(line(Wanted({"amqp": Target("127.0.0.1", free_port(), SECRET)})).decode())
        process.stdin.flush()
        assert ready(process).ready is False
        last = report(process)
        assert "ended by itself" in last.note and last.services["amqp"].probes > 0


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
    assert set(felt.services) == {"sql", "amqp"} and not felt.unmeasured
    for service, one in felt.services.items():
        assert one.failed == one.probes > 100 and one.p99_ms is None
        assert one.gap_ms == pytest.approx(1000 * one.seconds, abs=1000)
        text = felt_lines(felt)[service]
        assert f"{service}: {one.failed} of {one.failed} new connections failed" in text
        assert "p99 unknown; open stream: never opened" in text


def test_a_prober_that_dies_leaves_a_reason_and_no_figure(cluster: Cluster) -> None:
    probing = Probing(cluster, ("sql",))
    probing.start()
    assert probing._prober is not None
    os.kill(probing._prober._process.pid, signal.SIGKILL)
    time.sleep(0.1)
    felt = probing.stop()
    assert felt == Measured(unmeasured={"sql": "the probes: their process ended early: without a word"})
    assert felt_lines(felt) == {"sql": "sql: not measured (the probes: their process ended early: without a word)"}


def test_what_can_not_be_started_or_is_not_known_is_said(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Probing(cluster, ())
    assert nothing.start() is None and nothing.stop() == Measured()
    unknown = Probing(cluster, ("ftp",))
    assert unknown.start() == "the probes: ftp can't be measured, only sql, amqp can"
    assert unknown.stop() == Measured(unmeasured={"ftp": "the probes: ftp can't be measured, only sql, amqp can"})
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    gone = Probing(cluster, ("sql",))
    assert "No such file" in (gone.start() or "")
    assert "No such file" in gone.stop().unmeasured["sql"]


def test_it_imports_nothing_heavy() -> None:
    heavy = "sorted({name.partition('.')[0] for name in sys.modules} & {'pyinfra', 'gevent', 'textual'})"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, engine.probes.__main__; print({heavy})"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
