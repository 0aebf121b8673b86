"""Every change that the console can bring about, typed into a real terminal, on real hosts."""

from __future__ import annotations

import pytest

from engine.known_runs import runs
from inventory import CLUSTER
from tests.e2e import lab
from tests.e2e.dialogs import agreed, chosen, ended_done, rolled_out, unlocked
from tests.e2e.operator import holder
from tests.e2e.terminal import Terminal, terminal
from tests.e2e.test_recovery import killed
from tests.e2e.test_rollout import Rollout, change, left, limit, limits
from tests.pace import wait_until

__all__ = ["change", "left"]

pytestmark = pytest.mark.lab


def done(screen: Terminal, within: float = 120) -> None:
    """The run that was begun is followed to its end; back to the overview."""
    ended_done(screen, within=within)
    screen.keys("Escape", "Escape")
    screen.wait("LAYER")


def test_a_host_is_drained_and_put_back(healthy: None) -> None:
    with terminal() as screen:
        unlocked(screen)
        screen.keys("d")
        screen.wait("Drain: which host?")
        chosen(screen, "mysql3")
        agreed(screen, "mysql3")
        done(screen)
        assert "mysql3" in lab.drained(lab.status())
        screen.wait("mysql3 MAINT", within=10)
        screen.keys("u")
        screen.wait("Put back into service: which host?")
        chosen(screen, "mysql3")
        screen.wait("y: go on", within=30)
        screen.keys("y")
        done(screen)
        assert not lab.drained(lab.status())
        screen.wait("● OK 8", within=30)


def test_a_layer_is_restarted_host_by_host(healthy: None) -> None:
    before = workers()
    with terminal() as screen:
        unlocked(screen)
        screen.keys("R")
        screen.wait("Restart, host by host: which layer?")
        chosen(screen, "haproxy")
        agreed(screen, "haproxy")
        done(screen)
    after = workers()
    assert len(before) == 2 and all(before[name] != after[name] for name in before)


def workers() -> dict[str, int]:
    """The process that serves on each balancer: a reload brings another."""
    return {name: node["pid"] for name, node in lab.status()["state"]["haproxy"].items()}


def test_a_resource_is_moved(healthy: None) -> None:
    with terminal() as screen:
        unlocked(screen)
        before = place()
        screen.keys("s")
        screen.wait("Switch over: what?")
        screen.keys("End", "Enter")
        screen.wait("which resource?")
        chosen(screen, "controller-vip")
        target = next(name for name in ("cc01", "cc02", "cc03") if name != before)
        screen.wait("to where?", within=20)
        chosen(screen, target)
        agreed(screen, target)
        done(screen)
        assert place() == target
        screen.wait(f"VIP .48 {target}", within=5)


def place() -> str:
    """Where the controllers' VIP is."""
    return holder("controller_vip", lab.CONTROLLER_VIP)


def test_a_rollout_is_paused_resumed_stopped_and_aborted(change: Rollout) -> None:
    change.differs(limit(3912))
    change.layers.add("haproxy")
    with terminal("--inventory", str(change.path)) as screen:
        unlocked(screen)
        rolled_out(screen, soak=20)
        paused(screen)
        assert limits().count(3912) == 1
        screen.keys("r")
        agreed(screen, "haproxy", reason="")
        screen.wait("▶ RUNNING", within=30)
        ended_done(screen, within=240)
        assert limits() == [3912] * 2
        change.differs(limit(3913))
        screen.keys("Escape", "Escape")
        rolled_out(screen, soak=20)
        paused(screen)
        screen.keys("a")
        screen.wait("y: go on", "not done", within=60)
        screen.keys("y")
        ended_done(screen, within=60)
    assert limits().count(3913) == 1
    aborted, stopped, resumed, first = list(runs(CLUSTER.name))[:4]
    assert [run.outcome for run in (first, resumed, stopped, aborted)] == ["STOPPED", "DONE", "STOPPED", "DONE"]
    assert aborted.begin.runbook == "rollout_abort" and resumed.begin.why == first.begin.why == "a test"


def paused(screen: Terminal) -> None:
    """Ask it to stop during the soak, and see that it has."""
    screen.wait("▶  now", "soak", within=120)
    screen.keys("p")
    screen.wait("Pause: Roll out haproxy?")
    screen.keys("y")
    screen.wait("▲ STOPPED", within=60)


@pytest.mark.thorough("by the verb it is in test_recovery")
def test_a_database_that_was_all_down_is_brought_back(healthy: None) -> None:
    with terminal() as screen:
        unlocked(screen)
        killed()
        screen.wait("galera     ✖ FAIL", within=20)
        screen.keys("C")
        screen.wait("Recover: which cluster?")
        screen.keys("Home", "Enter")
        screen.wait("Nothing has been changed", within=60)
        screen.wait("galera", "seqno")
        agreed(screen, word(screen))
        done(screen, within=240)
        screen.wait("● OK 8", within=60)


def word(screen: Terminal) -> str:
    """What the dialog wants typed."""
    (line,) = [line for line in screen.text().splitlines() if " to confirm" in line]
    return line.split("type ")[1].split(" to confirm")[0]


def test_the_palette_the_help_and_the_filter(healthy: None) -> None:
    with terminal() as screen:
        screen.wait("● OK 8", within=15)
        screen.keys("?")
        screen.wait("Keys (esc: back)", "look, and change nothing")
        screen.keys("Escape", ":")
        screen.type("gates")
        screen.wait("what must be so")
        screen.keys("Enter")
        screen.wait("NEED", "NOW")
        screen.keys("3", "/")
        screen.type("answered")
        screen.keys("Enter")
        screen.wait("answered after")
        screen.keys("q")
        wait_until(screen.dead, 10, "the console has ended")
