"""What is said of a snapshot: each kind of trouble is told of, with host and number, and nothing unknown is OK."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cluster.assess import assess, overall
from cluster.corosync.record import QuorumNode
from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.haproxy.record import ProxyNode, ProxyServer
from cluster.health.verdict import LayerHealth, Verdict
from cluster.pacemaker.record import CRM_MON, CrmFailure, CrmNode, CrmResource, CrmStatus, FencingEvent
from cluster.ports.record import FilterNode
from cluster.rabbitmq.record import RABBIT_CLUSTER, BrokerNode
from cluster.spec import Cluster, FencingDevice, Host, Keepalived, Pacemaker, Role, Ssh
from cluster.state import ClusterState, HostAnswer, ServiceState, Unknown
from cluster.vip import VipNode

NAMES = {
    Role.HAPROXY: ("haproxy1", "haproxy2"),
    Role.GALERA: ("mysql1", "mysql2", "mysql3"),
    Role.CONTROLLER: ("cc01", "cc02", "cc03"),
    Role.NETWORK: ("net01",),
}
VIP, CONTROLLER_VIP = "192.0.2.47", "192.0.2.48"
BALANCERS, DATABASES, CONTROLLERS = NAMES[Role.HAPROXY], NAMES[Role.GALERA], NAMES[Role.CONTROLLER]
HOSTS = {name: Host(name, f"192.0.2.{n}", role) for role in NAMES for n, name in enumerate(NAMES[role], 10 * len(role))}
SPEC = Cluster(
    name="test",
    network="192.0.2.0/24",
    release="bookworm",
    hosts=HOSTS,
    ssh=Ssh(),
    keepalived=Keepalived(vip=VIP),
    pacemaker=Pacemaker(vip=CONTROLLER_VIP, fencing={name: FencingDevice("192.0.2.200", "x") for name in CONTROLLERS}),
)


def unit(name: str, active: str = "active", **more: Any) -> ServiceState:
    return ServiceState(name, active, "running" if active == "active" else "dead", True, **more)


def proxy(writer: str = "mysql1", status: dict[str, str] | None = None) -> ProxyNode:
    servers = tuple(
        ProxyServer(backend, name, "", (status or {}).get(name, "UP"), "L7OK/200", 0, True, 9, 0)
        for backend, names in (("galera", DATABASES), ("rabbitmq", CONTROLLERS))
        for name in names
    )
    return ProxyNode("2.6", 9, servers, {"galera": writer}, unit("haproxy.service"))


GALERA = GaleraNode(
    running=True, uuid="u", seqno=7, ready=True, connected=True, cluster_status="Primary", state="Synced", size=3,
    conf_id=3, service=unit("mariadb.service"), check=unit("hatui-galera-check.service"),
)  # fmt: skip
MEMBERS = tuple(f"rabbit@{name}" for name in CONTROLLERS)
BROKER = BrokerNode("rabbit@cc01", True, MEMBERS, MEMBERS, service=unit("rabbitmq-server.service"))
QUORUM = QuorumNode(True, True, 3, 3, CONTROLLERS, unit("corosync.service"))
CRM = CrmStatus(
    running=True, dc="cc01", quorate=True, stonith_enabled=True, maintenance_mode=False,
    nodes=tuple(CrmNode(name, True, False, False, False, False, name == "cc01") for name in CONTROLLERS),
    resources=(
        CrmResource("vip", "ocf:heartbeat:IPaddr2", "Started", True, False, True, False, False, ("cc01",)),
        *(CrmResource(f"fence-{name}", "stonith:fence_ipmilan", "Started", True, False, True, False, False, ("cc02",))
          for name in CONTROLLERS),
    ),
    failures=(), fencing=(), bans=(), service=unit("pacemaker.service"),
)  # fmt: skip
HEALTHY = ClusterState(
    {
        "hosts": {name: HostAnswer(0.2) for name in HOSTS},
        "vrrp": {
            "haproxy1": VipNode({VIP: "host0"}, unit("keepalived.service")),
            "haproxy2": VipNode({}, unit("keepalived.service")),
        },
        "haproxy": {name: proxy() for name in BALANCERS},
        "galera": dict.fromkeys(DATABASES, GALERA),
        "rabbitmq": dict.fromkeys(CONTROLLERS, BROKER),
        "corosync": dict.fromkeys(CONTROLLERS, QUORUM),
        "pacemaker": dict.fromkeys(CONTROLLERS, CRM),
        "controller_vip": {"cc01": VipNode({CONTROLLER_VIP: "host0"}), "cc02": VipNode({}), "cc03": VipNode({})},
        "ports": {name: FilterNode(unit("hatui-ports.service"), 6) for name in HOSTS},
    }
)
GONE = Unknown("did not answer within 4 s")


def layer_of(state: ClusterState, layer: str) -> LayerHealth:
    return next(found for found in assess(SPEC, state) if found.layer == layer)


def changed(field: str, host: str, record: object) -> ClusterState:
    """The healthy state, with one host's record replaced."""
    records: Any = {**HEALTHY.seen[field], host: record}
    return HEALTHY.having({field: records})


