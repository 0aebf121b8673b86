"""The console in a real terminal, over real hosts and faults: what happens is on the screen, what is typed is done."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from cluster.wire.observed import Event, told
from engine.known_runs import runs
from inventory import CLUSTER
from tests.e2e import lab
from tests.e2e.dialogs import agreed, chosen, ended_done, rolled_out, unlocked
from tests.e2e.operator import other, owner, writer
from tests.e2e.terminal import Terminal, terminal
from tests.e2e.test_rollout import Rollout, change, left, limit
from tests.pace import Limit, stretched, wait_until
from tui.recording.read import Recording

__all__ = ["change", "left"]

pytestmark = pytest.mark.lab

WITHIN = 1.0
"""Seconds from the engine's event to the screen."""


def seen(screen: Terminal, cause: Callable[[], object], *texts: str, within: float = 20) -> None:
    """What `cause` brings about is on the screen within a second of the engine's event, for each of `texts`."""
    # What was caused just before counts too.
    begun = time.time() - 2
    cause()
    for text in texts:
        screen.wait(text, within=within)
        shown = time.time()
        took = shown - told_at(text, begun)
        print(f"{text}: on the screen {took:.2f} s after the event")
        assert took <= stretched(WITHIN), f"{text}: {took:.2f} s"


def told_at(text: str, since: float) -> float:
    """When the console's engine told of it, by the console's own recording, which has it a second later."""
    limit = Limit(5)
    while not limit.is_over():
        for at, line in Recording.of_cluster(CLUSTER.name).lines(since):
            if isinstance(event := told(line), Event) and text in event.text:
                return at
        time.sleep(0.2)
    raise AssertionError(f"it was not recorded: {text}")


def test_each_fault_is_on_the_screen_within_a_second(healthy: None) -> None:
    with terminal(columns=160, rows=48) as screen:
        screen.wait("● OK 8", within=15)
        # Former tests have moved the VIP too, and are in the same recording.
        begun = time.time()
        # The replay goes back to a time at which all was well.
        time.sleep(3)
        first = owner()
        second = other(first, "haproxy1", "haproxy2")
        with service_down(first, "keepalived"):
            seen(screen, lambda: None, f"and is {second}")
            screen.wait(f"VIP .47 {second}", within=2)
        with service_down("mysql3", "hatui-galera-check"):
            seen(screen, lambda: None, "galera/mysql3 on haproxy1 was UP, and is DOWN")
        with ExitStack() as broken:
            seen(
                screen,
                lambda: broken.enter_context(lab.fault("power", "net02")),
                "net02 was there, and is not answering",
            )
            screen.wait("? net02 UNKNOWN", within=2)
        with ExitStack() as broken:
            seen(
                screen,
                lambda: [broken.enter_context(lab.fault("cut", "mysql3", name)) for name in ("mysql1", "mysql2")],
                # It may be unknown for a moment, until it has answered after what the others say.
                "and is Initialized, non-Primary of",
            )
        screen.wait("● OK 8", within=90)
        with ExitStack() as broken:
            seen(
                screen,
                lambda: broken.enter_context(lab.fault("cut", "haproxy1", "haproxy2")),
                "and is haproxy1, haproxy2",
            )
            screen.wait("keepalived ✖ FAIL", within=2)
        screen.wait("● OK 8", within=60)
        screen.keys("q")
        wait_until(screen.dead, 2, "the console has ended")
    replayed(begun, first, second)


