"""Which start a daemon runs from: read from its unit, and compared."""

from __future__ import annotations

from dataclasses import fields, replace

from cluster.starts import Daemon, restarted, starts
from cluster.state import ClusterState, ServiceState, Unknown
from cluster.vip import VipNode
from engine.observe.diff import events
from engine.seen import Seen
from facts.base import parse_services, services_command
from tests.unit.test_health import GALERA, HEALTHY, SPEC, changed, unit

MARIADB = Daemon("mysql2", "mariadb.service")


def galera(start: str, active: str = "active") -> ClusterState:
    return changed("galera", "mysql2", replace(GALERA, service=unit(MARIADB.unit, active, started=start)))


def test_the_start_is_read_with_the_unit() -> None:
    said = "Id=mariadb.service\nActiveState=active\nSubState=running\nInvocationID=31b3b44cd0a64cf8a3ea0a6d0b3c5c60\n"
    assert parse_services(said)["mariadb.service"].started == "31b3b44cd0a64cf8a3ea0a6d0b3c5c60"
    # Before its first start, and with a systemd that has no such number.
    assert parse_services("Id=a.service\nInvocationID=\n\nId=b.service\n")["b.service"].started == ""
    assert "InvocationID" in services_command({"mariadb.service": ()})


def test_every_unit_of_every_layer_is_told_of() -> None:
    state = HEALTHY
    for layer in state.seen:
        for host, record in state.seen[layer].items():
            started = {
                one.name: replace(value, started="a")
                for one in fields(record)
                if isinstance(value := getattr(record, one.name), ServiceState)
            }
            records = {**state.seen[layer], host: replace(record, **started)}
            state = state.having({layer: records})
    assert {(one.layer, one.unit) for one in starts(state)} == {
        ("vrrp", "keepalived.service"), ("haproxy", "haproxy.service"), ("galera", "mariadb.service"),
        ("galera", "hatui-galera-check.service"), ("rabbitmq", "rabbitmq-server.service"),
        ("corosync", "corosync.service"), ("pacemaker", "pacemaker.service"), ("ports", "hatui-ports.service"),
    }  # fmt: skip


def test_another_start_is_a_restart_and_what_is_not_known_is_none() -> None:
    one, other = starts(galera("a")), starts(galera("b"))
    assert one == {MARIADB: "a"} and str(MARIADB) == "mariadb on mysql2"
    assert restarted(one, other) == [MARIADB] and restarted(one, one) == restarted({}, one) == []
    assert starts(galera("b", "activating")) == starts(galera("")) == starts(HEALTHY) == {}


def test_a_daemon_s_restart_is_an_event_though_the_verdict_is_the_same() -> None:
    before, now = Seen.of(SPEC, galera("a")), Seen.of(SPEC, galera("b"))
    told = [(event.layer, event.host, event.text) for event in events(before, now, 17.0)]
    assert told == [("galera", "mysql2", "mariadb on mysql2 was restarted")]
    one, other = (
        Seen.of(SPEC, changed("vrrp", "haproxy2", VipNode({}, unit("keepalived.service", started=start))))
        for start in "ab"
    )
    (event,) = events(one, other, 17.0)
    assert (event.layer, event.text) == ("keepalived", "keepalived on haproxy2 was restarted")


def test_a_restart_behind_a_time_in_which_nothing_was_known_is_told_too() -> None:
    before = Seen.of(SPEC, galera("a"))
    away = Seen.of(SPEC, changed("galera", "mysql2", Unknown("has said nothing for 4 s"))).after(before)
    starting = Seen.of(SPEC, galera("b", "activating")).after(away)
    back = Seen.of(SPEC, galera("b")).after(starting)
    texts = [event.text for event in events(starting, back, 17.0)]
    assert [text for text in texts if "restarted" in text] == ["mariadb on mysql2 was restarted"]
    assert events(back, back.after(back), 17.0) == []