def test_a_healthy_cluster_is_ok_everywhere() -> None:
    layers = assess(SPEC, HEALTHY)
    assert [(layer.layer, layer.verdict, layer.findings) for layer in layers] == [
        (name, Verdict.OK, ())
        for name in ("hosts", "haproxy", "keepalived", "galera", "rabbitmq", "corosync", "pacemaker", "ports")
    ]
    assert overall(layers) is Verdict.OK
    assert {host.verdict for layer in layers for host in layer.hosts} == {Verdict.OK}


DOWN = unit("x.service", "failed")
CASES: list[tuple[str, str, str, object, Verdict, str]] = [
    ("keepalived", "vrrp", "haproxy2", VipNode({VIP: "host0"}, unit("keepalived.service")), Verdict.FAIL,
     "2 owners of 192.0.2.47: haproxy1, haproxy2 (split). They do not hear each other. To end it: `systemctl stop "
     "keepalived` on haproxy2"),
    ("keepalived", "vrrp", "haproxy1", VipNode({}, unit("keepalived.service")), Verdict.FAIL, "no owner of 192.0.2.47"),
    ("keepalived", "vrrp", "haproxy1", GONE, Verdict.UNKNOWN, "no owner of 192.0.2.47 is seen, and haproxy1"),
    ("keepalived", "vrrp", "haproxy2", VipNode({}, unit("keepalived.service", "inactive")), Verdict.WARN,
     "haproxy2: keepalived is inactive (dead)"),
    ("haproxy", "haproxy", "haproxy2", replace(proxy(), service=DOWN), Verdict.WARN, "haproxy2: x is failed"),
    ("haproxy", "haproxy", "haproxy2", GONE, Verdict.UNKNOWN, "haproxy2 did not answer"),
    ("haproxy", "haproxy", "haproxy1", proxy("mysql2"), Verdict.WARN, "do not agree on the database's writer"),
    ("haproxy", "haproxy", "haproxy1", proxy(status={"mysql3": "DOWN"}), Verdict.WARN,
     "haproxy1: 2 of 3 servers of galera are UP (mysql3 DOWN)"),
    ("haproxy", "haproxy", "haproxy1", proxy(status=dict.fromkeys(CONTROLLERS, "DOWN")), Verdict.FAIL,
     "haproxy1: 0 of 3 servers of rabbitmq are UP"),
    ("haproxy", "haproxy", "haproxy1", replace(proxy(), service=unit("haproxy.service", restart_due=True)),
     Verdict.WARN, "haproxy1: haproxy runs with former settings"),
    ("galera", "galera", "mysql2", replace(GALERA, running=False, service=DOWN), Verdict.WARN, "mysql2: x is failed"),
    ("galera", "galera", "mysql2", replace(GALERA, state="Joined"), Verdict.WARN, "mysql2: Joined"),
    ("galera", "galera", "mysql2", replace(GALERA, answers=False, cluster_status="", ready=False), Verdict.WARN,
     "mysql2: its server runs and does not answer"),
    ("galera", "galera", "mysql2", replace(GALERA, uuid="v"), Verdict.FAIL, "two clusters with different data"),
    ("galera", "galera", "mysql2", replace(GALERA, size=2), Verdict.WARN, "mysql2 sees 2 of 3 members"),
    ("galera", "galera", "mysql2", replace(GALERA, conf_id=4), Verdict.WARN, "not agree on the configuration (3, 4)"),
    ("galera", "galera", "mysql2", replace(GALERA, recv_queue=500), Verdict.WARN, "mysql2 lags: 500"),
    ("galera", "galera", "mysql2", replace(GALERA, flow_control_paused=0.5), Verdict.WARN, "50% of the time"),
    ("galera", "galera", "mysql2", replace(GALERA, check=DOWN), Verdict.WARN, "the balancers send it nothing"),
    ("galera", "galera", "mysql2", replace(GALERA, service=unit("mariadb.service", restart_due=True)), Verdict.WARN,
     "mysql2: mariadb runs with former settings"),
    ("galera", "galera", "mysql2", GONE, Verdict.UNKNOWN, "mysql2 did not answer"),
    ("rabbitmq", "rabbitmq", "cc02", replace(BROKER, running=False, service=DOWN), Verdict.WARN, "cc02: x is failed"),
    ("rabbitmq", "rabbitmq", "cc02", replace(BROKER, partitions=("rabbit@cc03",)), Verdict.FAIL,
     "cc02 is partitioned from rabbit@cc03"),
    ("rabbitmq", "rabbitmq", "cc02", replace(BROKER, alarms=("disk",)), Verdict.FAIL, "publishers are blocked"),
    ("rabbitmq", "rabbitmq", "cc02", replace(BROKER, members=MEMBERS[1:2]), Verdict.WARN, "1 members in its cluster"),
    ("rabbitmq", "rabbitmq", "cc02", replace(BROKER, running_members=MEMBERS[:2]), Verdict.WARN, "cc02 sees 2 of 3"),
    ("corosync", "corosync", "cc03", replace(QUORUM, quorate=False, votes=1), Verdict.WARN,
     "cc03: no quorum: 1 of 3 votes"),
    ("corosync", "corosync", "cc03", replace(QUORUM, members=CONTROLLERS[:2]), Verdict.WARN,
     "cc03 sees 2 of 3 members"),
    ("corosync", "corosync", "cc03", replace(QUORUM, running=False, quorate=False, service=DOWN), Verdict.WARN,
     "cc03: x is failed"),
    ("pacemaker", "controller_vip", "cc03", VipNode({CONTROLLER_VIP: "host0"}), Verdict.FAIL,
     "2 owners of 192.0.2.48: cc01, cc03 (split). Pacemaker has it on cc01. To end it: `ip addr flush dev host0 to "
     "192.0.2.48` on cc03"),
    ("pacemaker", "pacemaker", "cc03", replace(CRM, running=False, service=DOWN), Verdict.WARN, "cc03: x is failed"),
    ("pacemaker", "pacemaker", "cc03", GONE, Verdict.UNKNOWN, "cc03 did not answer"),
]  # fmt: skip


