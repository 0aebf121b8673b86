"""Services moved by hand on real hosts under load: nobody new fails, nothing acknowledged is lost, no trace is left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cluster.haproxy.names import HAPROXY_ADMIN_SOCKET, HAPROXY_WATCH_SOCKET
from cluster.wire.journal import Intent, StepResult
from tests.e2e import lab
from tests.e2e.messages import Publisher
from tests.e2e.operator import carried_out, felt, hatui, lost, nothing_is_left, other, owner, writer
from tests.e2e.waiting import Waiting
from tests.e2e.writes import Writer
from tests.pace import stretched, wait_until

pytestmark = pytest.mark.lab

BALANCERS = ("haproxy1", "haproxy2")


@pytest.fixture(autouse=True)
def audited(healthy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A journal of the test's own, and the audit after it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    yield
    nothing_is_left()


def placed(resource: str) -> str:
    """The controller that runs a resource, by the status."""
    (view,) = [node for name, node in lab.status()["state"]["pacemaker"].items() if node["dc"] == name]
    (nodes,) = [one["nodes"] for one in view["resources"] if one["id"] == resource]
    return str(nodes[0])


def test_the_vip_there_and_back(tmp_path: Path) -> None:
    origin = owner()
    target = other(origin, "haproxy1", "haproxy2")
    for here, there in ((origin, target), (target, origin)):
        run = carried_out("switchover", "vip", "--to", there)
        assert (run.begin.origin, run.begin.target, run.begin.why) == (here, there, "a test")
        assert owner() == there
        for service in ("sql", "amqp"):
            found = felt(run, service)
            assert found.failed == 0, found
            assert found.gap_ms < stretched(500), found


def test_who_waits_for_an_answer_is_told_that_the_vip_has_moved() -> None:
    for _ in range(2):
        origin = owner()
        with Waiting() as waiting:
            run = carried_out("switchover", "vip", "--to", other(origin, "haproxy1", "haproxy2"))
            (moved,) = [event.at for event in run.after if isinstance(event, StepResult) and "gives" in event.name]
            waiting.told_by(moved)
        assert lost(run, "sql") == set(), felt(run, "sql")


@pytest.mark.parametrize(("fault", "unit"), [("stop", "keepalived"), ("freeze", "haproxy")])
def test_who_waits_for_an_answer_is_told_when_its_balancer_falls_out(fault: str, unit: str) -> None:
    origin = owner()
    heir = other(origin, "haproxy1", "haproxy2")
    with ExitStack() as broken, Waiting() as waiting:
        broken.enter_context(lab.fault(fault, origin, unit=unit))
        wait_until(lambda: f" {lab.VIP}/" in lab.ssh(heir, "ip -o -4 addr"), 10, every=0.05)
        waiting.told_by(time.time())


def test_the_writer_moves_and_no_acknowledged_write_is_lost(tmp_path: Path) -> None:
    origin = writer()
    target = other(origin, "mysql2", "mysql3")
    with Writer(tmp_path / "writes") as writes:
        writes.wait_for_acks(50, within=10)
        run = carried_out("switchover", "writer", "--to", target)
        writes.wait_for_acks(50, within=10)
    assert writer() == target
    assert writes.wrongs() == []
    found = felt(run, "sql")
    assert found.failed == 0, found
    assert found.gap_ms < stretched(1500), found
    assert found.stream.resets >= 1, "the open stream was to be cut at the deadline"


def test_a_resource_moves_and_leaves_no_constraint() -> None:
    origin = placed("controller-vip")
    target = other(origin, "cc02", "cc03")
    run = carried_out("switchover", "resource", "controller-vip", "--to", target)
    assert (run.begin.origin, run.begin.target) == (origin, target)
    assert placed("controller-vip") == target


@pytest.mark.parametrize("host", ["haproxy", "writer", "cc02"])
def test_a_drained_host_carries_nothing_the_second_is_refused_and_it_comes_back(host: str) -> None:
    name = {"haproxy": owner, "writer": writer}.get(host, lambda: host)()
    second = {"haproxy": other(name, "haproxy1", "haproxy2"), "writer": other(name, "mysql1", "mysql2")}.get(
        host, "cc03"
    )
    run = carried_out("drain", name)
    for service in ("sql", "amqp"):
        assert lost(run, service) == set(), felt(run, service)
    assert "hatui undrain" in lab.run(lab.program("hatui"), "status", "--plain", check=False).stdout
    refused = carried_out("drain", second, code=21)
    assert refused.end is not None and name in refused.end.reason, refused.end
    if host == "haproxy":
        assert owner() == second
    if host == "writer":
        assert writer() != name
    back = carried_out("undrain", name)
    assert lost(back, "sql") == set(), felt(back, "sql")
    if host != "cc02":
        assert name not in (owner(), writer()), "what was moved away is not moved back by itself"


def kept_away(node: str) -> list[str]:
    """The state of a database node's server on each balancer."""
    asked = f"echo 'show stat -1 4 -1' | socat - UNIX-CONNECT:{HAPROXY_WATCH_SOCKET} | grep ^galera,{node},"
    return [lab.ssh(name, f"{asked} | cut -d, -f18").strip() for name in BALANCERS]


