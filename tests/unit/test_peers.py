"""The link over which the balancers share the writer's table: what is so of it, and what must wait for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cluster.galera.gates import may_write
from cluster.galera.record import WSREP_STATUS
from cluster.haproxy.gates import kept_away, links_down, next_server, not_taken_over
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode, ProxyServer
from cluster.haproxy.verdict import haproxy_health
from cluster.health.verdict import Verdict
from cluster.keepalived.gates import may_own
from cluster.keepalived.record import VRRP_OWNER
from cluster.layer import Thing
from cluster.picture import picture
from cluster.state import Unknown
from cluster.steady import not_steady
from facts.haproxy import parse_haproxy_stat
from tests.unit.test_health import SPEC, proxy
from tests.unit.test_rest import REST

FIXTURES = Path(__file__).parent / "fixtures" / "haproxy"
OTHER = proxy()


def proxy_node(said: str) -> ProxyNode:
    node = parse_haproxy_stat(said)
    assert isinstance(node, ProxyNode), node
    return node


PEERS = """
0x55ff27f86150: [26/Nov/2026:18:13:28] id=balancers disabled=0 flags=0x6833 resync_timeout=<PAST> task_calls=58
  0x55ff27f8f0c0: id=haproxy2(remote,active) addr=192.0.2.121:10000 last_status=CONN last_hdshk=1m51s
        reconnect=4s heartbeat=2s confirm=0 tx_hbt=37 rx_hbt=37 no_hbt=0 new_conn=1 proto_err=0 coll=1
        flags=0x20000200 appctx:0x7f24c4044c40 st0=7 st1=0 task_calls=77 state=EST
        shared tables:
          0x55ff280d7fe0 local_id=1 remote_id=1 flags=0x0 remote_data=0x80001
              table:0x55ff27f94150 id=galera update=2 localupdate=2 commitupdate=2 refcnt=1
        Dictionary cache not dumped (use "show peers dict")
  0x55ff27f8c120: id=haproxy1(local,inactive) addr=192.0.2.120:10000 last_status=NONE last_hdshk=<NEVER>
        reconnect=<NEVER> heartbeat=<NEVER> confirm=0 tx_hbt=0 rx_hbt=0 no_hbt=0 new_conn=0 proto_err=0 coll=0
        flags=0x0
        shared tables:
          0x55ff280d8090 local_id=1 remote_id=0 flags=0x0 remote_data=0x0
              table:0x55ff27f94150 id=galera update=2 localupdate=2 commitupdate=2 refcnt=1
        Dictionary cache not dumped (use "show peers dict")
