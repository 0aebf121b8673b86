"""Total outages on real hosts: what comes back, what is refused, and that nothing acknowledged is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e import lab
from tests.e2e.messages import Publisher
from tests.e2e.test_rabbitmq import whole
from tests.e2e.writes import NODES, Writer
from tests.pace import wait_until

pytestmark = pytest.mark.lab

STATE = "/var/lib/mysql/grastate.dat"
VIEW = "/var/lib/mysql/gvwstate.dat"
BROKERS = ("cc01", "cc02", "cc03")


def hatui(*arguments: str, typed: str = "", timeout: float = 420) -> subprocess.CompletedProcess[str]:
    """A verb of hatui, whatever its end."""
    return lab.run(sys.executable, "-m", "tui.main", *arguments, check=False, timeout=timeout, stdin=f"{typed}\n")


def recover(service: str, force_from: str = "", *, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Recover the layer, agreed to beforehand; `typed` is what a person types where that is not enough."""
    choice = ["--set", f"force_from={force_from}"] if force_from else []
    return hatui("run", f"recover_{service}", "--yes", "--reason", "power cut", *choice, typed=typed)


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    said = done.stdout + done.stderr
    assert done.returncode == 21, said
    assert [word for word in words if word not in said] == [], said


def done(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 0 and "DONE" in ended.stdout, ended.stdout + ended.stderr
    return ended.stdout


def stop_all(*last: str) -> None:
    """Stop the servers cleanly, those named last."""
    for name in sorted(NODES, key=lambda name: last.index(name) if name in last else -1):
        lab.ssh(name, "systemctl stop mariadb")


def killed() -> None:
    """All servers die at once, level with one another, and do not come back by themselves."""
    for name in NODES:
        lab.ssh(name, "systemctl mask -q --runtime mariadb")
    wait_until(lambda: len({seqno(name) for name in NODES}) == 1, 10, "all nodes are level")
    with lab.fault("kill", *NODES, unit="mariadb"):
        for name in NODES:
            wait_until(lambda name=name: lab.ssh(name, "pidof mariadbd", check=False) == "", 10)  # type: ignore[misc]
            lab.ssh(
                name, "systemctl stop mariadb; systemctl unmask -q --runtime mariadb; systemctl reset-failed mariadb"
            )


def seqno(name: str) -> str:
    return lab.ssh(name, "mariadb -NBe \"SHOW STATUS LIKE 'wsrep_last_committed'\"").split()[1]


def sql(name: str, statements: str) -> str:
    return lab.ssh(name, "mariadb -NB", stdin=statements)


@pytest.fixture
def table(healthy: None) -> Iterator[str]:
    """A table with a few rows on all nodes; gone afterwards."""
    name = f"hatui_probe.recovery_{os.getpid()}"
    sql("mysql1", f"CREATE OR REPLACE TABLE {name} (id INT PRIMARY KEY, v INT); INSERT INTO {name} VALUES (1, 1);")
    yield name
    sql("mysql1", f"DROP TABLE IF EXISTS {name};")


def test_all_database_hosts_lose_power_under_load_and_no_acknowledged_write_is_lost(
    healthy: None, tmp_path: Path
) -> None:
    with Writer(tmp_path / "writes") as writer, ExitStack() as cut:
        writer.wait_for_acks(100, within=20)
        with lab.fault("power", *NODES):
            # No node can find the others again: their switch takes longer to start than they do, and what they remember
            # of each other is lost. Those that have read it already try anew without it.
            for pair in (("mysql1", "mysql2"), ("mysql1", "mysql3"), ("mysql2", "mysql3")):
                cut.enter_context(lab.fault("cut", *pair))
        for name in NODES:
            lab.ssh(name, f"systemctl kill -s KILL mariadb; rm -f {VIEW}")
        layer = next(layer for layer in lab.status()["layers"] if layer["layer"] == "galera")
        assert layer["verdict"] == "FAIL" and "hatui recover galera" in layer["reason"]
        cut.close()
        said = done(recover("galera"))
        assert "Stop MariaDB on mysql1, mysql2, mysql3: it tries in vain" in said
        rows = re.findall(r"^ *(mysql\d) .*?[0-9a-f-]{36} +(\d+)", said, re.M)
        positions = {name: int(seqno) for name, seqno in rows}
        first = re.search(r"beginning with (mysql\d)", said)
        assert first and positions[first[1]] == max(positions.values()), said
        writer.wait_for_acks(50, within=30)
    assert writer.wrongs() == []


def test_a_short_power_cut_heals_by_itself_and_nothing_is_bootstrapped(healthy: None, tmp_path: Path) -> None:
    with Writer(tmp_path / "writes") as writer:
        writer.wait_for_acks(50, within=20)
        with lab.fault("power", *NODES):
            pass
        lab.all_ok(within=120)
        assert "nothing to do" in done(recover("galera"))
        writer.wait_for_acks(50, within=30)
    assert writer.wrongs() == []


@pytest.mark.thorough("the unit tests have the decision, and that of test_level_nodes is refused on real hosts")
def test_a_state_file_that_was_tampered_with_is_found_out_and_can_be_overridden(table: str) -> None:
    stop_all("mysql2", "mysql3")
    try:
        lab.ssh("mysql1", f"sed -i 's/^seqno:.*/seqno:   999999/; s/bootstrap: 0/bootstrap: 1/' {STATE}")
        refused(recover("galera"), "mysql1: its state file says seqno 999999", "its tablespace is at")
        refused(recover("galera", "mysql3", typed="mysql1"))
        said = done(recover("galera", "mysql3", typed="mysql3"))
        assert "Give up the data of mysql1" in said
        assert [sql(name, f"SELECT * FROM {table};") for name in NODES] == ["1\t1\n"] * 3
    finally:
        recover("galera", "mysql3", typed="mysql3")


@pytest.mark.thorough("the unit tests have the decision, and that of test_level_nodes is refused on real hosts")
def test_a_host_that_is_off_is_never_passed_over_unasked(table: str) -> None:
    killed()
    with lab.fault("power", "mysql3"):
        refused(recover("galera"), "mysql3 may have the newest data, and can't be read", "--force-from")
        said = done(recover("galera", "mysql1", typed="mysql1"))
        assert "whatever mysql3 has and mysql1 has not" in said
        sql("mysql2", f"INSERT INTO {table} VALUES (2, 2);")
    lab.all_ok(within=90)
    assert [sql(name, f"SELECT * FROM {table};") for name in NODES] == ["1\t1\n2\t2\n"] * 3
    refused(recover("galera", "mysql9"), "mysql9 is no database node")


def test_level_nodes_with_different_data_are_refused_and_the_chosen_ones_replace_the_others(table: str) -> None:
    sql("mysql2", f"SET SESSION wsrep_on=OFF; INSERT INTO {table} VALUES (9, 9);")
    killed()
    refused(recover("galera"), "are level at seqno", f"their data differ: {table}")
    said = done(recover("galera", "mysql3", typed="mysql3"))
    assert f"what mysql2 has of its own in {table}" in said
    assert [sql(name, f"SELECT * FROM {table};") for name in NODES] == ["1\t1\n"] * 3
    lab.all_ok(within=30)


def test_the_majority_is_lost_for_good_and_the_one_that_lives_goes_on_where_it_stands(table: str) -> None:
    with lab.fault("power", "mysql2", "mysql3"):
        started = lab.ssh("mysql1", "pidof mariadbd")
        wait_until(lambda: "non-Primary" in sql("mysql1", "SHOW STATUS LIKE 'wsrep_cluster_status';"), 30)
        refused(recover("galera"), "comes back by itself", "--force-from mysql1")
        refused(recover("galera", "mysql1", typed="mysql2"))
        said = done(recover("galera", "mysql1", typed="mysql1"))
        assert "whatever mysql2 has and mysql1 has not" in said
        assert lab.ssh("mysql1", "pidof mariadbd") == started
        sql("mysql1", f"INSERT INTO {table} VALUES (2, 2);")
    lab.all_ok(within=120)
    assert [sql(name, f"SELECT * FROM {table};") for name in NODES] == ["1\t1\n2\t2\n"] * 3


def engine_killed_after(step: str, *arguments: str, typed: str = "") -> bool:
    """Begin a verb, and kill its engine as soon as it says that `step` has ended. False if it never says so."""
    command = [sys.executable, "-u", "-m", "tui.main", *arguments]
    with subprocess.Popen(
        command, cwd=lab.ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as verb:
        assert verb.stdin is not None and verb.stdout is not None
        verb.stdin.write(f"{typed}\n")
        verb.stdin.close()
        for line in verb.stdout:
            if re.search(rf"\bok  {re.escape(step)}", line):
                children = Path(f"/proc/{verb.pid}/task/{verb.pid}/children").read_text().split()
                assert children
                for child in children:
                    os.kill(int(child), signal.SIGKILL)
                verb.wait(timeout=60)
                return True
    return False


@pytest.mark.thorough("an engine that is killed is in test_runs; of another run")
@pytest.mark.parametrize("forced", ["", "mysql2"])
def test_the_engine_is_killed_after_each_step_and_run_again_it_ends_done(table: str, forced: str) -> None:
    if forced:
        sql("mysql1", f"SET SESSION wsrep_on=OFF; INSERT INTO {table} VALUES (9, 9);")
    killed()
    order = ["run", "recover_galera", "--yes", "--reason", "killed"]
    order += ["--set", f"force_from={forced}"] if forced else []
    for step in ("Stop MariaDB", "Give up the data" if forced else "Compare the data", "Bootstrap", "mysql"):
        if step in ("Stop MariaDB", "Compare the data"):
            # Servers that try in vain have to be stopped, and can only be compared after it.
            for name in NODES:
                lab.ssh(name, f"rm -f {VIEW}; systemctl start --no-block mariadb")
        assert engine_killed_after(step, *order, typed=forced), step
        time.sleep(5)
    said = done(recover("galera", forced, typed=forced))
    lab.all_ok(within=60)
    uuids = {sql(name, "SHOW STATUS LIKE 'wsrep_cluster_state_uuid';") for name in NODES}
    assert len(uuids) == 1, said
    assert [sql(name, f"SELECT * FROM {table};") for name in NODES] == ["1\t1\n"] * 3


def test_all_brokers_lose_power_and_no_confirmed_message_is_lost(healthy: None) -> None:
    with Publisher(lab.VIP, lab.secret_of("probe")) as publisher:
        publisher.wait_for_acks(100, within=20)
        for name in BROKERS:
            lab.ssh(name, "systemctl disable -q --runtime rabbitmq-server; systemctl mask -q rabbitmq-server")
        with lab.fault("power", *BROKERS):
            pass
        for name in BROKERS:
            lab.ssh(name, "systemctl unmask -q rabbitmq-server")
        said = done(recover("rabbitmq"))
        assert "Start the brokers on cc01, cc02, cc03 together" in said
        publisher.wait_for_acks(50, within=30)
    assert publisher.lost() == set()
    assert "nothing to do" in done(recover("rabbitmq"))


@pytest.mark.thorough("brokers that all lost their power are brought back in the test before it")
def test_brokers_that_wait_for_a_host_that_is_away_are_forced_only_by_choice(healthy: None) -> None:
    with Publisher(lab.VIP, lab.secret_of("probe")) as publisher:
        publisher.wait_for_acks(100, within=20)
        with lab.fault("power", *BROKERS), lab.fault("cut", "cc03"):
            lab.halab("fault", "heal", "power", "cc01", "cc02")
            refused(recover("rabbitmq"), "cc03 can't be read", "--force-from HOST")
            said = done(recover("rabbitmq", "cc02", typed="cc02"))
            assert "Start the broker on cc02 without waiting for the others" in said
            publisher.wait_for_acks(50, within=30)
            refused(recover("rabbitmq", "cc01", typed="cc01"), "Nothing is started")
        lab.halab("power", "on", "cc03")
        # It may wait since before the others were forced, and does not find its tables until it is started anew.
        done(recover("rabbitmq"))
        assert whole()
    assert publisher.lost() == set()
