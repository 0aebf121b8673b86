"""The database on real hosts: nodes that are killed, frozen and cut off; a setting rolled out; what is refused."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.probes.prober import Prober
from engine.probes.sql import connect, query
from tests.e2e import lab
from tests.e2e.operator import writer
from tests.pace import stretched, wait_until

pytestmark = pytest.mark.lab

NODES = ("mysql1", "mysql2", "mysql3")

INVENTORY = """
import runpy
from cluster.spec import Role
from deploy.inventory import cluster_of, members
DATA = runpy.run_path("inventory.py")["DATA"]
DATA["galera"] = {"settings": {"max_connections": 1234}}
CLUSTER = cluster_of(DATA)
haproxy, galera, controller, network = (members(CLUSTER, role) for role in Role)
"""


def told(layer: str, host: str) -> Callable[[], bool]:
    """Whether the status says of `layer` that it is not OK, and names `host`."""

    def is_told() -> bool:
        found = next(one for one in lab.status()["layers"] if one["layer"] == layer)
        return found["verdict"] != "OK" and host in found["reason"]

    return is_told


def serves_on(other_than: str) -> Callable[[], bool]:
    def is_served() -> bool:
        try:
            return writer() != other_than
        except Exception:
            return False

    return is_served


def test_the_writer_is_killed_and_comes_back_by_itself(healthy: None) -> None:
    victim = writer()
    # Whatever restarts it takes 5 s: the status has that long to see it down.
    probe = query(lab.VIP, lab.secret_of("probe"))
    with Prober(probe, rate=50) as prober, lab.fault("kill", victim, unit="mariadb"):
        wait_until(told("galera", victim), 10)
        wait_until(serves_on(victim), 10)
        lab.all_ok(within=90)
    assert prober.felt.gap < stretched(5), str(prober.felt)


def test_a_frozen_writer_is_noticed_and_traffic_goes_on(healthy: None) -> None:
    victim = writer()
    with lab.fault("freeze", victim, unit="mariadb"):
        wait_until(serves_on(victim), 15)
        wait_until(told("galera", victim), 10)
    lab.all_ok(within=90)


def test_a_node_that_is_cut_off_is_unknown_and_comes_back_by_itself(healthy: None) -> None:
    victim = writer()
    with lab.fault("cut", victim):
        wait_until(serves_on(victim), 15)
        wait_until(told("galera", victim), 15)
        assert serves_on(victim)()
    lab.all_ok(within=90)


def test_a_writer_under_a_read_lock_is_left_and_the_status_says_why(healthy: None) -> None:
    victim = writer()
    locked = "FLUSH TABLES WITH READ LOCK; SELECT SLEEP(25);"
    lab.ssh(victim, f"systemd-run --quiet --unit=hatui-test-lock mariadb -e {shlex.quote(locked)}")
    client = connect(lab.VIP, 3306, lab.secret_of("probe"))
    try:
        # A client that waits for its commit is what gives the node away.
        wait_until(serves_on(victim), 20)
        wait_until(lambda: "a write of its own does not end" in str(lab.status()["layers"]), 10)
    finally:
        client.close()
    # The lock ends by itself after 25 s; then the node must be well for 10 s.
    lab.all_ok(within=90)
    assert serves_on(victim)()


def test_a_node_that_rejects_queries_gets_no_sessions(healthy: None) -> None:
    victim = writer()
    lab.ssh(victim, "mariadb -e 'SET GLOBAL wsrep_reject_queries=ALL'")
    try:
        wait_until(serves_on(victim), 10)
    finally:
        lab.ssh(victim, "mariadb -e 'SET GLOBAL wsrep_reject_queries=NONE'")
    lab.all_ok(within=60)


def restarts(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The nodes in the order in which a deploy restarted them."""
    lines = (done.stdout + done.stderr).splitlines()
    return [line.rpartition(": restart MariaDB")[0].split()[-1] for line in lines if ": restart MariaDB" in line]


def test_a_changed_setting_is_rolled_out_the_writer_last_and_no_client_notices(healthy: None, tmp_path: Path) -> None:
    changed = tmp_path / "changed.py"
    changed.write_text(INVENTORY)
    password = lab.secret_of("probe")
    first = writer()
    with Prober(query(lab.VIP, password)) as prober:
        done = lab.pyinfra("-y", str(changed), "deploy/ha.py")
    assert prober.felt.probes > 500
    assert prober.felt.failed == 0, str(prober.felt)
    order = restarts(done)
    assert sorted(order) == list(NODES) and order[-1] == first
    asked = "mariadb -NBe 'SELECT @@max_connections'"
    assert [lab.ssh(name, asked).strip() for name in NODES] == ["1234"] * 3
    lab.all_ok(within=30)
    second = writer()
    with Prober(query(lab.VIP, password)) as prober:
        done = lab.deploy()
    assert prober.felt.failed == 0, str(prober.felt)
    assert restarts(done)[-1] == second
    assert lab.changes(lab.deploy()) == []


def state_files() -> list[str]:
    return [lab.ssh(name, "cat /var/lib/mysql/grastate.dat; systemctl is-active mariadb; true") for name in NODES[:2]]


def test_no_cluster_is_created_while_a_node_can_not_be_asked(healthy: None) -> None:
    for name in NODES:
        lab.ssh(name, "systemctl stop mariadb")
    try:
        with lab.fault("power", "mysql3"):
            before = state_files()
            whole = lab.deploy("galera", check=False)
            assert whole.returncode != 0 and "mysql3" in whole.stdout + whole.stderr
            some = lab.deploy("galera", "--limit", "mysql1", "--limit", "mysql2", check=False)
            assert some.returncode != 0
            assert "nothing is bootstrapped: mysql3" in some.stdout + some.stderr
            assert lab.changes(some) == []
            assert state_files() == before
            assert [text.rstrip().splitlines()[-1] for text in before] == ["inactive", "inactive"]
    finally:
        # The last that was stopped has all that the others have.
        lab.ssh("mysql3", "systemctl stop mariadb; sed -i s/safe_to_bootstrap:.*/safe_to_bootstrap:\\ 1/ "
                "/var/lib/mysql/grastate.dat; galera_new_cluster", timeout=120)  # fmt: skip
        for name in NODES[:2]:
            lab.ssh(name, "systemctl start mariadb", timeout=120)


def test_a_settings_file_that_mariadb_refuses_changes_nothing(healthy: None, tmp_path: Path) -> None:
    host = "mysql2"
    before = lab.ssh(host, "sha256sum /etc/mysql/mariadb.conf.d/60-hatui.cnf")
    bad = tmp_path / "bad.py"
    bad.write_text(INVENTORY.replace('"max_connections": 1234', '"no_such_setting": 1'))
    done = lab.pyinfra("-y", "--limit", host, str(bad), "deploy/galera.py", check=False)
    assert done.returncode != 0
    assert "the old file is untouched" in done.stdout + done.stderr
    assert lab.ssh(host, "sha256sum /etc/mysql/mariadb.conf.d/60-hatui.cnf") == before