"""


def whole(peers: str) -> str:
    said = (FIXTURES / "healthy.txt").read_text()
    return said.replace("\n\n\nServices=\n", f"\n\n{peers}\n\nServices=\n")


def test_the_state_of_the_link_to_each_peer() -> None:
    node = proxy_node(whole(PEERS))
    assert node.peers == {"haproxy2": "CONN"}
    assert replace(node, peers={}) == proxy_node(whole(""))
    # Neither a section that is not there nor a link over which no writer is told.
    assert proxy_node(whole("No such peers")).peers == {}
    assert proxy_node(whole(PEERS.replace(" id=galera ", " id=other "))).peers == {}
    # The last table of one must not count for the other.
    first, _, _ = PEERS.partition("              table:")
    other = PEERS[PEERS.index("  0x55ff27f8c120") :].replace("(local,inactive)", "(remote,active)")
    assert proxy_node(whole(first + other)).peers == {"haproxy1": "NONE"}


APART = {"haproxy1": replace(OTHER, peers={"haproxy2": "CONN"}), "haproxy2": replace(OTHER, peers={"haproxy1": "ESTA"})}


def test_a_peers_link_that_is_cut_is_told_with_both_ends_and_closes_the_gates() -> None:
    said = haproxy_health(SPEC, APART)
    assert said.verdict is Verdict.WARN
    assert said.reason.startswith("haproxy1 and haproxy2 don't share the writer's table (peers link CONN)")
    assert "port 10000" in said.reason and len(said.findings) == 1
    state = REST.having({HAPROXY_STAT: APART})
    reason = "haproxy1 and haproxy2 don't tell each other who the writer is (peers link CONN)"
    for name in ("haproxy1", "haproxy2"):
        assert reason in str(may_own(state[VRRP_OWNER], state[HAPROXY_STAT], name))
    assert reason in str(may_write(state[WSREP_STATUS], state[HAPROXY_STAT], "mysql2"))
    assert reason in str(not_steady(SPEC, state))
    assert picture(SPEC, state)[Thing("haproxy", "haproxy1", "the peers link from haproxy1 to haproxy2")] == "CONN"
    several = replace(SPEC, haproxy=replace(SPEC.haproxy, single_writer=False))
    assert haproxy_health(several, APART).verdict is Verdict.OK and not_steady(several, state) is None


def test_a_link_to_a_balancer_that_is_away_is_no_second_trouble() -> None:
    other: ProxyNode | Unknown
    for other in (Unknown("is away"), replace(OTHER, servers=())):
        assert links_down({"haproxy1": APART["haproxy1"], "haproxy2": other}) == {}
    assert links_down({"haproxy1": APART["haproxy1"]}) == {}
    both = {"haproxy2": replace(OTHER, peers={"haproxy1": "NONE"}), "haproxy1": APART["haproxy1"]}
    assert links_down(both) == {("haproxy1", "haproxy2"): "NONE"}
    assert links_down(dict.fromkeys(("haproxy1", "haproxy2"), OTHER)) == {}


def test_a_reload_is_complete_when_the_link_is_there_again() -> None:
    before, now = APART["haproxy2"], replace(APART["haproxy2"], pid=2)
    assert not_taken_over(before, "haproxy2", now) is None
    lost = replace(now, peers={"haproxy1": "CONN"})
    assert "does not share the writer's table with haproxy1 yet" in str(not_taken_over(before, "haproxy2", lost))
    # What was cut before may be cut after it.
    assert not_taken_over(replace(before, peers={"haproxy1": "CONN"}), "haproxy2", lost) is None


def test_a_link_that_is_established_is_no_trouble() -> None:
    both = {"haproxy1": replace(OTHER, peers={"haproxy2": "ESTA"}), "haproxy2": APART["haproxy2"]}
    assert links_down(both) == {} and haproxy_health(SPEC, both).verdict is Verdict.OK
    assert not_steady(SPEC, REST.having({HAPROXY_STAT: both})) is None


# Who takes over, and who is kept away.


def with_status(*servers: tuple[str, str, str]) -> ProxyNode:
    made = (ProxyServer(backend, name, "", status, "L7OK/200", 0, True, 9, 0) for backend, name, status in servers)
    return replace(OTHER, servers=tuple(made))


def test_the_first_server_that_is_up_everywhere_takes_over() -> None:
    one = with_status(("galera", "a", "UP"), ("galera", "b", "DOWN"), ("galera", "c", "UP"), ("galera", "d", "UP"))
    two = with_status(("galera", "a", "UP"), ("galera", "b", "UP"), ("galera", "c", "DOWN"), ("galera", "d", "UP"))
    assert next_server({"x": one, "y": two}, "galera", "a") == "d"
    assert next_server({"x": one, "y": two}, "galera", "d") == "a"
    assert next_server({"x": one}, "galera", "a") == "c"
    assert next_server({"x": one, "y": two}, "rabbitmq", "a") is None
    other = with_status(("rabbitmq", "z", "UP"), ("galera", "a", "UP"))
    assert next_server({"x": other}, "galera", "a") is None


def test_what_was_told_by_hand_is_kept_away_in_its_own_backend() -> None:
    one = with_status(
        ("galera", "a", "MAINT"), ("galera", "b", "UP"), ("galera", "d", "UP"), ("rabbitmq", "c", "DRAIN")
    )
    two = with_status(("galera", "b", "DRAIN"), ("galera", "a", "DOWN"))
    assert kept_away({"x": one, "y": two, "z": Unknown("is away")}, "galera") == {"a", "b"}
    assert kept_away({"x": one}, "rabbitmq") == {"c"}


def test_a_server_that_was_not_checked_before_the_reload_may_be_down_after_it() -> None:
    (first, *others) = OTHER.servers
    before = replace(OTHER, servers=(replace(first, check="INI"), *others), pid=1)
    down = replace(OTHER, servers=(replace(first, status="DOWN"), *others), pid=2)
    assert not_taken_over(before, "haproxy1", down) is None
    assert "galera/mysql1 is DOWN" in str(not_taken_over(replace(OTHER, pid=1), "haproxy1", down))
