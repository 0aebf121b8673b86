"""A stream in which the reference topology's hosts say what is meant to do harm, or is far too long or too large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode
from cluster.health.verdict import Verdict
from cluster.number import MOST
from cluster.pacemaker.record import CRM_MON, CrmFailure, CrmStatus
from cluster.rabbitmq.record import RABBIT_CLUSTER, BrokerNode
from cluster.state import HOSTS, ClusterState, Unknown
from cluster.wire.lines import line
from cluster.wire.observed import Event
from engine.seen import Seen
from tests.streams.build import SPEC, START, ages
from tests.streams.topology import unit, well

MEGABYTE = 1_000_000

TEXTS = {
    "colour": "\x1b[31mred\x1b[0m and \x9b7mreversed",
    "cursor": "\x1b[2J\x1b[Hover \x1b[?1049h the screen\r\x08\x7f\x00",
    "clipboard": "\x1b]52;c;ZWNobyBvd25lZA==\x07 copied \x1b]52;c;?\x1b\\",
    "link": "\x1b]8;;https://example.org/\x1b\\a link\x1b]8;;\x1b\\",
    "title": "\x1b]0;the window's title\x07\x1bP+q544e\x1b\\\x1b_app\x1b\\",
    "markup": "[@click=app.quit]x[/] [link=https://example.org]y[/link] [bold red]z[/] [/] [on $error]",
    "bidi": "\u202etxet denrut\u202c \u2066isolated\u2069 zero\u200bwidth \ufeffmark",
    "broken": "broken UTF-8 \ufffd\ufffd( and \ufffd",
    "lines": "first\nsecond\r\nthird\tafter a tab\x0b\x0c\x85\u2028\u2029end",
    "wide": "\u5168\u89d2 \U0001f469\u200d\U0001f469\u200d\U0001f467 e\u0301\u0301\u0301 \u1e9e",
    "long": "A" * MEGABYTE,
    "blanks": " " * 4000 + "x",
}
"""Each kind of text by name."""


def hostile() -> Iterator[bytes]:
    """A snapshot of health, an event for each of TEXTS, and a snapshot full of them."""
    well_seen = Seen.of(SPEC, well(SPEC))
    yield line(well_seen.snapshot(SPEC, START, ages=ages(SPEC, 0.0, {})))
    for number, text in enumerate(TEXTS.values(), 1):
        yield line(Event(START + number / 10, "galera", "mysql1", Verdict.WARN, text))
    yield line(Seen.of(SPEC, _full(well(SPEC))).snapshot(SPEC, START + 2, ages=ages(SPEC, 2.0, {})))


def _full(state: ClusterState) -> ClusterState:
    proxy, database, broker = (
        state[HAPROXY_STAT]["haproxy1"],
        state[WSREP_STATUS]["mysql2"],
        state[RABBIT_CLUSTER]["cc02"],
    )
    pacemaker = state[CRM_MON]["cc01"]
    assert isinstance(proxy, ProxyNode) and isinstance(database, GaleraNode)
    assert isinstance(broker, BrokerNode) and isinstance(pacemaker, CrmStatus)
    servers = tuple(
        replace(
            server,
            status=f"DOWN {text[:4000]}",
            check=text[:4000],
            sessions=MOST,
            last_change=MOST,
            downtime=MOST,
            rate=MOST,
            queue=MOST,
        )
        for server, text in zip(proxy.servers, TEXTS.values(), strict=False)
    )
    bad = unit("mariadb", TEXTS["colour"], TEXTS["markup"])
    queues = tuple(replace(queue, messages=MOST, consumers=MOST) for queue in broker.queues)
    resources = tuple(replace(one, fail_counts={"cc01": MOST}, migration_threshold=MOST) for one in pacemaker.resources)
    failures = tuple(CrmFailure(f"{name} {text[:4000]}", "cc02", text[:4000]) for name, text in TEXTS.items())
    return state.having(
        {
            HOSTS: {**state.hosts, "net01": Unknown(TEXTS["clipboard"]), "net02": Unknown(TEXTS["lines"])},
            HAPROXY_STAT: {
                **state[HAPROXY_STAT],
                "haproxy1": replace(proxy, version=TEXTS["long"], uptime=MOST, servers=servers),
            },
            WSREP_STATUS: {
                "mysql1": replace(
                    database,
                    state=TEXTS["link"],
                    cluster_status=TEXTS["bidi"],
                    seqno=MOST,
                    size=MOST,
                    conf_id=MOST,
                    recv_queue=MOST,
                    flow_control_paused=float(MOST),
                    cached_downto=1,
                ),
                "mysql2": replace(database, running=False, service=bad),
                "mysql3": Unknown(TEXTS["long"]),
            },
            RABBIT_CLUSTER: {
                **state[RABBIT_CLUSTER],
                "cc01": replace(broker, queues=queues, queues_total=MOST),
                "cc02": replace(broker, alarms=(TEXTS["title"], TEXTS["markup"]), partitions=(TEXTS["cursor"],)),
                "cc03": Unknown(TEXTS["broken"]),
            },
            CRM_MON: dict.fromkeys(
                state[CRM_MON], replace(pacemaker, failures=failures, resources=resources, bans=(TEXTS["wide"],))
            ),
        }
    )