@pytest.mark.parametrize("layer,field,host,record,verdict,words", CASES, ids=lambda value: str(value)[:40])
def test_trouble_is_told(layer: str, field: str, host: str, record: object, verdict: Verdict, words: str) -> None:
    found = layer_of(changed(field, host, record), layer)
    assert found.verdict is verdict, found.reason
    assert words in found.reason


def test_a_database_that_is_wholly_down_names_the_way_to_recover_it() -> None:
    down = replace(GALERA, running=False, cluster_status="", state="", service=DOWN)
    tries = replace(down, running=True, answers=False, state="Joining", service=unit("x.service", "activating"))
    for nodes in (dict.fromkeys(DATABASES, down), dict.fromkeys(DATABASES, tries)):
        found = layer_of(HEALTHY.having({WSREP_STATUS: nodes}), "galera")
        assert found.verdict is Verdict.FAIL and "`hatui recover galera`" in found.reason
    assert "started again and again, and finds no Primary component" in str(found.hosts)
    parted = replace(GALERA, cluster_status="non-Primary", ready=False)
    found = layer_of(HEALTHY.having({WSREP_STATUS: dict.fromkeys(DATABASES, parted)}), "galera")
    assert found.verdict is Verdict.FAIL and "hatui recover" not in found.reason
    joins = layer_of(HEALTHY.having({WSREP_STATUS: {**HEALTHY[WSREP_STATUS], "mysql2": tries}}), "galera")
    assert "again and again" not in str(joins.hosts)


def test_brokers_that_are_all_down_name_the_way_to_recover_them() -> None:
    found = layer_of(
        HEALTHY.having({RABBIT_CLUSTER: dict.fromkeys(CONTROLLERS, replace(BROKER, running=False))}), "rabbitmq"
    )
    assert found.verdict is Verdict.FAIL and "`hatui recover rabbitmq`" in found.reason


def crm(**changes: Any) -> ClusterState:
    return HEALTHY.having({CRM_MON: dict.fromkeys(CONTROLLERS, replace(CRM, **changes))})


def crm_node(**changes: Any) -> tuple[CrmNode, ...]:
    return (*CRM.nodes[:2], replace(CRM.nodes[2], **changes))


