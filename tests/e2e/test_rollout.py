"""A changed inventory on real hosts: what the plan says of it; how it is brought in, stopped, resumed and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cluster.exits import CONFIG
from cluster.galera.names import GALERA_BACKEND
from cluster.haproxy.names import HAPROXY_ADMIN_SOCKET
from cluster.outcome import Outcome
from cluster.wire.journal import Intent, StepResult
from engine.known_runs import Run, read, runs
from engine.paths import runs_path
from engine.probes.prober import Prober
from engine.probes.sql import query
from inventory import CLUSTER
from tests.e2e import lab
from tests.e2e.conftest import Deployment
from tests.e2e.operator import writer
from tests.pace import stretched, wait_until

pytestmark = pytest.mark.lab

NODES = ("mysql1", "mysql2", "mysql3")
SETTINGS = "/etc/mysql/mariadb.conf.d/60-hatui.cnf"

INVENTORY = """
import runpy
from cluster.spec import Role
from deploy.inventory import cluster_of, members
DATA = runpy.run_path("inventory.py")["DATA"]
DATA |= {changes!r}
CLUSTER = cluster_of(DATA)
haproxy, galera, controller, network = (members(CLUSTER, role) for role in Role)
"""


def sessions(number: int) -> dict[str, Any]:
    return {"galera": {"settings": {"max_connections": number}}}


def limit(number: int) -> dict[str, Any]:
    """HAProxy's: of the rollouts, the quickest."""
    return {"haproxy": {"max_connections": number}}


def limits() -> list[int]:
    """What each balancer's file has."""
    asked = "sed -n 's/^ *maxconn //p' /etc/haproxy/haproxy.cfg | tail -1"
    return [int(lab.ssh(name, asked)) for name in ("haproxy1", "haproxy2")]


def hatui(*arguments: str) -> subprocess.CompletedProcess[str]:
    return lab.run(sys.executable, "-m", "tui.main", *arguments, check=False, timeout=900)


class Rollout:
    """One inventory that differs from what is deployed, and the verbs on it."""

    def __init__(self, folder: Path, left: dict[str, dict[str, Any]]) -> None:
        self.path = folder / "changed.py"
        self.layers: set[str] = set()
        """Those that were rolled out."""
        self.changes: dict[str, Any] = {}
        self.stays = True
        """Whether the next test may begin with it."""
        self._left = left
        self._differing: set[str] = set()

    def differs(self, changes: dict[str, Any], *layers: str) -> None:
        """The inventory has these sections instead: settings of `layers`, by default of those with their names.

        The rest is what a former test has left: each needs a value of its own, so that there is something to do.
        """
        self.changes = changes
        left = {name: section for sections in self._left.values() for name, section in sections.items()}
        self.path.write_text(INVENTORY.format(changes={**left, **changes}))
        self._differing = set(layers or changes)

    def plan(self, *options: str) -> subprocess.CompletedProcess[str]:
        return hatui("plan", "--inventory", str(self.path), *options)

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        self.layers |= self._differing
        return hatui("rollout", "--inventory", str(self.path), "--yes", "--reason", "a test", *options)

    def begin(self, *options: str) -> tuple[subprocess.Popen[bytes], Path]:
        """Begin a rollout, and wait for its journal."""
        self.layers |= self._differing
        before = set(runs_path(CLUSTER.name).glob("*.jsonl"))
        command = [sys.executable, "-m", "tui.main", "rollout", "--inventory", str(self.path)]
        process = subprocess.Popen(
            [*command, "--yes", "--reason", "a test", *options], cwd=lab.ROOT, stdout=subprocess.DEVNULL
        )
        new: set[Path] = set()

        def begun() -> bool:
            new.update(set(runs_path(CLUSTER.name).glob("*.jsonl")) - before)
            return bool(new) and read(min(new)) is not None

        wait_until(begun, 120, "the rollout's journal")
        return process, min(new)


@pytest.fixture(scope="module")
def left(cluster: Deployment) -> Iterator[dict[str, dict[str, Any]]]:
    """What former tests have brought in and left, by the layer: taken out at the end of the file."""
    found: dict[str, dict[str, Any]] = {}
    yield found
    for layer in found:
        lab.deploy(layer)


@pytest.fixture
def change(healthy: None, left: dict[str, dict[str, Any]], tmp_path: Path) -> Iterator[Rollout]:
    """An inventory to be changed."""
    rollout = Rollout(tmp_path, left)
    yield rollout
    # A test that failed may have left a run that goes on: it holds the lock.
    wait_until(lambda: not any(run.alive for run in runs(CLUSTER.name)), 240, "the test's runs have ended")
    lab.repair()
    for layer in sorted(rollout.layers):
        if rollout.stays and rollout.plan("--layer", layer).returncode == 0:
            # To restart every node once more takes longer than most tests.
            left[layer] = {**left.get(layer, {}), **rollout.changes}
        else:
            left.pop(layer, None)
            lab.deploy(layer)


