"""A host is waited for as long as is said, by the time in which this process could listen."""

from __future__ import annotations

import time

import gevent
import pytest
from pyinfra.connectors.util import CommandOutput

from facts.galera_recovery import TablespacePosition
from operations import hosts
from operations.patience import TICK, within


def test_what_ends_in_time_is_returned_and_what_it_raises_is_raised(capfd: pytest.CaptureFixture[str]) -> None:
    assert within(5, lambda: 7) == 7
    with pytest.raises(OSError, match="refused"):
        within(5, lambda: (_ for _ in ()).throw(OSError("refused")))
    assert capfd.readouterr().err == ""


def test_what_does_not_end_goes_no_further() -> None:
    went_on = []

    def work() -> None:
        gevent.sleep(0.3)
        went_on.append(True)

    with pytest.raises(TimeoutError, match=r"no answer within 0.1 s"):
        within(0.1, work)
    gevent.sleep(0.4)
    assert not went_on


def test_while_this_process_does_not_run_nobody_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each wait ends ten seconds late, and the answer comes with the fifth.
    now = [0.0]
    waits = []

    class Late:
        value = "answer"

        def join(self, seconds: float) -> None:
            waits.append(seconds)
            now[0] += 10

        def ready(self) -> bool:
            return len(waits) == 5

        def kill(self, block: bool) -> None:
            pass

    monkeypatch.setattr(gevent, "spawn", lambda _: Late())
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    assert within(2, lambda: "") == "answer"
    waits.clear()
    with pytest.raises(TimeoutError):
        within(4 * TICK, lambda: "")
    assert len(waits) == 4


def test_who_is_interrupted_leaves_nothing_that_goes_on() -> None:
    went_on = []

    def work() -> None:
        gevent.sleep(0.2)
        went_on.append(True)

    waiting = gevent.spawn(within, 5, work)
    gevent.sleep(0.05)
    waiting.kill()
    gevent.sleep(0.4)
    assert not went_on


def test_a_fact_that_takes_longer_is_waited_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[int] = []

    def run(name: str, command: str, *, timeout: int) -> tuple[bool, CommandOutput]:
        waited.append(timeout)
        return True, CommandOutput([])

    monkeypatch.setattr(hosts, "_run", run)
    hosts.look_all(["mysql1"], TablespacePosition, within=75)
    hosts.look_all(["mysql1"], TablespacePosition)
    assert waited == [75, hosts.LOOK]