def replayed(begun: float, first: str, second: str) -> None:
    """The same again from the console's own recording: from before the VIP moved, to the node that was cut off."""
    moved = told_at(f"and is {second}", begun)
    before = time.strftime("%H:%M:%S", time.localtime(moved - 2))
    with terminal("replay", "--at", before) as screen:
        screen.wait("REPLAY", f"VIP .47 {first}", before[:-1], within=10)
        screen.keys("Space")
        screen.wait("REPLAY paused")
        for _ in range(60):
            if screen.shows(f"VIP .47 {second}"):
                break
            screen.keys(".")
        screen.wait(f"VIP .47 {second}")
        screen.keys("U", "s")
        assert not screen.shows("Unlock") and not screen.shows("Switch over")
        screen.keys("+", "+", "+", "Space")
        screen.wait("REPLAY x10")
        screen.wait("galera", "mysql3 FAIL", within=30)
        screen.keys("<", "<", "<", "<", "Space")
        screen.wait("REPLAY paused")
        screen.keys("q")
        wait_until(screen.dead, 2, "the replay has ended")


@contextmanager
def service_down(host: str, unit: str) -> Iterator[None]:
    """A unit is stopped, and started again whatever comes. This goes on while it stops: that is when it is told of."""
    with ExitStack() as broken:
        with ThreadPoolExecutor(1) as hand:
            stopping = hand.submit(broken.enter_context, lab.fault("stop", host, unit=unit))
            yield
        stopping.result()


def test_the_vip_and_the_writer_are_moved_from_the_screen(healthy: None) -> None:
    with terminal() as screen:
        target = other(owner(), "haproxy1", "haproxy2")
        screen.wait("age", "VIP .47", within=15)
        screen.keys("s")
        screen.wait("The console is locked: U unlocks it.")
        unlocked(screen)
        screen.keys("s")
        screen.wait("Switch over: what?")
        screen.keys("Home", "Enter")
        screen.wait("owns it already", f"{target}  ok", within=20)
        screen.keys("Enter")
        agreed(screen, target)
        ended_done(screen, "What clients felt", within=60)
        assert owner() == target
        screen.keys("Escape", "Escape")
        database = other(writer(), "mysql1", "mysql2")
        screen.keys("s")
        screen.wait("Switch over: what?")
        screen.keys("Home", "Down", "Enter")
        screen.wait("to where?", within=20)
        chosen(screen, database)
        agreed(screen, database)
        ended_done(screen, "What clients felt", within=120)
        assert writer() == database


def test_a_terminal_that_is_lost_stops_no_run(change: Rollout) -> None:
    change.differs(limit(3911))
    change.layers.add("haproxy")
    with terminal("--inventory", str(change.path)) as screen:
        unlocked(screen)
        rolled_out(screen, soak=20)
        console = screen.pid
    wait_until(lambda: not alive(console), 5, "the console is gone with its terminal")
    run = next(runs(CLUSTER.name))
    assert run.alive and run.outcome is None
    with terminal() as screen:
        screen.wait("▶ Roll out haproxy", within=15)
        screen.keys("5")
        screen.wait("▶ RUNNING")
        screen.keys("Enter")
        screen.wait("Steps", "▶  now")
        ended_done(screen, within=240)
        assert screen.shows("a test")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_console_that_only_looks_can_not_be_unlocked(healthy: None) -> None:
    with terminal("--read-only") as screen:
        screen.wait("READ-ONLY", "age", within=15)
        screen.keys("U", "s", "d")
        time.sleep(0.5)
        assert screen.shows("READ-ONLY", "LAYER") and not screen.shows("Switch over")


def test_the_observer_ends_with_its_console_and_a_dead_one_is_begun_again(healthy: None) -> None:
    with terminal() as screen:
        screen.wait("● OK 8", within=15)
        (observer,) = children(screen.pid)
        os.kill(observer, signal.SIGSTOP)
        screen.wait("STALE", "? UNKNOWN 8", within=6)
        assert screen.shows("● OK 0")
        os.kill(observer, signal.SIGKILL)
        screen.wait("● OK 8", within=10)
        (again,) = children(screen.pid)
        screen.keys("q")
        wait_until(screen.dead, 2)
        wait_until(lambda: not alive(again), 5, "the observer has ended")


def children(pid: int) -> list[int]:
    """The observers that a console has begun; what it asks the hosts of others' runs is another process."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found if b"\0watch\0" in Path(f"/proc/{child}/cmdline").read_bytes()]