def last_run() -> Run:
    return next(runs(CLUSTER.name))


def taken(run: Run) -> list[str]:
    """The stages of a run whose steps succeeded, in their order."""
    stages = {one.step: one.stage for one in run.after if isinstance(one, Intent)}
    return [stages[one.step] for one in run.after if isinstance(one, StepResult) and one.ok and stages[one.step]]


def order(run: Run) -> list[str]:
    """The hosts in the order in which they were changed."""
    return list(dict.fromkeys(stage.split("/")[1] for stage in taken(run)))


def drained() -> list[str]:
    return [
        f"{server['name']} on {name}"
        for name, node in lab.status()["state"]["haproxy"].items()
        for server in node.get("servers", ())
        if server["status"].startswith(("MAINT", "DRAIN"))
    ]


def max_connections() -> list[str]:
    return [lab.ssh(name, "mariadb -NBe 'SELECT @@max_connections'").strip() for name in NODES]


def told(path: Path, event: type[Intent | StepResult], step: int) -> bool:
    run = read(path)
    return run is not None and any(isinstance(one, event) and one.step == step for one in run.after)


def test_a_plan_tells_the_change_the_hosts_and_the_stages_shows_no_secret_and_changes_nothing(change: Rollout) -> None:
    assert hatui("plan").returncode == 0
    change.differs({**sessions(1301), "haproxy": {"max_connections": 3901}, "corosync": {"token_ms": 1100}})
    before = [lab.ssh(name, f"sha256sum {SETTINGS}") for name in NODES]
    last = writer()
    done = change.plan("--json")
    assert done.returncode == 10, done.stderr
    found = json.loads(done.stdout)
    names = [stage["name"] for stage in found["stages"]]
    assert [name.split("/")[0] for name in names] == ["haproxy"] * 2 + ["galera"] * 3 + ["pacemaker"]
    assert names[4] == f"galera/{last}" and names[5] == "pacemaker/all"
    assert {"-max_connections = 2000", "+max_connections = 1301"} <= {
        line for one in found["changes"] if one["host"] == "mysql2" for line in one["diff"]
    }
    assert all("MariaDB is drained" in stage["effects"][0] for stage in found["stages"][2:5])
    table, plain = change.plan(), change.plan("--plain", "--layer", "galera")
    assert (table.returncode, plain.returncode) == (10, 10)
    assert "+max_connections = 1301" in table.stdout
    assert {line.split("\t")[0] for line in plain.stdout.splitlines()} == {f"galera/{name}" for name in NODES}
    for secret in lab.secrets().values():
        assert secret not in done.stdout + done.stderr + table.stdout + table.stderr + plain.stdout
    assert [lab.ssh(name, f"sha256sum {SETTINGS}") for name in NODES] == before
    lab.all_ok(within=30)


def test_what_can_not_be_told_is_neither_nothing_nor_something(change: Rollout) -> None:
    with lab.fault("power", "net02"):
        done = hatui("plan")
    assert (done.returncode, done.stdout) == (3, "") and "net02" in done.stderr
    assert hatui("plan", "--inventory", "no-such.py").returncode == CONFIG


def test_a_setting_is_rolled_out_canary_first_writer_last_and_no_client_notices(change: Rollout) -> None:
    change.differs(sessions(1302))
    last = writer()
    canary = next(name for name in reversed(NODES) if name != last)
    with Prober(query(lab.VIP, lab.secret_of("probe")), rate=20) as prober:
        done = change.run("--canary", canary, "--soak", "3s")
    assert done.returncode == 0, done.stdout + done.stderr
    found = order(last_run())
    assert found[0] == canary and found[-1] == last and sorted(found) == list(NODES)
    assert prober.felt.failed == 0, str(prober.felt)
    assert max_connections() == ["1302"] * 3
    assert drained() == []
    assert change.plan().returncode == 0
    assert "It is so already" in change.run().stdout


