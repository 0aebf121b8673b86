"""The gate that all rolling work stands behind: a healthy cluster is at rest, and each kind of trouble is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cluster.corosync.record import COROSYNC_QUORUM
from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.haproxy.record import HAPROXY_STAT
from cluster.keepalived.record import VRRP_OWNER
from cluster.pacemaker.record import CONTROLLERS_VIP, CRM_MON, CrmFailure, CrmStatus
from cluster.rabbitmq.record import RABBIT_CLUSTER, BrokerNode
from cluster.state import HOSTS, ClusterState, Unknown
from cluster.steady import gates, not_steady
from cluster.vip import VipNode
from tests.unit.test_health import (
    BROKER,
    CONTROLLER_VIP,
    CONTROLLERS,
    CRM,
    DATABASES,
    GALERA,
    HEALTHY,
    MEMBERS,
    QUORUM,
    SPEC,
    VIP,
    proxy,
    unit,
)

BROKERS = {name: replace(BROKER, name=f"rabbit@{name}") for name in CONTROLLERS}
REST = HEALTHY.having({RABBIT_CLUSTER: BROKERS})
GONE = Unknown("did not answer within 4 s")


def with_record(field: str, host: str, record: object) -> str | None:
    records: Any = {**REST.seen[field], host: record}
    return not_steady(SPEC, REST.having({field: records}))


def crm(**changes: object) -> CrmStatus:
    return replace(CRM, **changes)  # type: ignore[arg-type]


def test_a_healthy_cluster_is_at_rest() -> None:
    assert not_steady(SPEC, REST) is None


def test_a_restart_that_is_due_is_no_reason() -> None:
    due = replace(GALERA, service=unit("mariadb.service", restart_due=True))
    assert with_record("galera", "mysql1", due) is None


def test_of_a_node_that_refuses_sessions_its_own_reason_is_told() -> None:
    full = replace(GALERA, refuses="its disk is full")
    down = proxy(status={"mysql2": "DOWN"})
    state = REST.having({WSREP_STATUS: {**REST[WSREP_STATUS], "mysql2": full}, HAPROXY_STAT: {"haproxy1": down}})
    told = not_steady(SPEC, state, excluding=("haproxy2",))
    assert told == "mysql2 is DOWN in galera on haproxy1: its disk is full; put that right on mysql2."
    # One that refuses nothing is told of with what its check says.
    well = state.having({WSREP_STATUS: REST[WSREP_STATUS]})
    assert " (L7OK/200): see why on mysql2." in str(not_steady(SPEC, well, excluding=("haproxy2",)))
    # What was done by hand comes first.
    by_hand = state.having({HAPROXY_STAT: {"haproxy1": proxy(status={"mysql2": "MAINT"})}})
    assert "`hatui undrain mysql2`" in str(not_steady(SPEC, by_hand, excluding=("haproxy2",)))


VIP_RESOURCE = CRM.resources[0]
CASES = [
    ("hosts", "net01", GONE, "net01 did not answer within 4 s: bring it back"),
    ("haproxy", "haproxy2", GONE, "haproxy2 can't be asked"),
    ("haproxy", "haproxy1", proxy(status={"mysql2": "MAINT"}), "mysql2 is MAINT in galera on haproxy1: `hatui undrain"),
    ("haproxy", "haproxy1", proxy(status={"cc02": "DOWN"}), "cc02 is DOWN in rabbitmq on haproxy1 (L7OK/200)"),
    ("haproxy", "haproxy1", proxy(writer="mysql3"), "do not agree on the database's writer"),
    ("haproxy", "haproxy2", replace(proxy(), servers=()), "haproxy2's HAProxy runs and does not answer"),
    ("vrrp", "haproxy2", VipNode({VIP: "host0"}, unit("keepalived.service")), "192.0.2.47 has 2 owners"),
    ("vrrp", "haproxy2", VipNode({}, unit("keepalived.service", "failed")), "haproxy2's keepalived does not run"),
    ("galera", "mysql3", replace(GALERA, state="Donor/Desynced"), "mysql3 is Donor/Desynced"),
    ("galera", "mysql3", GONE, "mysql3 can't be read"),
    ("rabbitmq", "cc02", replace(BROKERS["cc02"], running=False), "the broker on cc02 does not answer"),
    ("rabbitmq", "cc02", replace(BROKERS["cc02"], running=False, draining=True), "puts it back into service)."),
    ("vrrp", "haproxy2", VipNode({}, unit("keepalived.service"), away=True), "`hatui undrain haproxy2` lets it"),
    ("hosts", "net01", Unknown("says: bring it back"), "net01 says: bring it back: bring it back, or mend"),
    ("vrrp", "haproxy2", Unknown("says `hatui"), "haproxy2 can't be asked: says `hatui: see `journalctl"),
    ("rabbitmq", "cc02", Unknown("says `hatui"), "(`hatui recover rabbitmq` if it does not come back by itself)"),
    ("corosync", "cc03", replace(QUORUM, quorate=False), "cc03 is in no Corosync membership"),
    ("corosync", "cc03", replace(QUORUM, members=("cc01", "cc03")), "Corosync on cc03 does not see cc02"),
    ("pacemaker", "cc01", crm(bans=("cli-ban-vip-on-cc01",)), "cli-ban-vip-on-cc01"),
    ("pacemaker", "cc01", crm(failures=(CrmFailure("vip_monitor", "cc02", "gone"),)), "vip_monitor failed on cc02"),
    ("pacemaker", "cc01", crm(resources=(replace(VIP_RESOURCE, active=False),)), "the resource vip runs nowhere"),
    ("pacemaker", "cc01", crm(maintenance_mode=True), "maintenance mode"),
    ("pacemaker", "cc01", crm(nodes=(*CRM.nodes[:2], replace(CRM.nodes[2], standby=True))), "cc03 is in standby"),
    ("controller_vip", "cc02", VipNode({CONTROLLER_VIP: "host0"}), "192.0.2.48 has 2 owners (cc01, cc02)"),
    ("controller_vip", "cc01", VipNode({}), "192.0.2.48 has 0 owners"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "host", "record", "said"), CASES)
def test_each_trouble_is_one_sentence_that_names_it(field: str, host: str, record: object, said: str) -> None:
    reason = with_record(field, host, record)
    assert reason is not None and said in reason
    assert reason.endswith(".") and "\n" not in reason


@pytest.mark.parametrize(("field", "host", "record", "said"), CASES)
def test_the_gates_are_closed_by_what_the_cluster_is_not_steady_for(
    field: str, host: str, record: object, said: str
) -> None:
    records: Any = {**REST.seen[field], host: record}
    state = REST.having({field: records})
    closed = [gate for gate in gates(SPEC, state) if not gate.open]
    assert f": {not_steady(SPEC, state)}" in closed[0].now
    assert said in closed[0].now


def test_a_gate_says_what_it_needs_and_what_is_so_now_in_numbers() -> None:
    assert [(gate.name, gate.need, gate.open) for gate in gates(SPEC, REST)] == [
        ("hosts", "9 answer", True),
        ("balancers", "2 serve, 0 not UP, 1 writer", True),
        ("VIP", "1 owner, 2 ready", True),
        ("database", "3 Synced, Primary of 3", True),
        ("queue", "3 see all, 0 alarms", True),
        ("membership", "3 quorate, 3 see all", True),
        ("resources", "3 online, 0 failed, 0 bans", True),
        ("controllers' VIP", "1 owner, 3 answer", True),
    ]
    assert all(gate.now == gate.need for gate in gates(SPEC, REST))


FEWER = [
    ("hosts", "net01", GONE, "8 answer"),
    ("haproxy", "haproxy2", GONE, "1 serve, 0 not UP, 1 writer"),
    ("haproxy", "haproxy1", proxy(status={"mysql2": "MAINT"}), "2 serve, 1 not UP, 1 writer"),
    ("haproxy", "haproxy1", proxy(writer="mysql3"), "2 serve, 0 not UP, 2 writers"),
    ("haproxy", "haproxy1", replace(proxy(), servers=()), "1 serve, 0 not UP, 1 writer"),
    ("vrrp", "haproxy1", VipNode({}, unit("keepalived.service"), away=True), "0 owners, 1 ready"),
    ("vrrp", "haproxy2", VipNode({VIP: "host0"}, unit("keepalived.service", "failed")), "2 owners, 1 ready"),
    ("galera", "mysql3", replace(GALERA, running=False), "2 Synced, Primary of 3"),
    ("galera", "mysql3", replace(GALERA, state="Joiner", size=2), "2 Synced, Primary of 2 and 3"),
    ("rabbitmq", "cc02", replace(BROKERS["cc02"], running=False), "2 see all, 0 alarms"),
    ("rabbitmq", "cc02", replace(BROKERS["cc02"], alarms=("memory",)), "3 see all, 1 alarm"),
    ("rabbitmq", "cc02", replace(BROKERS["cc02"], running_members=MEMBERS[:2]), "2 see all, 0 alarms"),
    ("corosync", "cc03", replace(QUORUM, members=("cc01", "cc03")), "3 quorate, 2 see all"),
    ("corosync", "cc03", replace(QUORUM, quorate=False), "2 quorate, 2 see all"),
    ("pacemaker", "cc01", crm(bans=("cli-ban-vip-on-cc01",)), "3 online, 0 failed, 1 ban"),
    ("pacemaker", "cc01", crm(nodes=(*CRM.nodes[:2], replace(CRM.nodes[2], standby=True))), "2 online, 0 failed"),
    ("pacemaker", "cc01", crm(resources=(replace(VIP_RESOURCE, active=False),)), "3 online, 1 failed, 0 bans"),
    ("controller_vip", "cc02", GONE, "1 owner, 2 answer"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "host", "record", "counted"), FEWER)
def test_a_gate_that_is_shut_counts_what_is_so_and_says_why(
    field: str, host: str, record: object, counted: str
) -> None:
    records: Any = {**REST.seen[field], host: record}
    (gate,) = (one for one in gates(SPEC, REST.having({field: records})) if not one.open)
    assert gate.now.startswith(counted) and gate.now.endswith(f": {with_record(field, host, record)}")


def test_without_one_writer_none_is_counted_and_an_arbitrator_is_a_member() -> None:
    spec = replace(SPEC, haproxy=replace(SPEC.haproxy, single_writer=False))
    assert gates(spec, REST)[1].now == "2 serve, 0 not UP"
    spec = replace(SPEC, galera=replace(SPEC.galera, arbitrator="net01"))
    assert gates(spec, REST)[3].need == "3 Synced, Primary of 4"
    fresh = REST.having({HAPROXY_STAT: {name: replace(proxy(), stuck={}) for name in REST[HAPROXY_STAT]}})
    assert (gates(SPEC, fresh)[1].open, gates(SPEC, fresh)[1].now) == (True, "2 serve, 0 not UP, no writer yet")


def test_of_a_cluster_of_which_nothing_was_seen_no_gate_is_open() -> None:
    assert {gate.open for gate in gates(SPEC, ClusterState())} == {False}


def test_a_controller_that_is_left_out_may_be_wholly_away() -> None:
    others = ("rabbit@cc01", "rabbit@cc03")
    brokers: dict[str, BrokerNode | Unknown] = {
        name: replace(node, running_members=others) for name, node in BROKERS.items()
    }
    members = tuple(replace(node, online=node.name != "cc02") for node in CRM.nodes)
    away = REST.having(
        {
            HOSTS: {**REST.hosts, "cc02": GONE},
            HAPROXY_STAT: {name: proxy(status={"cc02": "DOWN"}) for name in REST[HAPROXY_STAT]},
            RABBIT_CLUSTER: {**brokers, "cc02": GONE},
            COROSYNC_QUORUM: {**dict.fromkeys(CONTROLLERS, replace(QUORUM, members=("cc01", "cc03"))), "cc02": GONE},
            CRM_MON: {**dict.fromkeys(CONTROLLERS, replace(CRM, nodes=members)), "cc02": GONE},
            CONTROLLERS_VIP: {**REST[CONTROLLERS_VIP], "cc02": GONE},
        }
    )
    assert not_steady(SPEC, away, {"cc02"}) is None
    assert "cc02 did not answer" in str(not_steady(SPEC, away))
    foreign = {name: replace(node, members=(*MEMBERS, "rabbit@x")) for name, node in BROKERS.items()}
    assert "rabbit@x" in str(not_steady(SPEC, away.having({RABBIT_CLUSTER: {**foreign, "cc02": GONE}}), {"cc02"}))


def test_a_database_node_that_is_left_out_may_be_a_member_or_not() -> None:
    drained = {name: proxy("mysql1", {"mysql2": "MAINT"}) for name in REST[HAPROXY_STAT]}
    nodes: dict[str, GaleraNode | Unknown] = {**REST[WSREP_STATUS], "mysql2": replace(GALERA, state="Joining")}
    assert not_steady(SPEC, REST.having({HAPROXY_STAT: drained, WSREP_STATUS: nodes}), {"mysql2"}) is None
    smaller = {name: replace(GALERA, size=2) for name in DATABASES}
    assert not_steady(SPEC, REST.having({WSREP_STATUS: {**smaller, "mysql2": GONE}}), {"mysql2"}) is None
    assert "sees 2 of 3" in str(not_steady(SPEC, REST.having({WSREP_STATUS: {**smaller, "mysql2": GONE}}), {"cc01"}))


def test_two_owners_are_told_even_when_one_of_them_is_left_out() -> None:
    both = {name: VipNode({VIP: "host0"}, unit("keepalived.service")) for name in REST[VRRP_OWNER]}
    assert "2 owners" in str(not_steady(SPEC, REST.having({VRRP_OWNER: both}), {"haproxy2"}))


@pytest.mark.parametrize(("field", "host"), [("haproxy", "haproxy1"), ("hosts", "haproxy1")])
def test_what_is_about_the_host_that_is_worked_on_is_no_reason(field: str, host: str) -> None:
    records: Any = {**REST.seen[field], host: GONE}
    state = REST.having({field: records})
    assert host in (not_steady(SPEC, state) or "")
    assert not_steady(SPEC, state, excluding=(host,)) is None
