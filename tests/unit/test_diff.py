"""Changes as events: of a host, of a layer, and with the verdict that holds now."""

from __future__ import annotations

from dataclasses import replace

from cluster.health.verdict import Verdict
from cluster.keepalived.record import VRRP_OWNER
from cluster.pacemaker.record import CONTROLLERS_VIP
from cluster.state import HOSTS, Unknown
from cluster.vip import VipNode
from cluster.wire.observed import Event
from engine.observe.diff import events
from engine.seen import Seen
from tests.unit.test_health import GALERA, HEALTHY, SPEC, VIP, changed, proxy, unit

BEFORE = Seen.of(SPEC, HEALTHY)


def told(now: Seen) -> list[tuple[str, str, Verdict, str]]:
    return [(event.layer, event.host, event.verdict, event.text) for event in events(BEFORE, now, 17.0)]


def test_counters_are_no_news() -> None:
    assert told(Seen.of(SPEC, changed("galera", "mysql1", replace(GALERA, seqno=8, recv_queue=3)))) == []


def test_a_backend_that_is_down_is_told_of_with_the_balancer_s_verdict_and_the_layer_s() -> None:
    now = Seen.of(SPEC, changed("haproxy", "haproxy1", proxy(status={"mysql3": "DOWN"})))
    assert told(now) == [
        ("haproxy", "haproxy1", Verdict.WARN, "galera/mysql3 on haproxy1 was UP, and is DOWN"),
        ("haproxy", "", Verdict.WARN,
         "was OK, and is WARN: haproxy1: 2 of 3 servers of galera are UP (mysql3 DOWN)"),
    ]  # fmt: skip
    assert events(BEFORE, now, 17.0)[0] == Event(
        17.0, "haproxy", "haproxy1", Verdict.WARN, "galera/mysql3 on haproxy1 was UP, and is DOWN"
    )


def test_a_vip_is_told_of_in_the_layer_that_moves_it() -> None:
    moved = HEALTHY.having(
        {VRRP_OWNER: {"haproxy1": HEALTHY[VRRP_OWNER]["haproxy2"], "haproxy2": HEALTHY[VRRP_OWNER]["haproxy1"]}}
    )
    assert told(Seen.of(SPEC, moved)) == [
        ("keepalived", "", Verdict.OK, f"the owner of {VIP} was haproxy1, and is haproxy2")
    ]
    at_cc02 = {"cc01": VipNode({}), "cc02": HEALTHY[CONTROLLERS_VIP]["cc01"], "cc03": VipNode({})}
    events = told(Seen.of(SPEC, HEALTHY.having({CONTROLLERS_VIP: at_cc02})))
    # That Pacemaker has it elsewhere makes the layer's verdict another, which is told too.
    assert [event[0] for event in events] == ["pacemaker", "pacemaker"]
    assert events[0][3] == "the owner of 192.0.2.48 was cc01, and is cc02"


def test_a_host_is_told_of_before_its_layer_is_judged() -> None:
    stopped = changed("vrrp", "haproxy1", VipNode({}, unit("keepalived.service", "inactive")))
    assert told(Seen.of(SPEC, HEALTHY, stopped)) == [
        ("keepalived", "haproxy1", Verdict.FAIL, "keepalived on haproxy1 was active, and is inactive")
    ]


def test_a_host_that_is_away_is_unknown_and_so_is_its_layer() -> None:
    reason = "has said nothing for 4 s"
    away = changed("galera", "mysql3", Unknown(reason))
    away = away.having({HOSTS: {**HEALTHY.hosts, "mysql3": Unknown(reason)}})
    found = told(Seen.of(SPEC, away))
    assert ("hosts", "mysql3", Verdict.UNKNOWN, "mysql3 was there, and is not answering") in found
    assert ("galera", "", Verdict.UNKNOWN, f"was OK, and is UNKNOWN: mysql3 {reason}") in found