@pytest.mark.thorough("by keys, and of HAProxy, it is in test_console_moves")
def test_it_pauses_and_is_resumed_or_aborted_and_says_what_that_leaves(change: Rollout) -> None:
    change.differs(sessions(1303))
    done = change.run("--soak", "1", "--pause-after", "canary")
    assert done.returncode == Outcome.STOPPED.exit_code
    (first,) = order(last_run())
    others = list(dict.fromkeys(filter(None, last_run().begin.hosts[3:])))
    assert max_connections().count("1303") == 1
    aborted = hatui("rollout", "--inventory", str(change.path), "--abort", "--yes")
    assert aborted.returncode == 0, aborted.stdout + aborted.stderr
    assert sorted([first, *others]) == list(NODES)
    assert f"done, and stays done: galera/{first}" in aborted.stdout
    assert all(f"not done: galera/{name}" in aborted.stdout for name in others)
    assert f"another than the inventory: {', '.join(sorted(others))}" in aborted.stdout
    nothing = change.run("--resume")
    assert nothing.returncode == Outcome.REFUSED.exit_code and "no rollout that stopped" in nothing.stderr
    assert change.run("--soak", "0", "--pause-after", f"galera/{others[0]}").returncode == Outcome.STOPPED.exit_code
    resumed = change.run("--resume")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert order(last_run()) == [others[1]]
    assert max_connections() == ["1303"] * 3


def test_a_host_without_power_in_the_middle_stops_it_and_it_is_resumed_when_it_is_back(change: Rollout) -> None:
    change.differs(sessions(1304))
    process, path = change.begin("--soak", "0")
    wait_until(lambda: told(path, StepResult, 1), 120, "the canary's end")
    begun = read(path)
    assert begun
    # No controller: fencing would bring it back before the next gate.
    victim = begun.begin.hosts[2]
    with lab.fault("power", victim):
        assert process.wait(300) == Outcome.STOPPED.exit_code
        run = read(path)
        assert run and run.end and victim in run.end.reason
        assert change.run("--resume").returncode == Outcome.REFUSED.exit_code
    lab.all_ok(within=180)
    resumed = change.run("--resume")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert max_connections() == ["1304"] * 3 and drained() == []


@contextmanager
def small_disk(host: str) -> Iterator[str]:
    """A database node's data are on a disk of their own that has some room yet; gives the file that takes it."""
    data = "/var/lib/mysql"
    with lab.fault("full", host, path=data, unit="mariadb", free=1024):
        lab.all_ok(within=60)
        yield f"{data}/fills"


def fill(host: str, file: str) -> None:
    left = f"df --output=avail -B1 {file.rpartition('/')[0]} | tail -1"
    # What the file system needs for itself is lacking at the very end: all is taken by then.
    lab.ssh(host, f"fallocate -l $({left}) {file}; [ $({left}) -lt 100000 ]")


@pytest.mark.thorough("a stage that fails is that of the host without power, too")
def test_a_disk_that_fills_up_in_the_middle_stops_it_and_no_client_notices(change: Rollout) -> None:
    change.differs(sessions(1306))
    last = writer()
    canary, victim = (name for name in reversed(NODES) if name != last)
    with small_disk(victim) as file, Prober(query(lab.VIP, lab.secret_of("probe")), rate=20) as prober:
        process, path = change.begin("--canary", canary, "--soak", "5")
        wait_until(lambda: told(path, StepResult, 1), 120, "the canary's end")
        fill(victim, file)
        assert process.wait(300) == Outcome.STOPPED.exit_code
        run = read(path)
        assert run and run.end and victim in run.end.reason and "disk is full" in run.end.reason, run
        lab.ssh(victim, f"rm {file}")
        lab.all_ok(within=60)
        resumed = change.run("--resume", "--soak", "0")
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr
        assert max_connections() == ["1306"] * 3 and drained() == []
    assert prober.felt.failed == 0, str(prober.felt)


def test_a_gate_that_closes_during_the_soak_stops_it_and_says_what_would_open_it(change: Rollout) -> None:
    change.differs(limit(3905))
    process, path = change.begin("--soak", "120")
    wait_until(lambda: told(path, Intent, 2), 120, "the soak")
    admin = f"socat - UNIX-CONNECT:{HAPROXY_ADMIN_SOCKET}"
    lab.ssh("haproxy1", f"echo 'set server {GALERA_BACKEND}/mysql3 state maint' | {admin}")
    assert process.wait(stretched(20)) == Outcome.STOPPED.exit_code
    run = read(path)
    assert run and run.end and "`hatui undrain mysql3`" in run.end.reason
    assert order(run) == ["haproxy2"] or order(run) == ["haproxy1"]
    lab.ssh("haproxy1", f"echo 'set server {GALERA_BACKEND}/mysql3 state ready' | {admin}")
    lab.all_ok(within=30)
    assert change.run("--resume", "--soak", "1").returncode == 0


