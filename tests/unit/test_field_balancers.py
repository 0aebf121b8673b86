"""Answers that other people's balancers gave, and their siblings: each is judged as its operator would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cluster.haproxy.gates import why_not_serving
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode, ProxyServer
from cluster.haproxy.servers import state_of, way_out
from cluster.haproxy.verdict import haproxy_health
from cluster.health.verdict import LayerHealth, Verdict
from cluster.keepalived.gates import may_own
from cluster.keepalived.record import VRRP_OWNER
from cluster.layer import Thing
from cluster.picture import picture
from cluster.spec import Cluster
from cluster.state import Unknown
from cluster.steady import gates, not_steady
from facts.haproxy import parse_haproxy_stat
from tests.unit.test_health import SPEC, proxy, unit
from tests.unit.test_rest import REST

FIELD = Path(__file__).parent / "fixtures" / "field"
OTHER = proxy()


def text(case: str) -> str:
    return (FIELD / f"{case}.txt").read_text()


def proxy_node(said: str) -> ProxyNode:
    node = parse_haproxy_stat(said)
    assert isinstance(node, ProxyNode), node
    return node


def not_told(said: str) -> str:
    node = parse_haproxy_stat(said)
    assert isinstance(node, Unknown), node
    return node.reason


def with_servers(*servers: ProxyServer) -> ProxyNode:
    """A healthy balancer that has `servers` besides its own."""
    return replace(OTHER, servers=(*OTHER.servers, *servers))


def judged(node: ProxyNode | Unknown, spec: Cluster = SPEC) -> LayerHealth:
    return haproxy_health(spec, {"haproxy1": node, "haproxy2": OTHER})


def server(name: str, status: str, backend: str = "app", **more: object) -> ProxyServer:
    made = ProxyServer(backend, name, "192.0.2.9:80", status, "L7OK/200", 0, False, 9, 0)
    return replace(made, **more)  # type: ignore[arg-type]


def found(said: LayerHealth, part: str) -> tuple[Verdict, str]:
    """The one finding that speaks of `part`."""
    (one,) = [finding for finding in said.findings if part in finding.reason]
    return one.verdict, one.reason


# HAProxy: the cases.


def test_haproxy_1_6_no_addr_column() -> None:
    node = proxy_node(text("haproxy-1.6-no-addr-column"))
    (only,) = node.servers
    assert (only.backend, only.name, only.status, only.address, only.serves) == ("b", "i-1", "UP 1/2", "", True)
    assert not [one for one in judged(node).findings if " of b " in one.reason]


def test_haproxy_no_check() -> None:
    node = proxy_node(text("haproxy-no-check"))
    assert all(one.serves for one in node.servers)
    assert {one.verdict for one in judged(node).findings if "horizon" in one.reason} == {Verdict.OK}
    whole = judged(with_servers(*node.servers))
    assert whole.verdict is Verdict.OK and "cc01, cc02 of horizon: no check" in whole.reason
    assert "horizon 0/2 UP, 2 unchecked" in whole.hosts[0].shows
    # It is said beside other troubles, too.
    beside = judged(node)
    assert beside.verdict is Verdict.WARN and beside.reason.endswith(
        "cc01, cc02 of horizon: no check, they serve unchecked"
    )


def test_haproxy_no_socat_in_a_container_host() -> None:
    reason = not_told(text("haproxy-no-socat-in-a-container-host"))
    assert "socat is missing" in reason and "nor is there a unit haproxy.service" in reason
    said = judged(Unknown(reason))
    assert said.verdict is Verdict.UNKNOWN and "socat" in said.reason and "inactive" not in said.reason


def test_haproxy_nolb_by_design() -> None:
    node = proxy_node(text("haproxy-nolb-by-design"))
    whole = judged(with_servers(*node.servers))
    assert whole.verdict is Verdict.OK
    assert "mysql1, mysql2 of mysql_rw: NOLB, their check answers" in whole.reason
    assert "mysql_rw 1/3 UP, 2 NOLB" in whole.hosts[0].shows
    # With nobody else there, clients get nothing.
    alone = judged(with_servers(*(one for one in node.servers if one.status == "NOLB")))
    verdict, reason = found(alone, "servers of mysql_rw")
    assert verdict is Verdict.FAIL and "0 of 2 servers of mysql_rw are UP (mysql1 NOLB, its check says so" in reason


def test_haproxy_row_without_a_name() -> None:
    assert not_told(text("haproxy-row-without-a-name")).startswith("its statistics are garbled: a row has no name")


def test_haproxy_socket_elsewhere() -> None:
    reason = not_told(text("haproxy-socket-elsewhere"))
    assert "no socket /run/haproxy/watch.sock" in reason
    said = haproxy_health(SPEC, {"haproxy1": Unknown(reason)})
    assert said.verdict is Verdict.UNKNOWN and "none of" not in said.reason


def test_haproxy_tracked_and_agent() -> None:
    said = judged(proxy_node(text("haproxy-tracked-and-agent")))
    _, ours = found(said, "servers of galera are")
    assert "mysql1 MAINT, `hatui undrain mysql1` gives it back" in ours
    _, tracked = found(said, "servers of galera_ro are")
    assert "it follows galera/mysql1, `hatui undrain mysql1` gives that back" in tracked
    _, agent = found(said, "servers of app are")
    assert "its agent says so" in agent and "undrain" not in agent


# HAProxy: their siblings.

UNITS = {
    "active": "Id=haproxy.service\nActiveState=active\nSubState=running\nUnitFileState=enabled\n",
    "inactive": "Id=haproxy.service\nActiveState=inactive\nSubState=dead\nUnitFileState=enabled\n",
    "failed": "Id=haproxy.service\nActiveState=failed\nSubState=failed\nUnitFileState=disabled\n",
    "activating": "Id=haproxy.service\nActiveState=activating\nSubState=auto-restart\nUnitFileState=enabled\n",
    "missing": "Id=haproxy.service\nActiveState=inactive\nSubState=dead\nUnitFileState=\n",
}
SOCAT = '2026/11/26 10:00:00 socat[812] E connect(5, AF=1 "/run/haproxy/watch.sock", 25): '
NO_SOCAT = "timeout: failed to run command 'socat': No such file or directory"
NONE, RUNS = "", "12 (haproxy) S 1 12\n13 (haproxy) S 12 12\n"


def answer(said: str, state: str, processes: str | None = None) -> str:
    section = "" if processes is None else f"\nProcesses=\n{processes}"
    return f"{said}\n\nServices=\n{UNITS[state]}{section}"


@pytest.mark.parametrize(
    ("said", "state", "processes", "reason"),
    [
        (NO_SOCAT, "active", None, "socat is missing"),
        (NO_SOCAT, "active", RUNS, "socat is missing"),
        (NO_SOCAT, "inactive", None, "socat is missing"),
        (NO_SOCAT, "missing", RUNS, "runs a HAProxy that is not its unit haproxy.service (in a container?): socat"),
        (
            NO_SOCAT.replace("No such file or directory", "Permission denied"),
            "active",
            None,
            "socat, which asks HAProxy, can't",
        ),
        ("sh: 1: timeout: not found", "active", None, "timeout is missing"),
        ("bash: line 1: socat: command not found", "active", None, "socat is missing"),
        (f"{SOCAT}Permission denied", "active", None, "/run/haproxy/watch.sock can't be asked: "),
        (f"{SOCAT}Permission denied", "inactive", None, "Permission denied"),
        (f"{SOCAT}Connection refused", "active", None, "nobody listens on /run/haproxy/watch.sock"),
        (f"{SOCAT}No such file or directory", "missing", None, "nor is there a unit haproxy.service"),
        (f"{SOCAT}No such file or directory", "inactive", RUNS, "runs a HAProxy that is not its unit"),
        (f"{SOCAT}No such file or directory", "failed", RUNS, "runs a HAProxy that is not its unit"),
        ("", "inactive", None, "its socket takes connections"),
        ("", "missing", None, "its HAProxy is silent"),
        ("Unknown command: 'show'", "active", None, "what its HAProxy says can't be read: Unknown command"),
        ("Name: HAProxy\nVersion: 2.6\n\nPermission denied", "active", None, "tells no statistics"),
    ],
)
def test_what_can_not_be_asked_is_not_told_as_down(said: str, state: str, processes: str | None, reason: str) -> None:
    assert reason in not_told(answer(said, state, processes))


@pytest.mark.parametrize(
    ("said", "state", "processes"),
    [
        (f"{SOCAT}No such file or directory", "inactive", None),
        (f"{SOCAT}Connection refused", "failed", None),
        (f"{SOCAT}Connection refused", "inactive", NONE),
        (f"{SOCAT}No such file or directory", "activating", RUNS),
        # Neither a unit nor a process is proof, whatever could be asked.
        (NO_SOCAT, "inactive", NONE),
        (NO_SOCAT, "missing", NONE),
        (f"{SOCAT}No such file or directory", "missing", NONE),
    ],
)
def test_a_haproxy_is_down_on_proof(said: str, state: str, processes: str | None) -> None:
    node = proxy_node(answer(said, state, processes))
    assert node.servers == () and f"haproxy is {node.service.active}" in judged(node).reason
    assert haproxy_health(SPEC, {"haproxy1": node}).verdict is Verdict.FAIL


def test_one_that_takes_connections_and_is_silent_does_not_answer() -> None:
    ended = "2026/11/27 00:21:07 socat[912] W exiting on signal 15"
    for said in ("", f"{SOCAT}Resource temporarily unavailable", ended):
        assert judged(proxy_node(answer(said, "active"))).reason == "haproxy1: haproxy runs and does not answer"


def test_a_frozen_haproxy_is_named() -> None:
    node = proxy_node(answer("", "active", "12 (haproxy) S 1 12\n13 (haproxy) T 12 12\n14 (socat) S 1 1\n"))
    assert node.service.frozen
    assert "haproxy1: haproxy is frozen" in judged(node).reason and "systemctl restart haproxy" in judged(node).reason
    assert "is frozen" in str(why_not_serving("haproxy1", node))
    for others in (RUNS, "13 (socat) T 1 1\n", ""):
        assert not proxy_node(answer("", "active", others)).service.frozen


def test_each_field_costs_itself_alone() -> None:
    head = "# pxname,svname,status,qcur,scur,lastchg,downtime,rate,weight"
    said = f"Name: HAProxy\nVersion: 2.6\nUptime_sec: soon\n\n{head}\nb,s,UP,much,,x,-,1e9,\n\n"
    node = proxy_node(answer(said, "active"))
    assert (node.version, node.uptime, node.pid) == ("2.6", 0, 0)
    (only,) = node.servers
    assert (only.name, only.status, only.sessions, only.queue, only.check, only.backup) == ("s", "UP", 0, 0, "", False)
    assert only.serves


@pytest.mark.parametrize("row", [",s,UP", "b,,UP", "b,s,", "b"])
def test_a_row_that_does_not_say_who_serves_whom_is_garbled(row: str) -> None:
    said = f"Name: HAProxy\n\n# pxname,svname,status\nb,s,UP\n{row}\n\n"
    assert not_told(answer(said, "active")).startswith("its statistics are garbled: a row has no ")


@pytest.mark.parametrize(
    ("status", "serves"),
    [
        ("UP", True), ("UP 1/2", True), ("no check", True), ("DOWN", False), ("DOWN 1/2", False), ("NOLB", False),
        ("NOLB 1/2", False), ("MAINT", False), ("MAINT (resolution)", False), ("MAINT (via b/s)", False),
        ("DRAIN", False), ("DRAIN (agent)", False), ("DOWN (agent)", False), ("", False),
    ],
)  # fmt: skip
def test_who_takes_new_sessions(status: str, serves: bool) -> None:
    assert server("a", status).serves is serves
    assert not server("a", status, weight=0).serves


@pytest.mark.parametrize(
    ("status", "by_hand"),
    [("MAINT", True), ("DRAIN", True), ("DRAIN 1/2", True), ("DRAIN (agent)", False), ("MAINT (resolution)", False),
     ("MAINT (via galera/mysql1)", False), ("NOLB", False), ("UP", False), ("DOWN", False)],
)  # fmt: skip
def test_what_was_told_by_hand(status: str, by_hand: bool) -> None:
    assert server("a", status).by_hand is by_hand


@pytest.mark.parametrize(
    ("one", "verdict", "said"),
    [
        (server("a2", "DOWN"), Verdict.WARN, "1 of 2 servers of app are UP (a2 DOWN)"),
        (server("a2", "DOWN 1/2"), Verdict.WARN, "(a2 DOWN 1/2)"),
        (server("a2", "MAINT"), Verdict.WARN, "a2 MAINT, `set server app/a2 state ready` over HAProxy's admin socket"),
        (server("a2", "DRAIN"), Verdict.WARN, "a2 DRAIN, `set server app/a2 state ready`"),
        (server("a2", "DOWN (agent)"), Verdict.WARN, "a2 DOWN (agent), its agent says so"),
        (server("a2", "MAINT (resolution)"), Verdict.WARN, "a2 MAINT (resolution), its name has no address"),
        (server("a2", "MAINT (via app/a1)"), Verdict.WARN, "a2 MAINT (via app/a1), it follows app/a1)"),
        (server("a2", "UP", weight=0), Verdict.WARN, "a2 UP with weight 0, `set server app/a2 weight 100%`"),
    ],
)
def test_each_way_out(one: ProxyServer, verdict: Verdict, said: str) -> None:
    judgement = judged(with_servers(server("a1", "UP"), one))
    assert judgement.verdict is verdict and said in judgement.reason
    assert said.partition(" (")[0] or judgement.hosts[0].verdict is verdict


def test_a_server_that_is_down_with_weight_0_comes_back_by_its_check() -> None:
    assert "(a2 DOWN)" in judged(with_servers(server("a1", "UP"), server("a2", "DOWN", weight=0))).reason


@pytest.mark.parametrize("address", ["none", "0.0.0.0", "0.0.0.0:80", "[::]:80"])
@pytest.mark.parametrize("status", ["MAINT", "MAINT (resolution)"])
def test_empty_slots_of_a_template_are_nobodys_trouble(address: str, status: str) -> None:
    slot = server("a2", status, address=address)
    node = with_servers(server("a1", "UP"), slot)
    assert judged(node).verdict is Verdict.OK and "app 1/1 UP" in judged(node).hosts[0].shows
    assert not_steady(SPEC, REST.having({HAPROXY_STAT: {**REST[HAPROXY_STAT], "haproxy1": node}})) is None
    # A backend that has nothing else serves nobody.
    assert found(judged(with_servers(slot)), "of app")[0] is Verdict.FAIL


@pytest.mark.parametrize(
    "one",
    [
        server("a2", "MAINT", address="192.0.2.9:80"),
        server("a2", "MAINT", address=""),
        server("a2", "DRAIN", address="none"),
        server("a2", "DOWN", address="0.0.0.0:80"),
        server("a2", "MAINT", address="10.0.0.0:80"),
    ],
)
def test_what_is_no_empty_slot(one: ProxyServer) -> None:
    node = with_servers(server("a1", "UP"), one)
    assert judged(node).verdict is Verdict.WARN
    closed = {
        gate.name: gate for gate in gates(SPEC, REST.having({HAPROXY_STAT: {**REST[HAPROXY_STAT], "haproxy1": node}}))
    }
    assert not closed["balancers"].open and "1 not UP" in closed["balancers"].now


def test_a_database_node_without_an_address_is_no_empty_slot() -> None:
    slots = tuple(
        replace(one, status="MAINT", address="none") if one.name == "mysql3" else one for one in OTHER.servers
    )
    assert judged(replace(OTHER, servers=slots)).verdict is Verdict.WARN


def test_a_database_node_that_nobody_checks_is_told() -> None:
    said = judged(proxy(status={"mysql2": "no check"}))
    assert said.verdict is Verdict.WARN and "galera/mysql2 serves and nobody checks it" in said.reason
    nolb = judged(proxy(status={"mysql2": "NOLB"}))
    assert (
        nolb.verdict is Verdict.WARN
        and "2 of 3 servers of galera are UP (mysql2 NOLB, its check says so)" in nolb.reason
    )


HEAD = "# pxname,svname,status,type,addr"


def test_frontends_come_with_the_servers() -> None:
    rows = (
        "database,FRONTEND,OPEN,0,\ngalera,mysql1,UP,2,192.0.2.20:3306\ngalera,BACKEND,UP,1,\ndatabase,sock-1,UP,3,\n"
    )
    node = proxy_node(answer(f"Name: HAProxy\n\n{HEAD}\n{rows}\n", "active"))
    assert node.frontends == {"database": "OPEN"} and [one.name for one in node.servers] == ["mysql1"]
    without = rows.replace(",0,", ",,").replace(",1,", ",,").replace("database,sock-1,UP,3,\n", "")
    again = proxy_node(answer(f"Name: HAProxy\n\n{HEAD}\n{without}\n", "active"))
    assert (again.frontends, again.servers) == (node.frontends, node.servers)


@pytest.mark.parametrize(
    ("status", "verdict", "said"),
    [
        ("OPEN", Verdict.OK, ""),
        ("FULL", Verdict.WARN, "haproxy1: frontend database is FULL"),
        ("STOP", Verdict.FAIL, "haproxy1: frontend database is STOP and takes no connection"),
        ("PAUSED", Verdict.FAIL, "`enable frontend database` over its admin socket opens it"),
    ],
)
def test_a_frontend_that_is_stopped(status: str, verdict: Verdict, said: str) -> None:
    node = replace(OTHER, frontends={"database": status, "queue": "OPEN"})
    assert judged(node).verdict is verdict and said in judged(node).reason
    assert ("over its admin socket" in judged(node).reason) is (status == "PAUSED")
    state = REST.having({HAPROXY_STAT: {**REST[HAPROXY_STAT], "haproxy1": node}})
    reason = may_own(state[VRRP_OWNER], state[HAPROXY_STAT], "haproxy1")
    if verdict is Verdict.FAIL:
        assert reason == f"haproxy1's frontend database is {status} and takes no connection"
        assert not_steady(SPEC, state) == f"{reason}."
    else:
        assert reason is None and not_steady(SPEC, state) is None
    assert picture(SPEC, state)[Thing("haproxy", "haproxy1", "frontend database on haproxy1")] == status


# What is said of the whole.


def test_what_is_shown_of_a_server() -> None:
    assert (state_of(server("a", "UP")), way_out(server("a", "UP"), ())) == ("UP", "")
    assert state_of(server("a", "UP", weight=0)) == "UP with weight 0"
    assert state_of(server("a", "DOWN", weight=0)) == "DOWN"
    node = with_servers(server("a1", "UP"), server("a2", "UP", weight=0), server("b1", "MAINT", "b", address="none"))
    assert "app 1/2 UP, b 0/0 UP" in judged(node).hosts[0].shows
    assert "0 of 0 servers of b are UP (it has none)" in judged(node).reason


def test_balancers_of_which_none_serves() -> None:
    for silent in (replace(OTHER, servers=()), replace(OTHER, service=unit("haproxy.service", "failed"))):
        said = haproxy_health(SPEC, dict.fromkeys(("haproxy1", "haproxy2"), silent))
        assert said.verdict is Verdict.FAIL and said.findings[0].reason == "none of 2 balancers serves"
        one = haproxy_health(SPEC, {"haproxy1": silent, "haproxy2": Unknown("is away")})
        assert one.verdict is Verdict.UNKNOWN and "none of" not in one.reason
        assert judged(silent).verdict is Verdict.WARN
    assert haproxy_health(SPEC, {}).findings == ()


def test_the_writer_is_told_where_there_is_one() -> None:
    assert judged(OTHER).reason == "2 of 2 balancers serve, every server is UP, writer mysql1"
    assert judged(OTHER).hosts[0].shows == "galera 3/3 UP, rabbitmq 3/3 UP, writer mysql1"
    several = replace(SPEC, haproxy=replace(SPEC.haproxy, single_writer=False))
    said = haproxy_health(several, {"haproxy1": proxy("mysql2"), "haproxy2": OTHER})
    assert said.reason == "2 of 2 balancers serve, every server is UP" and "writer" not in said.hosts[0].shows


# What the inventory wants.


def test_five_database_nodes_of_which_the_balancers_know_three() -> None:
    hosts = {**SPEC.hosts, **{name: replace(SPEC.hosts["mysql1"], name=name) for name in ("mysql4", "mysql5")}}
    said = haproxy_health(replace(SPEC, hosts=hosts), {"haproxy1": OTHER, "haproxy2": OTHER})
    assert said.verdict is Verdict.WARN
    assert "haproxy1: mysql4, mysql5 of the inventory is no server of galera" in said.reason
    assert "haproxy2: mysql4, mysql5" in said.reason


def test_a_server_that_is_not_in_the_inventory() -> None:
    said = judged(with_servers(server("mysql9", "UP", "galera")))
    assert said.reason == "haproxy1: mysql9 is a server of galera and not in the inventory"
    assert said.verdict is Verdict.WARN


def test_a_server_at_another_address() -> None:
    right = SPEC.address("cc02")
    servers = tuple(replace(one, address=f"{right}:5672") if one.name == "cc02" else one for one in OTHER.servers)
    assert judged(replace(OTHER, servers=servers)).verdict is Verdict.OK
    wrong = tuple(replace(one, address="198.51.100.1:5672") if one.name == "cc02" else one for one in servers)
    said = judged(replace(OTHER, servers=wrong))
    assert said.reason == f"haproxy1: rabbitmq/cc02 is at 198.51.100.1, in the inventory at {right}"


# What the deploy wrote.


def test_a_file_that_somebody_edited_is_told() -> None:
    service = replace(unit("haproxy.service"), edited=("/etc/haproxy/haproxy.cfg",))
    said = judged(replace(OTHER, service=service))
    assert said.verdict is Verdict.WARN
    assert said.reason == "haproxy1: /etc/haproxy/haproxy.cfg is not what the deploy wrote"
