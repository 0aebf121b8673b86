"""What the observer knows, and no longer knows: ages, hosts that fall silent, layers that are judged together."""

from __future__ import annotations

from typing import Any

from cluster.galera.record import WSREP_STATUS
from cluster.keepalived.record import VRRP_OWNER
from cluster.locked import LockNode
from cluster.state import HostAnswer, Unknown
from cluster.vip import VipNode
from engine.observe.memory import SILENT, TOGETHER, Memory
from tests.unit.test_health import HEALTHY, HOSTS, SPEC

LAYERS = ("lock", "vrrp", "controller_vip", "haproxy", "galera", "rabbitmq", "corosync", "pacemaker", "ports")
PERIODS = dict.fromkeys(LAYERS, 10.0)


def full(now: float = 100) -> Memory:
    """Every host has said everything at `now`."""
    memory = Memory(SPEC, PERIODS)
    for name in HOSTS:
        memory.heard(name, now)
    for name in HOSTS:
        memory.saw(name, "lock", LockNode(held=False), now, now - 0.1, 0.1)
    for layer in PERIODS.keys() - {"lock"}:
        for name, record in HEALTHY.seen[layer].items():
            memory.saw(name, layer, record, now, now - 0.1, 0.1)
    return memory


def test_before_anything_was_said_nothing_is_known() -> None:
    memory = Memory(SPEC, PERIODS)
    state = memory.state(0)
    assert not memory.complete(100)
    assert {type(record) for record in state.hosts.values()} == {Unknown}
    assert state[WSREP_STATUS]["mysql1"] == Unknown("has not answered yet")
    assert set(memory.ages(0)["galera"].values()) == {None}


def test_what_was_said_is_known_with_its_age() -> None:
    memory = full(100)
    assert memory.complete(100)
    assert memory.state(101)[WSREP_STATUS] == HEALTHY[WSREP_STATUS]
    assert memory.state(101).hosts["mysql1"] == HostAnswer(0.1)
    assert memory.ages(101.5)["galera"]["mysql1"] == 1.5
    assert memory.ages(101.5)["hosts"]["net01"] == 1.5


def test_a_host_that_can_not_be_reached_is_complete_and_unknown() -> None:
    memory = Memory(SPEC, PERIODS)
    for name in HOSTS:
        memory.lost(name, "can't be reached: no route")
    assert memory.complete(100)
    assert memory.state(1)[WSREP_STATUS]["mysql1"] == Unknown("can't be reached: no route")


def test_a_host_that_falls_silent_is_unknown_with_how_long() -> None:
    memory = full(100)
    assert memory.state(100 + SILENT)[WSREP_STATUS]["mysql1"] == HEALTHY[WSREP_STATUS]["mysql1"]
    assert memory.state(105)[WSREP_STATUS]["mysql1"] == Unknown("has said nothing for 5 s")
    memory.lost("mysql1", "broke off")
    assert memory.state(110).hosts["mysql1"] == Unknown("broke off (last heard of 10 s ago)")


def test_a_connection_that_comes_back_at_once_changes_nothing() -> None:
    memory = full(100)
    memory.lost("mysql1", "broke off")
    assert memory.state(101)[WSREP_STATUS]["mysql1"] == HEALTHY[WSREP_STATUS]["mysql1"]
    assert memory.heard("mysql1", 101) is False
    assert memory.state(101)[WSREP_STATUS]["mysql1"] == HEALTHY[WSREP_STATUS]["mysql1"]


def test_what_was_known_before_a_host_was_away_is_not_known_after() -> None:
    memory = full(100)
    memory.lost("mysql1", "broke off")
    assert memory.heard("mysql1", 110) is True
    assert memory.state(110)[WSREP_STATUS]["mysql1"] == Unknown("was not asked yet")
    assert isinstance(memory.state(110).hosts["mysql1"], HostAnswer)


def test_a_record_that_is_too_old_is_unknown_though_its_host_is_there() -> None:
    memory = full(100)
    for now in range(100, 136):
        memory.heard("mysql1", now)
    assert memory.state(134)[WSREP_STATUS]["mysql1"] == HEALTHY[WSREP_STATUS]["mysql1"]
    assert memory.state(135)[WSREP_STATUS]["mysql1"] == Unknown("was last seen 35 s ago, which is too long")


def held_by(memory: Memory, now: float, *, settled: bool = True) -> list[str]:
    state: Any = memory.state(now, settled=settled)
    return [name for name, node in state[VRRP_OWNER].items() if isinstance(node, VipNode) and node.held]


def test_a_vip_that_moves_is_on_one_host_all_the_time() -> None:
    memory = full(100)
    memory.hold("vrrp", 101)
    memory.saw("haproxy1", "vrrp", HEALTHY[VRRP_OWNER]["haproxy2"], 101.05, 101, 0.05)
    assert memory.holds
    assert held_by(memory, 101.05) == ["haproxy1"]
    assert held_by(memory, 101.05, settled=False) == []
    assert memory.settle(101.06, lambda layer: layer == "vrrp") == 101 + TOGETHER
    memory.saw("haproxy2", "vrrp", HEALTHY[VRRP_OWNER]["haproxy1"], 101.07, 101, 0.05)
    memory.settle(101.08, lambda layer: False)
    assert not memory.holds
    assert held_by(memory, 101.08) == ["haproxy2"]


def test_a_host_that_does_not_answer_holds_the_others_up_only_for_so_long() -> None:
    memory = full(100)
    memory.hold("vrrp", 101)
    memory.hold("vrrp", 101.15)
    memory.saw("haproxy1", "vrrp", HEALTHY[VRRP_OWNER]["haproxy2"], 101.05, 101, 0.05)
    memory.settle(101 + TOGETHER, lambda layer: True)
    assert held_by(memory, 101 + TOGETHER) == []
    # That it has none was said before the other one gave it up.
    assert isinstance(memory.state(101 + TOGETHER)[VRRP_OWNER]["haproxy2"], Unknown)


def test_hosts_that_are_silent_for_the_same_reason_say_so_apart_from_the_seconds() -> None:
    memory = full()
    memory.heard("mysql1", 101)
    memory.lost("cc01", "did not answer within 4 s, its own processes waited 1.2 s", "did not answer")
    memory.lost("cc02", "did not answer within 4 s, its own processes waited 1.3 s", "did not answer")
    hosts = memory.state(101 + SILENT + 1).hosts
    silent = {name: hosts[name] for name in ("mysql1", "mysql2", "cc01", "cc02")}
    assert all(isinstance(one, Unknown) for one in silent.values())
    assert silent["mysql1"] != silent["mysql2"] and silent["cc01"] != silent["cc02"]
    alike = {name: one.alike for name, one in silent.items() if isinstance(one, Unknown)}
    assert alike == {
        "mysql1": "has said nothing", "mysql2": "has said nothing", "cc01": "did not answer", "cc02": "did not answer",
    }  # fmt: skip
