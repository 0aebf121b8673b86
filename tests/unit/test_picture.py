"""What is where, and how two pictures differ: what a plan rests on, in sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.assess import assess
from cluster.galera.record import WSREP_STATUS
from cluster.haproxy.record import HAPROXY_STAT
from cluster.keepalived.record import VRRP_OWNER
from cluster.pacemaker.record import CRM_MON, CrmResource
from cluster.picture import changes, picture, whereabouts
from cluster.rabbitmq.record import RABBIT_CLUSTER, BrokerQueue
from cluster.state import ClusterState
from cluster.steady import gates
from cluster.vip import VipNode
from tests.unit.test_health import BROKER, CRM, GALERA, GONE, HEALTHY, QUORUM, SPEC, VIP, changed, proxy, unit

QUEUE = BrokerQueue("/", "q", "quorum", "rabbit@cc01", ("rabbit@cc01",), 5, 1)


def told(now: ClusterState) -> list[str]:
    return [str(change) for change in changes(picture(SPEC, HEALTHY), picture(SPEC, now))]


def test_nothing_is_told_while_nothing_moves() -> None:
    node = proxy()
    servers = tuple(replace(server, sessions=40, rate=17, queue=2, last_change=11) for server in node.servers)
    busy = HEALTHY.having(
        {
            HAPROXY_STAT: dict.fromkeys(HEALTHY[HAPROXY_STAT], replace(node, servers=servers, uptime=11)),
            WSREP_STATUS: dict.fromkeys(
                HEALTHY[WSREP_STATUS], replace(GALERA, seqno=9000, recv_queue=4, cached_downto=7)
            ),
            RABBIT_CLUSTER: dict.fromkeys(HEALTHY[RABBIT_CLUSTER], replace(BROKER, queues=(QUEUE,), queues_total=1)),
            CRM_MON: dict.fromkeys(
                HEALTHY[CRM_MON],
                replace(CRM, resources=(replace(CRM.resources[0], fail_counts={"cc02": 3}), *CRM.resources[1:])),
            ),
        }
    )
    assert told(busy) == []


def test_a_vip_that_moved_is_one_change() -> None:
    keepalived = unit("keepalived.service")
    moved = HEALTHY.having(
        {VRRP_OWNER: {"haproxy1": VipNode({}, keepalived), "haproxy2": VipNode({VIP: "host0"}, keepalived)}}
    )
    assert told(moved) == [f"the owner of {VIP} was haproxy1, and is haproxy2"]


def test_a_split_vip_names_both_owners() -> None:
    split = changed("vrrp", "haproxy2", VipNode({VIP: "host0"}, unit("keepalived.service")))
    assert told(split) == [f"the owner of {VIP} was haproxy1, and is haproxy1, haproxy2"]


MOVED = replace(CRM, resources=(replace(CRM.resources[0], nodes=("cc02",)), *CRM.resources[1:]))


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (changed("hosts", "mysql3", GONE), "mysql3 was there, and is not answering"),
        (
            HEALTHY.having({HAPROXY_STAT: dict.fromkeys(HEALTHY[HAPROXY_STAT], proxy("mysql2"))}),
            "the writer was mysql1, and is mysql2",
        ),
        (
            changed("haproxy", "haproxy1", proxy(status={"mysql3": "DOWN 1/2"})),
            "galera/mysql3 on haproxy1 was UP, and is DOWN",
        ),
        (changed("galera", "mysql2", GONE), "Galera on mysql2 was Synced, Primary of 3, and is unknown"),
        (
            changed("galera", "mysql2", replace(GALERA, running=False)),
            "Galera on mysql2 was Synced, Primary of 3, and is down",
        ),
        (
            changed("rabbitmq", "cc02", replace(BROKER, running=False, draining=True)),
            "the broker on cc02 was running, and is drained",
        ),
        (
            changed("corosync", "cc03", replace(QUORUM, quorate=False)),
            "Corosync on cc03 was quorate, and is without quorum",
        ),
        (
            HEALTHY.having({CRM_MON: dict.fromkeys(HEALTHY[CRM_MON], MOVED)}),
            "the resource vip was cc01, and is cc02",
        ),
        (
            changed("galera", "mysql2", replace(GALERA, standalone=True)),
            "Galera on mysql2 was Synced, Primary of 3, and is without a cluster",
        ),
        (
            changed("galera", "mysql2", replace(GALERA, state="", cluster_status="")),
            "Galera on mysql2 was Synced, Primary of 3, and is silent, no component of 3",
        ),
        (
            changed("galera", "mysql2", replace(GALERA, refuses="a read lock")),
            "Galera on mysql2 was Synced, Primary of 3, and is Synced, Primary of 3, without sessions",
        ),
        (changed("rabbitmq", "cc02", GONE), "the broker on cc02 was running, and is unknown"),
        (
            changed("rabbitmq", "cc02", replace(BROKER, running=False)),
            "the broker on cc02 was running, and is down",
        ),
        (
            changed("rabbitmq", "cc02", replace(BROKER, partitions=("a", "b"), alarms=("disk",))),
            "the broker on cc02 was running, and is running, parted from a, b, alarms: disk",
        ),
        (changed("corosync", "cc03", GONE), "Corosync on cc03 was quorate, and is unknown"),
        (
            changed("corosync", "cc03", replace(QUORUM, quorate=False, running=False)),
            "Corosync on cc03 was quorate, and is down",
        ),
        (changed("pacemaker", "cc03", GONE), "Pacemaker on cc03 was running, and is unknown"),
        (
            changed("pacemaker", "cc03", replace(CRM, running=False)),
            "Pacemaker on cc03 was running, and is down",
        ),
        (
            changed("vrrp", "haproxy2", VipNode({}, replace(unit("keepalived.service"), frozen=True))),
            "keepalived on haproxy2 was active, and is frozen",
        ),
        (
            changed("vrrp", "haproxy2", VipNode({}, unit("keepalived.service", "failed"), away=True)),
            "keepalived on haproxy2 was active, and is failed",
        ),
        (changed("vrrp", "haproxy2", VipNode({}, None)), "keepalived on haproxy2 was active, and is absent"),
        (
            changed("vrrp", "haproxy2", VipNode({}, unit("keepalived.service"), away=True)),
            "keepalived on haproxy2 was active, and is away",
        ),
    ],
)
def test_each_kind_of_change_is_a_sentence(now: ClusterState, sentence: str) -> None:
    assert told(now) == [sentence]


def test_a_resource_that_is_new_was_absent() -> None:
    new = CrmResource("api", "systemd:keystone", "Started", True, False, True, False, False, ("cc03",))
    now = HEALTHY.having({CRM_MON: dict.fromkeys(HEALTHY[CRM_MON], replace(CRM, resources=(*CRM.resources, new)))})
    assert told(now) == ["the resource api was absent, and is cc03"]


def test_who_holds_a_vip_or_writes_is_told_as_a_field() -> None:
    """The header read it back from the words "the owner of", the overview from a value at its commas."""
    keepalived = unit("keepalived.service")
    both = dict.fromkeys(("haproxy1", "haproxy2"), VipNode({VIP: "host0"}, keepalived))
    where = whereabouts(picture(SPEC, HEALTHY.having({VRRP_OWNER: both})))
    assert [(one.vip, one.holders) for one in where if one.layer == "keepalived"] == [(VIP, ("haproxy1", "haproxy2"))]
    assert [one.holders for one in where if one.layer == "haproxy"] == [("mysql1",)]
    gone = whereabouts(picture(SPEC, HEALTHY.having({VRRP_OWNER: dict.fromkeys(both, GONE)})))
    assert [(one.value, one.holders) for one in gone if one.vip == VIP] == [("unknown", ())]


def test_a_server_that_gets_no_sessions_is_no_writer_whatever_the_table_says() -> None:
    """Seen: the writer's host had lost its power, and was called the writer for a minute."""
    dead = HEALTHY.having({HAPROXY_STAT: dict.fromkeys(HEALTHY[HAPROXY_STAT], proxy(status={"mysql1": "DOWN"}))})
    assert "the writer was mysql1, and is none yet (was mysql1, DOWN)" in told(dead)
    silent = changed("hosts", "mysql1", GONE)
    assert "the writer was mysql1, and is none yet (was mysql1, its host does not answer)" in told(silent)
    # One balancer sees it UP, or has chosen another one.
    one = changed("haproxy", "haproxy1", proxy(status={"mysql1": "DOWN"}))
    assert not [sentence for sentence in told(one) if sentence.startswith("the writer")]
    other = dead.having({HAPROXY_STAT: {**dead[HAPROXY_STAT], "haproxy2": proxy("mysql2", {"mysql1": "DOWN"})}})
    assert "the writer was mysql1, and is mysql2" in told(other)
    shows = {host.host: host.shows for layer in assess(SPEC, dead) for host in layer.hosts if layer.layer == "haproxy"}
    assert "writer none yet (was mysql1, DOWN)" in shows["haproxy1"]
    assert "0 not UP" not in gate(dead) and gate(dead).startswith("2 serve, 2 not UP, no writer yet")
    assert gate(HEALTHY) == "2 serve, 0 not UP, 1 writer"


def gate(state: ClusterState) -> str:
    return next(one.now for one in gates(SPEC, state) if "writer" in one.need)
