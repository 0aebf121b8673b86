"""Answers of other people's databases and message queues: each is judged as its operator would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.galera.gates import incomplete, may_bootstrap, may_join
from cluster.galera.record import GaleraNode
from cluster.galera.recovery import Evidence, forbidden
from cluster.galera.recovery_record import GaleraPosition
from cluster.galera.verdict import galera_health
from cluster.haproxy.record import ProxyNode
from cluster.health.verdict import LayerHealth, Verdict
from cluster.rabbitmq.gates import incomplete as brokers_incomplete
from cluster.rabbitmq.gates import may_create
from cluster.rabbitmq.record import BrokerNode
from cluster.rabbitmq.recovery import may_force
from cluster.rabbitmq.verdict import rabbitmq_health
from cluster.state import Unknown
from facts.galera import parse_wsrep_status
from facts.rabbitmq import parse_rabbit_cluster
from tests.unit.test_health import CONTROLLERS, DATABASES, GALERA, MEMBERS, SPEC, proxy
from tests.unit.test_rest import BROKERS

FIELD = Path(__file__).parent / "fixtures" / "field"
FIXTURES = Path(__file__).parent / "fixtures"
POSITION = GaleraPosition("u", 9, filed_uuid="u", filed_seqno=9)

Database = GaleraNode | Unknown
Broker = BrokerNode | Unknown


def field(name: str) -> str:
    return (FIELD / f"{name}.txt").read_text()


def database(name: str) -> Database:
    return parse_wsrep_status(field(name))


def broker(name: str) -> Broker:
    return parse_rabbit_cluster(field(name))


def of_three(node: Database) -> LayerHealth:
    return galera_health(SPEC, {**dict.fromkeys(DATABASES, GALERA), "mysql3": node})


def host(layer: LayerHealth, name: str) -> Verdict:
    return next(one.verdict for one in layer.hosts if one.host == name)


def no_bootstrap_beside(node: Database) -> str:
    """Why nothing is bootstrapped while `node` is so and all others are down, by each gate that could."""
    down = GaleraNode(running=False, uuid="", seqno=-1)
    nodes: Mapping[str, Database] = {"mysql1": down, "mysql2": down, "mysql3": node}
    reason = forbidden(Evidence(nodes, dict.fromkeys(nodes, POSITION)), {})
    assert reason is not None and "mysql3" in reason
    assert may_bootstrap(nodes, {}, "mysql1") is not None
    if isinstance(node, Unknown):
        assert may_join({"mysql1": GALERA, "mysql2": GALERA, "mysql3": node}, {}, "mysql3") is not None
    return reason


# -- Galera ----------------------------------------------------------------------------------------------------------


def test_galera_two_primaries_one_uuid() -> None:
    nodes = {name: database(f"galera-two-primaries-one-uuid.{name}") for name in DATABASES}
    found = galera_health(SPEC, nodes)
    assert found.verdict is Verdict.FAIL
    assert "two Primary components: 2 (mysql1, mysql2) + 1 (mysql3)" in found.reason
    assert incomplete(nodes, 3) is not None


def test_galera_old_state_comment() -> None:
    node = database("galera-old-state-comment")
    assert isinstance(node, GaleraNode) and (node.state, node.untold) == ("Synced", ())
    assert galera_health(SPEC, dict.fromkeys(DATABASES, node)).verdict is Verdict.OK
    assert incomplete(dict.fromkeys(DATABASES, node), 3) is None


def test_galera_server_is_called_mysqld() -> None:
    node = database("galera-server-is-called-mysqld")
    assert isinstance(node, Unknown) and node.alive and "/run/mysqld/mysqld.sock" in node.reason
    found = galera_health(SPEC, dict.fromkeys(DATABASES, node))
    assert found.verdict is Verdict.UNKNOWN and "hatui recover" not in found.reason
    assert "its unit is active" in no_bootstrap_beside(node)


def test_galera_no_client_on_host() -> None:
    node = database("galera-no-client-on-host")
    assert isinstance(node, Unknown) and "no client `mariadb`" in node.reason
    assert of_three(node).verdict is Verdict.UNKNOWN
    no_bootstrap_beside(node)


def test_galera_too_many_connections() -> None:
    found = of_three(database("galera-too-many-connections"))
    assert host(found, "mysql3") is Verdict.FAIL and "no free connection" in found.reason
    assert found.verdict is Verdict.WARN
    every = galera_health(SPEC, dict.fromkeys(DATABASES, database("galera-too-many-connections")))
    assert every.verdict is Verdict.FAIL and "hatui recover" not in every.reason
    assert "0 of 3 nodes take sessions" in every.reason and "Primary" not in every.reason
    assert "turns clients away" in no_bootstrap_beside(database("galera-too-many-connections"))


def test_galera_without_provider() -> None:
    found = of_three(database("galera-without-provider"))
    assert host(found, "mysql3") is Verdict.FAIL and "wsrep_on is ON, and no provider" in found.reason


SYNCED = (FIXTURES / "galera" / "synced.txt").read_text()
DOWN = (FIXTURES / "galera" / "down.txt").read_text()
STOPPED = (FIXTURES / "galera" / "stopped.txt").read_text()


def failing(said: str, *, code: int = 1, active: str = "active", processes: str = "1") -> Database:
    """A host whose client said that."""
    text = (
        DOWN[DOWN.index("Exit=") :].replace("Exit=1", f"Exit={code}").replace("Processes=0", f"Processes={processes}")
    )
    return parse_wsrep_status(f"{said}\n{text.replace('ActiveState=inactive', f'ActiveState={active}', 1)}")


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ("ERROR 2002 (HY000): Can't connect through socket '/run/mysqld/mysqld.sock' (13)", 1, "may not be opened"),
        ("ERROR 2002 (HY000): Can't connect through socket '/run/mysqld/mysqld.sock' (2)", 1, "mysqld.sock"),
        ("ERROR 1045 (28000): Access denied for user 'root'@'localhost'", 1, "does not let root ask"),
        ("ERROR 1698 (28000): Access denied for user 'root'@'localhost'", 1, "does not let root ask"),
        ("ERROR 1203 (42000): User root already has more than 'max_user_connections'", 1, "1203"),
        ("timeout: failed to run command 'mariadb': Permission denied", 126, "could not be run"),
        ("timeout: failed to run command 'mariadb': No such file or directory", 127, "no client `mariadb`"),
    ],
)  # fmt: skip
def test_a_server_that_can_not_be_asked_is_unknown_with_what_is_missing(said: str, code: int, words: str) -> None:
    for node in (failing(said, code=code), failing(said, code=code, active="inactive")):
        assert isinstance(node, Unknown) and node.alive and words in node.reason, node
        no_bootstrap_beside(node)


@pytest.mark.parametrize(
    "said", ["ERROR 1047 (08S01): WSREP has not yet prepared node", "ERROR 1040 (HY000): Too many"]
)
def test_a_server_that_turns_every_client_away_does_not_serve(said: str) -> None:
    node = failing(said)
    assert isinstance(node, GaleraNode) and node.running and not node.answers and said in node.turns_away
    assert host(of_three(node), "mysql3") is Verdict.FAIL


def test_a_server_that_answered_with_an_error_runs_whatever_its_unit_and_the_processes_say() -> None:
    node = failing("ERROR 1045 (28000): Access denied", active="inactive", processes="0")
    assert isinstance(node, Unknown) and node.alive


@pytest.mark.parametrize(
    ("active", "processes"), [("active", "0"), ("reloading", "0"), ("inactive", "1"), ("failed", "1"), ("active", "")]
)
def test_down_needs_a_unit_that_has_ended_and_no_process(active: str, processes: str) -> None:
    said = "ERROR 2002 (HY000): Can't connect to local server through socket '/run/mysqld/mysqld.sock' (2)"
    no_bootstrap_beside(failing(said, active=active, processes=processes))
    for told in ("inactive", "failed"):
        node = failing(said, active=told, processes="0")
        assert isinstance(node, GaleraNode) and not node.running


def test_whether_a_process_runs_must_be_told() -> None:
    said = "ERROR 2002 (HY000): Can't connect (2)"
    for processes in ("", "?"):
        node = failing(said, active="inactive", processes=processes)
        assert isinstance(node, Unknown) and "whether its server runs was not told" in node.reason


@pytest.mark.parametrize("line", ["File.uuid=    89d65588-e7a5-11f1-ba6e-96cea8f5d8ba\n", "-96cea8f5d8ba"])
def test_a_state_file_that_was_cut_off_is_not_taken_for_none(line: str) -> None:
    node = parse_wsrep_status(DOWN.replace(line, "", 1))
    assert isinstance(node, Unknown) and "grastate.dat has no uuid" in node.reason
    assert may_bootstrap(dict.fromkeys(DATABASES, node), {}, "mysql1") is not None


def test_a_seqno_that_was_cut_off_costs_the_seqno_alone() -> None:
    node = parse_wsrep_status(DOWN.replace("File.seqno=   32", "File.seqno="))
    assert isinstance(node, GaleraNode) and not node.running and node.seqno == -1 and len(node.uuid) == 36


@pytest.mark.parametrize(
    ("comment", "number", "state"),
    [
        ("Synced (6)", "", "Synced"),
        ("Donor/Desynced (+)", "", "Donor/Desynced"),
        ("Donor/Desynced (2)", "2", "Donor/Desynced"),
        ("", "4", "Synced"),
        ("Synced", "2", "Donor/Desynced"),
        ("Synced", "0", "Undefined"),
        ("Synced", "9", "Synced"),
        ("Joining: receiving State Transfer", "1", "Joining: receiving …"),
    ],
)
def test_the_state_is_the_words_or_else_the_number_s(comment: str, number: str, state: str) -> None:
    told = f"wsrep_local_state_comment\t{comment}\nwsrep_local_state\t{number}\n"
    node = parse_wsrep_status(SYNCED.replace("wsrep_local_state_comment\tSynced\n", told))
    assert isinstance(node, GaleraNode) and node.state == state


JUDGED = (
    "wsrep_ready", "wsrep_cluster_status", "wsrep_local_state_comment", "wsrep_cluster_size", "wsrep_cluster_conf_id",
    "wsrep_local_state_uuid", "wsrep_local_recv_queue", "wsrep_flow_control_paused", "wsrep_desync", "read_only",
)  # fmt: skip


@pytest.mark.parametrize("name", JUDGED)
def test_a_variable_that_a_server_lacks_costs_that_one_and_is_named_where_it_decides(name: str) -> None:
    text = "".join(line for line in SYNCED.splitlines(keepends=True) if not line.startswith(f"{name}\t"))
    node = parse_wsrep_status(text)
    assert isinstance(node, GaleraNode) and node.untold == (name,)
    found = of_three(replace(node, uuid=GALERA.uuid if node.uuid else ""))
    assert host(found, "mysql3") is Verdict.UNKNOWN and f"mysql3 does not tell {name}" in found.reason
    assert found.verdict is Verdict.UNKNOWN
    assert name in (incomplete({"mysql3": node}, 3) or "") or name == "wsrep_cluster_status"


def test_what_is_known_to_be_bad_stays_so_whatever_else_is_missing() -> None:
    node = parse_wsrep_status(SYNCED.replace("\tPrimary", "\tnon-Primary").replace("read_only\tOFF\n", ""))
    assert host(of_three(node), "mysql3") is Verdict.FAIL
    node = parse_wsrep_status(SYNCED.replace("\tSynced", "\tJoined").replace("wsrep_ready\tON\n", ""))
    assert host(of_three(node), "mysql3") is Verdict.FAIL


def test_a_server_that_does_not_say_whether_it_runs_with_galera_is_unknown() -> None:
    for text in (SYNCED.replace("wsrep_on\tON\n", ""), SYNCED.replace("wsrep_on\tON", "wsrep_on\tO")):
        node = parse_wsrep_status(text)
        assert isinstance(node, Unknown) and node.alive and "wsrep_on" in node.reason


# -- two Primary components ------------------------------------------------------------------------------------------


def primary(size: int, conf_id: int = 3, **more: object) -> GaleraNode:
    return replace(GALERA, size=size, conf_id=conf_id, **more)  # type: ignore[arg-type]


GONE = Unknown("did not answer within 4 s")


@pytest.mark.parametrize(
    ("nodes", "split"),
    [
        # Two that agree, and one by itself, whatever they call their configurations.
        ((primary(2), primary(2), primary(1)), "two Primary components: 2 (mysql1, mysql2) + 1 (mysql3)"),
        ((primary(2, 8), primary(2, 8), primary(1, 5)), "two Primary components: 2 (mysql1, mysql2) + 1 (mysql3)"),
        # Each by itself: three of one size.
        ((primary(1), primary(1), primary(1)), "three Primary components"),
        ((primary(1, 3), primary(1, 4), GONE), "two Primary components: 1 (mysql1) + 1 (mysql2)"),
        # One configuration has one size.
        ((primary(2), primary(1), GONE), "two Primary components: 2 (mysql1) + 1 (mysql2)"),
        # More hosts than members.
        ((primary(2), primary(2), primary(2)), "two Primary components: 2 (mysql1, mysql2, mysql3)"),
        # A member comes: who was asked a moment earlier tells the former size.
        ((primary(2, 3), primary(2, 3), primary(3, 4, state="Joining", ready=False)), ""),
        ((primary(3, 4), primary(2, 3), primary(3, 4)), ""),
        ((primary(1, 1), primary(2, 2, state="Joined", ready=False), GONE), ""),
        # A member goes.
        ((primary(3, 3), primary(2, 4), primary(2, 4)), ""),
        ((primary(3), primary(2), primary(3)), ""),
        ((primary(3, 3), primary(2, 4), primary(1, 5)), ""),
        ((primary(2, 3), primary(2, 5), GONE), ""),
        ((primary(3), primary(3), primary(3)), ""),
    ],
)
def test_two_components_are_told_on_proof_and_never_for_a_change(nodes: tuple[Database, ...], split: str) -> None:
    found = galera_health(SPEC, dict(zip(DATABASES, nodes, strict=True)))
    assert (split in found.reason) if split else ("components" not in found.reason), found.reason
    assert (found.verdict is Verdict.FAIL) is bool(split)


def test_an_arbitrator_is_a_member_of_one_component() -> None:
    spec = replace(SPEC, galera=replace(SPEC.galera, arbitrator="net01"))
    two = DATABASES[:2]
    for nodes, split in (
        ((primary(3), primary(3)), False),
        ((primary(2, 8), primary(1, 9)), True),
        ((primary(2, 8), primary(2, 9)), False),
        ((primary(2, 9, state="Joined", ready=False), primary(1, 8)), False),
    ):
        found = galera_health(spec, dict(zip(two, nodes, strict=True)))
        assert ("two Primary components" in found.reason) is split, found.reason


# -- what clients have -----------------------------------------------------------------------------------------------

NON_PRIMARY = replace(GALERA, cluster_status="non-Primary", ready=False, state="Initialized")


def test_a_database_that_no_balancer_can_send_to_has_failed_whoever_can_not_be_asked() -> None:
    nodes: dict[str, Database] = {"mysql1": NON_PRIMARY, "mysql2": GONE, "mysql3": GONE}
    none = proxy(status=dict.fromkeys(DATABASES, "DOWN"))
    found = galera_health(SPEC, nodes, {"haproxy1": none, "haproxy2": none})
    assert found.verdict is Verdict.FAIL
    assert "no client gets a session: no server of galera takes any on haproxy1, haproxy2" in found.reason
    cases: tuple[Mapping[str, ProxyNode | Unknown], ...] = (
        {},
        {"haproxy1": none, "haproxy2": proxy(status={"mysql1": "DOWN", "mysql2": "DOWN"})},
        {"haproxy1": none, "haproxy2": proxy(status=dict.fromkeys(DATABASES, "no check"))},
        {"haproxy1": none, "haproxy2": GONE},
        {"haproxy1": none, "haproxy2": replace(none, servers=())},
    )
    for proxies in cases:
        assert galera_health(SPEC, nodes, proxies).verdict is Verdict.UNKNOWN
    # A node that is seen to serve is told by itself, and the balancers' own layer tells of them.
    assert galera_health(SPEC, {**nodes, "mysql1": GALERA}, {"haproxy1": none}).verdict is Verdict.UNKNOWN


def test_a_queue_that_no_balancer_can_send_to_has_failed_whoever_can_not_be_asked() -> None:
    paused = replace(BROKERS["cc01"], running=False)
    none = proxy(status=dict.fromkeys(CONTROLLERS, "DOWN"))
    nodes: dict[str, Broker] = {"cc01": paused, "cc02": GONE, "cc03": GONE}
    found = rabbitmq_health(SPEC, nodes, {"haproxy1": none})
    assert found.verdict is Verdict.FAIL and "no client gets a session" in found.reason
    assert "hatui recover" not in found.reason
    assert rabbitmq_health(SPEC, nodes).verdict is Verdict.UNKNOWN
    assert rabbitmq_health(SPEC, nodes, {"haproxy1": proxy()}).verdict is Verdict.UNKNOWN


# -- RabbitMQ --------------------------------------------------------------------------------------------------------


def test_rabbitmq_long_names_partition() -> None:
    nodes = {name: broker(f"rabbitmq-long-names-partition.{name}") for name in CONTROLLERS}
    found = rabbitmq_health(SPEC, nodes)
    assert (
        found.verdict is Verdict.FAIL and "cc03 is partitioned from rabbit@cc02.internalapi.example.com" in found.reason
    )
    assert [host(found, name) for name in CONTROLLERS] == [Verdict.OK, Verdict.OK, Verdict.FAIL]
    assert found.reason.count("partitioned") == 1
    reason = brokers_incomplete(nodes)
    assert reason is not None and "partitioned" in reason
    # By another's word, where the host itself can't be asked.
    found = rabbitmq_health(SPEC, {**nodes, "cc03": GONE})
    assert found.verdict is Verdict.FAIL
    assert "rabbit@cc03.internalapi.example.com is partitioned from rabbit@cc02.internalapi.example.com" in found.reason


def test_long_names_are_no_reason_against_anything() -> None:
    whole = field("rabbitmq-long-names-partition.cc01").replace('["rabbit@cc02.internalapi.example.com"]', "[]")
    nodes = {
        name: parse_rabbit_cluster(whole.replace("Self=rabbit@cc01", f"Self=rabbit@{name}")) for name in CONTROLLERS
    }
    assert rabbitmq_health(SPEC, nodes).verdict is Verdict.OK
    assert brokers_incomplete(nodes) is None
    assert brokers_incomplete({**nodes, "cc02": GONE}, {"cc02"}) is None


def test_the_api_s_own_name_is_taken_before_a_guess() -> None:
    text = field("rabbitmq-long-names-partition.cc01").replace("Self=rabbit@cc01", "Self=rabbit@other")
    node = parse_rabbit_cluster(text)
    assert isinstance(node, BrokerNode) and any("which of" in what for what in node.untold)
    said = '{"node":"rabbit@cc03.internalapi.example.com","rabbitmq_version"'
    node = parse_rabbit_cluster(text.replace('{"rabbitmq_version"', said))
    assert isinstance(node, BrokerNode) and not node.untold
    assert (node.name, node.partitions) == (
        "rabbit@cc03.internalapi.example.com",
        ("rabbit@cc02.internalapi.example.com",),
    )


def test_rabbitmq_before_3_8_10_no_health_checks() -> None:
    node = broker("rabbitmq-before-3.8.10-no-health-checks")
    assert isinstance(node, BrokerNode) and node.running and node.alarms == node.untold == ()
    nodes = {name: replace(node, name=f"rabbit@{name}") for name in CONTROLLERS}
    assert rabbitmq_health(SPEC, nodes).verdict is Verdict.OK
    text = field("rabbitmq-before-3.8.10-no-health-checks")
    full = text.replace('"name":"rabbit@cc01"', '"name":"rabbit@cc01","mem_alarm":true,"disk_free_alarm":true')
    node = parse_rabbit_cluster(full)
    assert isinstance(node, BrokerNode) and node.alarms == ("disk", "memory")
    # Another one's alarm is told by that one.
    other = parse_rabbit_cluster(text.replace('"name":"rabbit@cc02"', '"name":"rabbit@cc02","mem_alarm":true'))
    assert isinstance(other, BrokerNode) and other.alarms == ()


def no_broker_forced_beside(node: Broker) -> None:
    down = replace(BROKERS["cc01"], running=False, service=None)
    nodes: dict[str, Broker] = {"cc01": down, "cc02": replace(down, name="rabbit@cc02"), "cc03": node}
    reason = may_force(nodes, "cc01")
    assert reason is not None and "cc03" in reason
    assert may_create({**dict.fromkeys(CONTROLLERS, BrokerNode("rabbit@cc01", False)), "cc03": node}) is not None


def test_nothing_is_forced_beside_a_broker_whose_unit_is_active() -> None:
    active = replace(BROKERS["cc03"], running=False)
    no_broker_forced_beside(active)
    down = replace(BROKERS["cc01"], running=False, service=None)
    # The one that is chosen may itself have paused, for want of a majority.
    assert may_force({"cc01": down, "cc02": replace(down, name="rabbit@cc02"), "cc03": active}, "cc03") is None


def test_rabbitmq_no_login_file() -> None:
    node = broker("rabbitmq-no-login-file")
    assert isinstance(node, Unknown) and node.alive and "/etc/hatui/rabbitmq-watch.curl" in node.reason
    found = rabbitmq_health(SPEC, dict.fromkeys(CONTROLLERS, node))
    assert found.verdict is Verdict.UNKNOWN and "hatui recover" not in found.reason
    no_broker_forced_beside(node)


def silent(curl: int | None, http: str = "", *, active: str = "active", more: str = "") -> Broker:
    """A broker whose API said nothing, as the command says why."""
    text = field("rabbitmq-no-login-file").replace("ActiveState=active", f"ActiveState={active}")
    said = f"\n\nHttp={http}\n" if http else "\n"
    return parse_rabbit_cluster(
        text.replace("\n\n\nEnd=\n", f"{said}{'' if curl is None else f'Curl={curl}'}\n\nEnd=\n{more}", 1)
    )


@pytest.mark.parametrize(
    ("curl", "http", "more", "words"),
    [
        (26, "", "", "no login to ask with (/etc/hatui/rabbitmq-watch.curl)"),
        (127, "", "", "no `curl`"),
        (None, "", "", "no login to ask with"),
        (7, "000", "Amqp=yes\n", "refuses connections"),
    ],
)
def test_a_broker_that_can_not_be_asked_is_unknown_with_what_is_missing(
    curl: int | None, http: str, more: str, words: str
) -> None:
    node = silent(curl, http, more=more)
    assert isinstance(node, Unknown) and node.alive and words in node.reason, node
    no_broker_forced_beside(node)


def test_a_broker_that_listens_to_nobody_does_not_serve() -> None:
    for node in (silent(7, "000"), silent(28, "000", more="Amqp=yes\n")):
        assert isinstance(node, BrokerNode) and not node.running


def test_a_broker_is_down_by_its_unit_and_no_process() -> None:
    down = silent(7, "000", active="inactive", more="Processes=0\n")
    assert isinstance(down, BrokerNode) and not down.running
    outside = silent(26, active="inactive", more="Processes=1\n")
    assert isinstance(outside, Unknown) and outside.alive and "beam.smp" in outside.reason
    no_broker_forced_beside(outside)


@pytest.mark.parametrize(
    ("code", "words"), [("401", "password"), ("403", "password"), ("500", "HTTP 500"), ("404", "404")]
)
def test_an_answer_that_is_none_is_unknown(code: str, words: str) -> None:
    text = (FIXTURES / "rabbitmq" / "healthy.txt").read_text().replace("Http=200", f"Http={code}")
    node = parse_rabbit_cluster(text)
    assert isinstance(node, Unknown) and node.alive and words in node.reason


def test_a_check_that_fails_by_itself_costs_the_alarms_alone() -> None:
    text = (FIXTURES / "rabbitmq" / "healthy.txt").read_text().replace("Http=200", "Http=500", 1)
    node = parse_rabbit_cluster(text)
    assert isinstance(node, BrokerNode) and node.running and node.untold == ("its alarms (HTTP 500)",)
    assert rabbitmq_health(SPEC, {**BROKERS, "cc01": node}).verdict is Verdict.UNKNOWN
    assert "its alarms" in (brokers_incomplete({**BROKERS, "cc01": node}) or "")


def test_rabbitmq_queues_that_do_not_work() -> None:
    node = broker("rabbitmq-queues-that-do-not-work")
    found = rabbitmq_health(SPEC, {**BROKERS, "cc01": node})
    assert found.verdict is Verdict.FAIL and "1 queue has no leader: conductor in openstack" in found.reason
    lost = next(one for one in found.findings if "lost" in one.reason)
    assert lost.verdict is Verdict.WARN and "scheduler in openstack" in lost.reason and "2 of 3" in lost.reason


ITEM = '{"vhost":"openstack","name":"scheduler","type":"quorum","leader":"rabbit@cc01","node":"rabbit@cc01",'


@pytest.mark.parametrize(
    ("told", "verdict", "words"),
    [
        ('"type":"classic","node":"rabbit@cc01","state":"stopped"', Verdict.FAIL, "takes nothing (stopped): q in /"),
        ('"type":"classic","node":"rabbit@cc01","state":"down"', Verdict.FAIL, "1 queue takes nothing (down)"),
        ('"type":"classic","node":"rabbit@cc01","state":"crashed"', Verdict.FAIL, "1 queue takes nothing (crashed)"),
        ('"type":"classic","node":"rabbit@cc01","state":"running"', Verdict.OK, ""),
        ('"type":"classic","node":"rabbit@cc01","state":"idle"', Verdict.OK, ""),
        ('"type":"quorum","leader":"rabbit@cc01","state":"minority"', Verdict.FAIL, "no majority of its members: q"),
        ('"type":"quorum","leader":"a","members":["a","b","c"],"online":["a"]', Verdict.FAIL, "no majority"),
        # Only what is replicated votes.
        ('"type":"classic","node":"a","state":"running","members":["a","b","c"],"online":["a"]', Verdict.OK, ""),
        # Half of them are no majority.
        ('"type":"quorum","leader":"a","members":["a","b","c","d","e"],"online":["a","b"]', Verdict.FAIL, "no major"),
        ('"type":"quorum","leader":"a","members":["a","b","c","d"],"online":["a","b"]', Verdict.FAIL, "no majority"),
        ('"type":"quorum","leader":"a","members":["a","b","c","d"],"online":["a","b","c"]', Verdict.OK, ""),
        ('"type":"quorum","leader":"a","members":["a","b","rabbit@cc03"],"online":["a","b"]', Verdict.WARN, "2 of 3"),
        # A new one: who is there it has not told yet.
        ('"type":"quorum","leader":"a","members":["a","b","c"],"online":[]', Verdict.OK, ""),
        # Away with its broker, which is told of for itself.
        ('"type":"quorum","leader":"a","members":["a","b","rabbit@cc09"],"online":["a","b"]', Verdict.OK, ""),
        ('"type":"stream","leader":"","online":[]', Verdict.FAIL, "1 queue has no leader"),
        ('"type":"quorum","leader":"rabbit@cc01"', Verdict.OK, ""),
        ('"type":"classic"', Verdict.OK, ""),
        ('"type":"quorum","leader":"a","online":["a","b","c"]', Verdict.OK, ""),
    ],
)  # fmt: skip
def test_each_queue_is_judged(told: str, verdict: Verdict, words: str) -> None:
    text = field("rabbitmq-queues-that-do-not-work")
    begin, end = text.index('{"items"'), text.index("\nHttp=200\n\nEnd=")
    node = parse_rabbit_cluster(f'{text[:begin]}{{"items":[{{"vhost":"/","name":"q",{told}}}]}}{text[end:]}')
    assert isinstance(node, BrokerNode) and len(node.queues) == 1
    found = rabbitmq_health(SPEC, {**BROKERS, "cc01": node})
    assert found.verdict is verdict and words in found.reason, found.reason


def test_a_queue_is_told_of_once_for_the_worst_of_it() -> None:
    node = broker("rabbitmq-queues-that-do-not-work")
    assert isinstance(node, BrokerNode)
    less = {"members": MEMBERS, "online": MEMBERS[:1]}
    for change in (
        {"leader": "", "state": "down"},
        {"leader": "", **less},
        {"leader": "a", "state": "down", **less},
        {"leader": "a", "state": "down", "members": MEMBERS, "online": MEMBERS[:2]},
        {"state": "minority", "members": MEMBERS, "online": MEMBERS[:1]},
    ):
        one = replace(node, queues=(replace(node.queues[1], **change),))
        found = rabbitmq_health(SPEC, {**BROKERS, "cc01": one})
        assert found.verdict is Verdict.FAIL and len(found.findings) == 1, found.reason


def test_a_queue_of_three_members_is_whole_in_a_cluster_of_five() -> None:
    node = broker("rabbitmq-queues-that-do-not-work")
    assert isinstance(node, BrokerNode)
    five = (*MEMBERS, "rabbit@cc04", "rabbit@cc05")
    three = replace(node.queues[1], online=MEMBERS)
    large = replace(node, members=five, running_members=five, queues=(three,))
    assert "lost" not in rabbitmq_health(SPEC, {"cc01": large}).reason
    two = replace(large, queues=(replace(three, online=MEMBERS[:2]),))
    assert "1 queue has lost members" in rabbitmq_health(SPEC, {"cc01": two}).reason


def test_many_queues_are_counted() -> None:
    node = broker("rabbitmq-queues-that-do-not-work")
    assert isinstance(node, BrokerNode)
    many = replace(node, queues=tuple(replace(node.queues[0], name=f"q{number}") for number in range(9)))
    found = rabbitmq_health(SPEC, {**BROKERS, "cc01": many})
    assert "9 queues have no leader: q0 in openstack, q1 in openstack, q2 in openstack and 6 more" in found.reason
    three = rabbitmq_health(SPEC, {**BROKERS, "cc01": replace(many, queues=many.queues[:3])})
    assert three.reason.endswith("3 queues have no leader: q0 in openstack, q1 in openstack, q2 in openstack")


def test_two_queues_without_a_majority_are_told_of_as_two() -> None:
    node = broker("rabbitmq-queues-that-do-not-work")
    assert isinstance(node, BrokerNode)
    lost = replace(node.queues[1], leader="a", members=MEMBERS, online=MEMBERS[:1])
    for many, words in (
        (1, "1 queue has no majority of its members:"),
        (2, "2 queues have no majority of their members:"),
    ):
        found = rabbitmq_health(SPEC, {**BROKERS, "cc01": replace(node, queues=(lost,) * many)})
        assert found.verdict is Verdict.FAIL and words in found.reason, found.reason


def test_a_list_of_queues_that_can_not_be_read_is_unknown_unless_another_broker_gives_one() -> None:
    text = field("rabbitmq-queues-that-do-not-work")
    node = parse_rabbit_cluster(text.replace('{"items"', '"items"'))
    assert isinstance(node, BrokerNode) and node.queues == ()
    found = rabbitmq_health(SPEC, {**BROKERS, "cc01": node})
    assert found.verdict is Verdict.UNKNOWN and "the list that cc01 gave can't be read" in found.reason
    assert brokers_incomplete({**BROKERS, "cc01": node}) is None
    whole = broker("rabbitmq-queues-that-do-not-work")
    assert isinstance(whole, BrokerNode)
    lists = replace(BROKERS["cc02"], queues=tuple(replace(queue, leader="a", online=MEMBERS) for queue in whole.queues))
    assert rabbitmq_health(SPEC, {**BROKERS, "cc01": node, "cc02": lists}).verdict is Verdict.OK
