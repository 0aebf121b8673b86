"""Database and queue: each trouble by itself, at the number where it begins, in the words that are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cluster.galera.record import GaleraNode
from cluster.galera.verdict import galera_health, shows
from cluster.haproxy.serving import nobody_served
from cluster.health.verdict import LayerHealth, Verdict
from cluster.rabbitmq.evidence import is_up, table
from cluster.rabbitmq.gates import incomplete, main_cluster, may_create, may_drain_broker, may_start_together
from cluster.rabbitmq.record import BrokerNode
from cluster.rabbitmq.recovery import lost, may_recover, waiting, with_data
from cluster.rabbitmq.verdict import rabbitmq_health
from cluster.rabbitmq.verdict import shows as broker_shows
from cluster.state import ServiceState, Unknown
from tests.unit.test_health import CONTROLLERS, DATABASES, GALERA, GONE, MEMBERS, SPEC, proxy, unit
from tests.unit.test_rest import BROKERS


def database(*nodes: GaleraNode | Unknown) -> LayerHealth:
    return galera_health(SPEC, {**dict.fromkeys(DATABASES, GALERA), **dict(zip(DATABASES, nodes, strict=False))})


def queue(*nodes: BrokerNode | Unknown) -> LayerHealth:
    return rabbitmq_health(SPEC, {**BROKERS, **dict(zip(CONTROLLERS, nodes, strict=False))})


NO_PROVIDER = "runs without Galera: wsrep_on is ON, and no provider is loaded"
DOWN = replace(GALERA, running=False, state="", cluster_status="", service=unit("mariadb.service", "failed"))


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (DOWN, "mariadb is failed (dead), seqno 7"),
        (replace(DOWN, uuid=""), "mariadb is failed (dead), no data of a cluster"),
        (replace(GALERA, standalone=True), "runs without Galera"),
        (replace(GALERA, standalone=True, provider=False), NO_PROVIDER),
        (replace(GALERA, answers=False, turns_away="full"), "its server turns clients away: full"),
        (replace(GALERA, answers=False, state=""), "its server runs and does not answer"),
        (replace(GALERA, answers=False, state="Joining"), "its server runs and does not answer, Joining"),
        (GALERA, "Synced, Primary, size 3, seqno 7, queue 0"),
    ],
)  # fmt: skip
def test_a_node_in_a_few_words(node: GaleraNode, text: str) -> None:
    assert shows(node) == text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"desynced": True}, "mysql1 is desynced by hand (wsrep_desync=ON)"),
        ({"read_only": True}, "mysql1 is read_only"),
        ({"recv_queue": 101}, "mysql1 lags: 101 write sets"),
        ({"recv_queue": 100}, ""),
        ({"flow_control_paused": 0.11}, "mysql1 was paused by flow control 11% of the time"),
        ({"flow_control_paused": 0.1}, ""),
        ({"size": 4}, "mysql1 sees 4 of 3 members"),
        ({"check": unit("hatui-galera-check.service", "failed")}, "so the balancers send it nothing"),
        ({"check": replace(unit("hatui-galera-check.service"), enabled=False)}, "does not start at boot"),
        ({"service": replace(unit("mariadb.service"), enabled=False)}, "mysql1: mariadb does not start at boot"),
    ],
)
def test_what_a_node_that_serves_is_warned_of(change: dict[str, Any], words: str) -> None:
    found = database(replace(GALERA, **change))
    assert found.verdict is (Verdict.WARN if words else Verdict.OK), found.reason
    assert words in found.reason
    assert (found.hosts[0].verdict is Verdict.OK) is not bool(words)


def test_what_does_not_serve_is_the_host_s_failure_and_the_layer_s_warning() -> None:
    for node in (DOWN, replace(GALERA, state="Joined"), replace(GALERA, ready=False), replace(GALERA, answers=False)):
        found = database(node)
        assert (found.verdict, found.hosts[0].verdict) == (Verdict.WARN, Verdict.FAIL), found.reason
    assert database().reason == "3 of 3 nodes are Synced and Primary"


def test_recovery_is_proposed_only_where_a_majority_is_down_or_tries() -> None:
    tries = replace(DOWN, running=True, answers=False, state="Joining", service=unit("x", "activating"))
    frozen = replace(DOWN, running=True, answers=False, service=unit("mariadb.service"))
    outside = replace(GALERA, cluster_status="non-Primary", state="Initialized")
    for nodes, proposed in (
        ((DOWN, DOWN, DOWN), True),
        ((DOWN, tries, tries), True),
        ((DOWN, DOWN, frozen), False),
        ((DOWN, DOWN, replace(frozen, standalone=True)), False),
        ((DOWN, DOWN, outside), True),
        ((DOWN, tries, outside), True),
        # These two may find each other again.
        ((DOWN, outside, outside), False),
    ):
        found = database(*nodes)
        assert found.verdict is Verdict.FAIL
        assert ("`hatui recover galera`" in found.reason) is proposed, found.reason
    # What the balancers see is told only where a node can't be asked.
    refused = {"haproxy1": proxy(status=dict.fromkeys(DATABASES, "DOWN"))}
    all_down = galera_health(SPEC, dict.fromkeys(DATABASES, DOWN), refused)
    assert all_down.reason.startswith("no Primary component among 3 nodes: the database takes no writes. `hatui rec")
    unknown = database(DOWN, DOWN, GONE)
    assert unknown.verdict is Verdict.UNKNOWN and "recover" not in unknown.reason
    assert "no Primary component is seen, and mysql3 can't be asked" in unknown.reason


def test_a_primary_component_in_which_nobody_is_synced_fails() -> None:
    donor = replace(GALERA, state="Donor/Desynced")
    assert "no node of the Primary component is Synced" in database(donor, donor, donor).reason
    assert database(donor, donor, GALERA).verdict is Verdict.WARN
    untold = replace(GALERA, state="", untold=("wsrep_local_state_comment",))
    assert database(untold, untold, untold).verdict is Verdict.UNKNOWN


def test_members_that_do_not_agree_and_one_that_does_not_say() -> None:
    assert "(3, 4)" in database(replace(GALERA, conf_id=4)).reason
    zero = database(replace(GALERA, conf_id=0))
    assert "(0, 3)" in zero.reason
    assert "do not agree" not in database(replace(GALERA, conf_id=-1)).reason
    untold = GaleraNode(True, "u", 7)
    assert "do not agree" not in database(replace(GALERA, conf_id=untold.conf_id)).reason
    assert "different data" not in database(replace(GALERA, uuid="")).reason


def test_servers_of_another_layer_are_none_of_this_one() -> None:
    down = proxy(status=dict.fromkeys(DATABASES, "DOWN"))
    assert nobody_served({"a": down}, "galera") == "no server of galera takes any on a"
    assert nobody_served({"a": down}, "rabbitmq") is None
    assert nobody_served({"a": down}, "absent") is None
    assert nobody_served({}, "galera") is None


# -- RabbitMQ --------------------------------------------------------------------------------------------------------

OFF = replace(BROKERS["cc01"], running=False, service=unit("rabbitmq-server.service", "failed"))


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (replace(OFF, draining=True), "drained: takes no clients, leads no queue"),
        (OFF, "rabbitmq-server is failed (dead)"),
        (replace(OFF, service=unit("rabbitmq-server.service")), "its service runs and the broker does not answer"),
        (replace(BROKERS["cc01"], partitions=("a", "b")), "running, sees 3 of 3 members, partitioned from a, b"),
        (replace(BROKERS["cc01"], alarms=("disk",)), "running, sees 3 of 3 members, alarms: disk"),
    ],
)
def test_a_broker_in_a_few_words(node: BrokerNode, text: str) -> None:
    assert broker_shows(node) == text


@pytest.mark.parametrize(
    ("nodes", "verdict", "words"),
    [
        ((), Verdict.OK, "3 of 3 brokers run, no partition"),
        ((OFF,), Verdict.WARN, "cc01: rabbitmq-server is failed"),
        ((OFF, OFF), Verdict.FAIL, "1 of 3 brokers run: quorum queues have no majority"),
        ((OFF, GONE), Verdict.UNKNOWN, "1 of 3 brokers are seen to run"),
        ((GONE, GONE), Verdict.UNKNOWN, "1 of 3 brokers are seen to run"),
        ((OFF, OFF, GONE), Verdict.FAIL, "0 of 3 brokers run: quorum queues have no majority. `hatui recover"),
        ((replace(OFF, draining=True),), Verdict.WARN, "cc01 is drained (`hatui undrain cc01`"),
        ((OFF, replace(OFF, draining=True)), Verdict.WARN, "cc02 is drained"),
        ((replace(BROKERS["cc01"], members=MEMBERS[:2]),), Verdict.WARN, "cc01 has 2 members in its cluster, not 3"),
        ((replace(BROKERS["cc01"], running_members=MEMBERS[:2]),), Verdict.WARN, "cc01 sees 2 of 3 brokers running"),
        ((replace(BROKERS["cc01"], alarms=("disk",)),), Verdict.FAIL, "cc01: alarm disk, publishers are blocked"),
        ((replace(BROKERS["cc01"], untold=("its members",)),), Verdict.UNKNOWN, "cc01 does not tell its members"),
    ],
)  # fmt: skip
def test_the_brokers_are_counted(nodes: tuple[BrokerNode | Unknown, ...], verdict: Verdict, words: str) -> None:
    found = queue(*nodes)
    assert found.verdict is verdict and words in found.reason, found.reason
    assert ("brings them back" in found.reason) is ("recover" in words)


def test_who_is_down_beside_others_is_shown_with_the_verb_that_brings_it_back() -> None:
    """A recovery that broke off after the first had come up named no way back."""
    assert "`hatui recover rabbitmq` starts cc01, cc02 beside the others" in queue(OFF, OFF).reason
    waits = replace(OFF, service=unit("rabbitmq-server.service", "activating"))
    for silent in (GONE, waits, replace(OFF, draining=True), replace(OFF, members=())):
        assert "recover" not in queue(silent).reason
    down = replace(GALERA, running=False, service=unit("mariadb.service", "failed"))
    tries = replace(down, service=unit("mariadb.service", "activating"))
    said = "`hatui recover galera` lets mysql1, mysql2 join the others again"
    assert said in database(down, down).reason
    assert "recover" not in database(tries, GONE).reason


def test_a_majority_is_more_than_half_of_any_number() -> None:
    for number, off, gone, verdict in (
        (4, 2, 0, Verdict.FAIL),
        (4, 1, 1, Verdict.UNKNOWN),
        (5, 2, 0, Verdict.WARN),
        (5, 1, 2, Verdict.UNKNOWN),
    ):
        names = [f"cc0{one}" for one in range(number)]
        members = tuple(f"rabbit@{name}" for name in names)
        runs = replace(BROKERS["cc01"], members=members, running_members=members)
        nodes: dict[str, BrokerNode | Unknown] = dict.fromkeys(names, runs)
        nodes |= dict.fromkeys(names[:off], OFF) | dict.fromkeys(names[off : off + gone], GONE)
        found = rabbitmq_health(SPEC, nodes)
        assert found.verdict is verdict, found.reason
        assert ("are seen to run" in found.reason) is (verdict is Verdict.UNKNOWN)


def test_a_partition_is_told_once_whoever_tells_of_it() -> None:
    told = {"rabbit@cc03": ("rabbit@cc02",)}
    nodes = [replace(BROKERS[name], parted=told) for name in CONTROLLERS]
    found = queue(*nodes)
    assert found.reason == "rabbit@cc03 is partitioned from rabbit@cc02, as cc01 tells"
    found = queue(*nodes[:2], replace(nodes[2], partitions=("rabbit@cc02",)))
    assert found.reason == "cc03 is partitioned from rabbit@cc02"


# -- the brokers' gates ----------------------------------------------------------------------------------------------


def service(active: str, sub: str = "x") -> ServiceState:
    return ServiceState("rabbitmq-server.service", active, sub, True)


def test_a_broker_is_up_while_its_unit_runs_or_starts() -> None:
    for active, sub, up in (
        ("active", "running", True),
        ("activating", "start", True),
        ("activating", "auto-restart", False),
        ("inactive", "dead", False),
        ("deactivating", "stop", False),
    ):
        assert is_up(replace(OFF, service=service(active, sub))) is up
    assert not is_up(replace(OFF, service=None))


def test_the_table_of_the_brokers_is_as_wide_as_what_it_shows() -> None:
    nodes: dict[str, BrokerNode | Unknown] = {
        "cc01": replace(BROKERS["cc01"], members=("a", "b"), running_members=("a",)),
        "cc02": replace(OFF, members=(), running_members=(), service=service("activating", "start")),
        "cc03": replace(OFF, draining=True, members=("a",), running_members=("a",)),
        "cc04": replace(OFF, members=("a",), running_members=("a",)),
        "cc05": Unknown("can't be reached, for a reason that is a very long one"),
    }
    assert table(nodes).splitlines() == [
        "host  broker   cluster by its files  last saw running",
        "cc01  runs     a, b                  a",
        "cc02  waits    no data               -",
        "cc03  drained  a                     a",
        "cc04  down     a                     a",
        "cc05  unknown  can't be read: can't be reached, for a reason that is a very long one",
    ]
    assert waiting(nodes) == ["cc02"] and with_data(nodes) == ["cc01", "cc03", "cc04"]


def test_a_host_that_is_left_out_is_a_member_all_the_same() -> None:
    assert incomplete({**BROKERS, "cc02": GONE}, {"cc02"}) is None
    three = {**BROKERS, "cc02": OFF}
    assert incomplete(three, {"cc02"}) is None
    parted = {name: replace(node, parted={"rabbit@cc02": ("rabbit@cc01",)}) for name, node in BROKERS.items()}
    assert incomplete({**parted, "cc02": GONE}, {"cc02"}) is None
    assert "rabbit@cc02 is partitioned" in (incomplete(parted) or "")
    assert "does not see" not in (incomplete(BROKERS) or "")


def test_a_broker_is_drained_only_if_all_others_are_there() -> None:
    assert may_drain_broker(BROKERS, "cc01") is None
    assert may_drain_broker(BROKERS, "net01") == "net01 carries no broker"
    # Its own state is no reason.
    assert may_drain_broker({**BROKERS, "cc01": OFF}, "cc01") is None
    for other, words in (
        (GONE, "cc02 can't be read"),
        (replace(OFF, draining=True), "hatui undrain cc02"),
        (OFF, "the broker on cc02 does not run"),
        (replace(BROKERS["cc02"], partitions=("a",)), "cc01 is not drained: cc02 is partitioned from a"),
        (replace(BROKERS["cc02"], alarms=("disk",)), "cc01 is not drained: cc02 has an alarm: disk"),
    ):
        assert words in (may_drain_broker({**BROKERS, "cc02": other}, "cc01") or "")


def test_no_cluster_is_created_beside_data_or_a_start() -> None:
    fresh = replace(OFF, members=(), running_members=())
    none = dict.fromkeys(CONTROLLERS, fresh)
    assert may_create(none) is None
    assert "there is one" in (may_create({**none, "cc02": OFF}) or "")
    assert "a broker starts on cc02" in (
        may_create({**none, "cc02": replace(fresh, service=service("activating"))}) or ""
    )


def test_brokers_of_which_one_was_parted_are_not_started_together() -> None:
    nodes = {name: replace(BROKERS[name], running=False, service=OFF.service) for name in CONTROLLERS}
    assert may_start_together(nodes) is None and may_recover(nodes) is None
    parted = {**nodes, "cc02": replace(nodes["cc02"], members=("rabbit@cc02",))}
    assert "of different clusters" in (may_start_together(parted) or "")


def test_what_is_lost_by_a_forced_start_is_told_by_who_ended_later() -> None:
    nodes: dict[str, BrokerNode | Unknown] = {
        name: replace(BROKERS[name], running=False, running_members=MEMBERS) for name in CONTROLLERS
    }
    assert list(lost(nodes, "cc01")) == []
    later = {**nodes, "cc02": replace(OFF, name="rabbit@cc02", running_members=("rabbit@cc02",))}
    assert list(lost(later, "cc01")) == ["what was declared after cc01 had ended: cc02 last saw it down"]
    empty = {**nodes, "cc02": replace(OFF, members=(), running_members=())}
    assert list(lost(empty, "cc01")) == []


def test_the_cluster_that_runs_is_the_one_that_most_brokers_are_in() -> None:
    assert main_cluster(BROKERS) == frozenset(MEMBERS)
    assert main_cluster({**BROKERS, "cc01": GONE, "cc02": OFF}) == frozenset(MEMBERS)
    assert main_cluster(dict.fromkeys(CONTROLLERS, OFF)) is None
    parted = replace(BROKERS["cc01"], members=MEMBERS[:1])
    assert main_cluster({**BROKERS, "cc01": parted}) == frozenset(MEMBERS)
    # One against one: it can't be told.
    assert main_cluster({**BROKERS, "cc01": parted, "cc02": GONE}) is None