@pytest.mark.parametrize(
    "changes,verdict,words",
    [
        ({"stonith_enabled": False}, Verdict.WARN, "unfenced: stonith-enabled is false"),
        ({"resources": CRM.resources[:1]}, Verdict.WARN, "unfenced: there is no fencing device"),
        (
            {"resources": (*CRM.resources[:3], replace(CRM.resources[3], active=False, nodes=()))},
            Verdict.WARN,
            "unfenced: the fencing device fence-cc03 runs nowhere",
        ),
        (
            {"resources": (replace(CRM.resources[0], active=False, nodes=()), *CRM.resources[1:])},
            Verdict.FAIL,
            "vip runs nowhere",
        ),
        (
            {"resources": (replace(CRM.resources[0], failed=True), *CRM.resources[1:])},
            Verdict.FAIL,
            "vip failed on cc01",
        ),
        ({"nodes": crm_node(online=False)}, Verdict.WARN, "cc03 is offline"),
        ({"nodes": crm_node(standby=True)}, Verdict.WARN, "cc03 is in standby"),
        ({"nodes": crm_node(online=False, unclean=True)}, Verdict.WARN, "cc03 is unclean"),
        ({"failures": (CrmFailure("vip_monitor", "cc01", "not running"),)}, Verdict.WARN, "vip_monitor failed on cc01"),
        ({"bans": ("cli-ban-vip-on-cc01",)}, Verdict.WARN, "1 constraints are left of a move"),
        ({"maintenance_mode": True}, Verdict.WARN, "maintenance mode"),
        ({"fencing": (FencingEvent("cc03", "reboot", "failed", "x"),)}, Verdict.WARN, "fencing of cc03 failed"),
        ({"quorate": False}, Verdict.FAIL, "none of 3 controllers is in a cluster with quorum"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_pacemaker_says_of_the_cluster(changes: dict[str, Any], verdict: Verdict, words: str) -> None:
    found = layer_of(crm(**changes), "pacemaker")
    assert found.verdict is verdict, found.reason
    assert words in found.reason


def test_a_controller_without_a_device_in_the_inventory_is_unfenced() -> None:
    spec = replace(SPEC, pacemaker=Pacemaker(vip=CONTROLLER_VIP, fencing={"cc01": FencingDevice("192.0.2.200", "x")}))
    found = next(layer for layer in assess(spec, HEALTHY) if layer.layer == "pacemaker")
    assert (
        found.verdict is Verdict.WARN and "unfenced: the inventory has no fencing device for cc02, cc03" in found.reason
    )


@pytest.mark.parametrize(
    "field,record,layer,words",
    [
        (
            "galera",
            replace(GALERA, cluster_status="non-Primary", ready=False),
            "galera",
            "no Primary component among 3",
        ),
        ("rabbitmq", replace(BROKER, running=False), "rabbitmq", "0 of 3 brokers run"),
        ("corosync", replace(QUORUM, quorate=False, votes=1), "corosync", "0 of 3 controllers are seen to be quorate"),
        ("haproxy", replace(proxy(), service=DOWN), "haproxy", "none of 2 balancers serves"),
    ],
    ids=["galera", "rabbitmq", "corosync", "haproxy"],
)
def test_a_layer_that_serves_nobody_fails(field: str, record: object, layer: str, words: str) -> None:
    records: Any = dict.fromkeys(HEALTHY.seen[field], record)
    found = layer_of(HEALTHY.having({field: records}), layer)
    assert found.verdict is Verdict.FAIL and words in found.reason


def test_when_nobody_can_be_asked_nothing_is_ok_and_nothing_is_said_to_have_failed() -> None:
    gone = ClusterState({field: dict.fromkeys(nodes, GONE) for field, nodes in HEALTHY.seen.items()})
    assert {layer.verdict for layer in assess(SPEC, gone)} == {Verdict.UNKNOWN}


def test_unknown_outranks_a_warning_and_a_failure_outranks_all() -> None:
    warned = changed("galera", "mysql1", replace(GALERA, recv_queue=500))
    unknown = warned.having({WSREP_STATUS: {**warned[WSREP_STATUS], "mysql2": GONE}})
    assert layer_of(unknown, "galera").verdict is Verdict.UNKNOWN
    failed = unknown.having({WSREP_STATUS: {**unknown[WSREP_STATUS], "mysql3": replace(GALERA, uuid="v")}})
    assert layer_of(failed, "galera").verdict is Verdict.FAIL
    assert layer_of(failed, "galera").findings[0].verdict is Verdict.FAIL


def test_exit_codes_are_those_of_a_monitoring_plugin() -> None:
    assert [(str(verdict), verdict.exit_code) for verdict in Verdict] == [
        ("OK", 0), ("WARN", 1), ("FAIL", 2), ("UNKNOWN", 3),
    ]  # fmt: skip