def test_what_somebody_restarts_beside_it_stands_in_its_outcome(change: Rollout) -> None:
    change.differs(limit(3906))
    process, path = change.begin("--soak", "10")
    wait_until(lambda: told(path, Intent, 2), 120, "the soak")
    beside = next(name for name in NODES if name != writer())
    # It is back at once. Whether the soak sees the node without it, and stops for that, is a matter of moments.
    lab.ssh(beside, "systemctl restart hatui-galera-check")
    assert process.wait(120) in (0, Outcome.STOPPED.exit_code)
    run = read(path)
    assert run and run.end and f"not by this run: hatui-galera-check on {beside}" in run.end.reason, run
    lab.all_ok(within=60)
    assert change.run("--soak", "1").returncode == 0


def kill(path: Path) -> None:
    """Kill the run's engine; its own deploy goes with it."""
    run = read(path)
    assert run
    pid = run.begin.pid
    found = subprocess.run(["pgrep", "-P", str(pid), "-f", "engine apply"], capture_output=True, check=False, text=True)
    os.kill(pid, signal.SIGKILL)
    for deploy in found.stdout.split():
        # Whoever is to take note of its end may be busy; it does nothing any more.
        wait_until(lambda: ended(deploy), 10, "no deploy goes on")  # noqa: B023


def ended(pid: str) -> bool:
    """Whether the process is gone, or only its exit code is left (proc(5), state Z)."""
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


another = pytest.mark.thorough("the same after another step")


@pytest.mark.parametrize("step", [1, *(pytest.param(step, marks=another) for step in (0, 2, 3))])
def test_killed_after_each_of_its_steps_it_is_run_again_and_ends_done(change: Rollout, step: int) -> None:
    change.differs(limit(3920 + step))
    process, path = change.begin("--soak", "1")
    wait_until(lambda: told(path, StepResult, step), 120, f"step {step}")
    kill(path)
    process.wait(30)
    again = change.run("--soak", "1")
    assert again.returncode == 0, again.stdout + again.stderr
    assert change.plan("--layer", "haproxy").returncode == 0
    assert drained() == []


@pytest.mark.thorough("killed after one of its steps it is in the test before it, of HAProxy")
@pytest.mark.parametrize("times", [1, 3])
def test_killed_in_the_middle_of_each_stage_it_is_run_again_and_leaves_nothing_drained(
    change: Rollout, times: int
) -> None:
    change.differs(sessions(1307))
    killed: list[str] = []
    for _ in range(times):
        process, path = change.begin("--soak", "0")
        run = read(path)
        assert run
        stage = next((number for number, name in enumerate(run.begin.steps) if name.startswith("galera/")), None)
        if stage is None:
            # A node that was drained for a moment only was passed over: nothing is left to be killed.
            process.wait(60)
            break
        wait_until(lambda: told(path, Intent, stage), 240, "the first stage")  # noqa: B023
        wait_until(drained, 60, "it is being drained")
        kill(path)
        process.wait(30)
        killed.append(run.id)
    again = change.run("--soak", "1")
    assert again.returncode == 0, again.stdout + again.stderr
    assert killed and any(killed[0] in run.begin.finishes for run in runs(CLUSTER.name))
    assert drained() == [] and max_connections() == ["1307"] * 3
    assert change.plan().returncode == 0


def test_a_canary_that_does_not_start_with_a_setting_is_taken_back_and_says_the_servers_own_words(
    change: Rollout,
) -> None:
    before = lab.ssh("mysql1", f"sha256sum {SETTINGS}")
    change.differs({"galera": {"settings": {"tmpdir": "/nonexistent"}}})
    done = change.run("--canary", "mysql1", "--soak", "1")
    assert done.returncode == Outcome.REVERTED.exit_code, done.stdout + done.stderr
    said = done.stdout.splitlines()[-1]
    assert "/nonexistent" in said and "systemctl status" not in said, said
    lab.all_ok(within=30)
    assert lab.ssh("mysql1", f"sha256sum {SETTINGS}") == before and drained() == []
    # The way back that the plan named: there is nothing left to do.
    change.differs({})
    assert "It is so already" in change.run().stdout


def test_a_host_that_is_down_by_its_settings_holds_up_no_rollout_that_mends_it(change: Rollout) -> None:
    lab.ssh("mysql1", f"sed -i 's:^.mariadbd.$:&\\ntmpdir = /nonexistent:' {SETTINGS}; systemctl restart mariadb; true")
    change.differs({})
    done = change.run("--soak", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert order(last_run()) == ["mysql1"] and drained() == []
    lab.all_ok(within=30)