def test_who_is_drained_stays_so_whatever_happens_to_the_balancers() -> None:
    node = other(writer(), "mysql2", "mysql3")
    carried_out("drain", node)
    assert kept_away(node) == ["MAINT", "MAINT"]
    for name in BALANCERS:
        lab.ssh(name, "systemctl reload haproxy")
    assert kept_away(node) == ["MAINT", "MAINT"]
    backup = other(owner(), *BALANCERS)
    lab.ssh(backup, "systemctl restart haproxy")
    assert kept_away(node) == ["MAINT", "MAINT"]
    with lab.fault("kill", backup, unit="haproxy"):
        wait_until(lambda: kept_away(node) == ["MAINT", "MAINT"], 10)
    for name in BALANCERS:
        lab.ssh(name, "sed -i 's/^    retries 3/    retries 2/' /etc/haproxy/haproxy.cfg; systemctl reload haproxy")
    lab.deploy("haproxy")
    assert kept_away(node) == ["MAINT", "MAINT"]
    assert node in lab.drained(lab.status())
    carried_out("undrain", node)
    lab.ssh(backup, "systemctl restart haproxy")
    wait_until(lambda: all(state.startswith("UP") for state in kept_away(node)), 10)
    # By hand, on the socket of one, and reloaded by hand.
    lab.ssh(backup, f"echo 'set server galera/{node} state maint' | socat - UNIX-CONNECT:{HAPROXY_ADMIN_SOCKET}")
    lab.ssh(backup, "systemctl reload haproxy")
    assert sorted(state[:2] for state in kept_away(node)) == ["MA", "UP"]
    carried_out("undrain", node)


def test_a_balancer_that_lost_its_power_and_a_broker_that_was_restarted_are_drained_still() -> None:
    balancer, controller = other(owner(), *BALANCERS), "cc03"
    carried_out("drain", balancer)
    carried_out("drain", controller)
    with lab.fault("power", balancer):
        lab.ssh(controller, "systemctl restart rabbitmq-server", timeout=180)
    # Its unit has started, and it listens for no clients.
    assert lab.ssh(controller, "systemctl is-active rabbitmq-server; ss -Hltn 'sport = 5672'") == "active\n"
    wait_until(lambda: lab.drained(lab.status()) == {balancer, controller}, 60)
    assert lab.VIP not in lab.ssh(balancer, "ip -o -4 addr")
    carried_out("undrain", controller)
    carried_out("undrain", balancer)


@pytest.mark.parametrize("layer", ["haproxy", "keepalived", "pacemaker"])
def test_a_rolling_restart_fails_no_new_connection(layer: str) -> None:
    run = carried_out("restart", layer)
    for service in ("sql", "amqp"):
        assert lost(run, service) == set(), felt(run, service)


def test_a_rolling_restart_of_galera_loses_no_acknowledged_write(tmp_path: Path) -> None:
    last = writer()
    with Writer(tmp_path / "writes") as writes:
        writes.wait_for_acks(20, within=10)
        run = carried_out("restart", "galera")
        writes.wait_for_acks(20, within=10)
    assert writes.wrongs() == []
    assert lost(run, "sql") == set(), felt(run, "sql")
    restarts = [event for event in run.after if isinstance(event, Intent) and "restarts" in event.name]
    assert len(restarts) == 3 and restarts[-1].host == last, restarts


def test_a_rolling_restart_of_rabbitmq_loses_no_confirmed_message() -> None:
    with Publisher(lab.VIP, lab.secret_of("probe")) as publisher:
        publisher.wait_for_acks(20, within=10)
        run = carried_out("restart", "rabbitmq")
        publisher.wait_for_acks(20, within=20)
    assert publisher.lost() == set()
    assert lost(run, "amqp") == set(), felt(run, "amqp")


def test_every_candidate_that_is_refused_has_its_reason() -> None:
    lab.ssh("mysql3", "mariadb -e 'SET GLOBAL wsrep_desync=ON'")
    try:
        said = hatui("switchover", "writer", "--to", "mysql3", "--dry-run")
    finally:
        lab.ssh("mysql3", "mariadb -e 'SET GLOBAL wsrep_desync=OFF'")
    assert said.returncode == 21, said.stdout
    assert "candidate mysql3: mysql3 is " in said.stdout and "Synced" in said.stdout, said.stdout
    away = hatui("switchover", "vip", "--to", "haproxy9", "--dry-run")
    assert away.returncode == 21 and "haproxy9 is no balancer: there are haproxy1, haproxy2" in away.stdout, away.stdout


def test_plain_pyinfra_moves_them_too() -> None:
    target = other(owner(), "haproxy1", "haproxy2")
    lab.pyinfra("-y", "inventory.py", "deploy/switchover_vip.py", "--data", f"to={target}")
    assert owner() == target
    node = other(writer(), "mysql1", "mysql2")
    lab.pyinfra("-y", "inventory.py", "deploy/switchover_writer.py", "--data", f"to={node}")
    assert writer() == node
    refused = lab.pyinfra("-y", "inventory.py", "deploy/switchover_vip.py", "--data", "to=nobody", check=False)
    assert refused.returncode != 0
