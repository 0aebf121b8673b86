"""RabbitMQ: the record from real answers, the gates, the files."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pyinfra.api.exceptions import PyinfraError

from cluster.rabbitmq.gates import (
    incomplete,
    main_cluster,
    may_create,
    may_restart_rabbitmq,
    may_start,
    may_start_together,
)
from cluster.rabbitmq.names import CONFIG, COOKIE, DEFINITIONS, ENVIRONMENT, WATCH_LOGIN
from cluster.rabbitmq.record import BrokerNode, BrokerQueue
from cluster.releases import BROKERS_FORM_TOGETHER, RELEASES
from cluster.spec import Cluster, Host, Keepalived, Pacemaker, Rabbitmq, Role, Ssh
from cluster.state import ClusterState, ServiceState, Unknown
from deploy.rabbitmq_files import broker_files, wanted
from facts.rabbitmq import parse_rabbit_cluster
from operations import brokers
from operations import rabbitmq as broker
from operations.steps import Refused
from tui.console.depth.rabbitmq import lines as rabbitmq_lines

FIXTURES = Path(__file__).parent / "fixtures" / "rabbitmq"
ALL = ("rabbit@cc01", "rabbit@cc02", "rabbit@cc03")


def seen(fixture: str) -> BrokerNode:
    node = parse_rabbit_cluster((FIXTURES / f"{fixture}.txt").read_text())
    assert isinstance(node, BrokerNode), node
    return node


def test_a_healthy_broker() -> None:
    node = seen("healthy")
    assert (node.name, node.running, node.version) == ("rabbit@cc01", True, "3.10.8")
    assert node.members == node.running_members == ALL
    assert node.partitions == node.alarms == ()
    assert node.service is not None and node.service.restart_due is False


def test_the_queues_and_their_leaders() -> None:
    node = seen("queues")
    everywhere = ("rabbit@cc01", "rabbit@cc02", "rabbit@cc03")
    assert node.queues == (
        BrokerQueue("/", "notifications.info", "quorum", "rabbit@cc01", everywhere, 12, 0),
        BrokerQueue("openstack", "scheduler_fanout_1", "classic", "rabbit@cc02", (), 3, 0),
        BrokerQueue("openstack", "conductor", "quorum", "rabbit@cc02", everywhere, 0, 2),
        BrokerQueue("/", '[31mred"odd",name', "classic", "rabbit@cc01", (), 0, 0),
    )
    assert node.queues_total == 4
    # What a former fact's command said.
    assert (seen("healthy").queues, seen("healthy").queues_total) == ((), 0)


@pytest.mark.parametrize(
    "answer",
    ["", "[]", "{}", '{"items":7,"total_count":"x"}', '{"items":[7,null],"total_count":-1}', '{"error":"timeout"}'],
)
def test_queues_that_can_not_be_read_hide_nothing_else(answer: str) -> None:
    text = (FIXTURES / "queues.txt").read_text()
    begin = text.index('{"filtered_count"')
    end = text.index("\n", begin)
    code = "200" if answer else "000"
    node = parse_rabbit_cluster(text[:begin] + answer + text[end:].replace("Http=200", f"Http={code}", 1))
    assert isinstance(node, BrokerNode)
    assert node.running and node.running_members == ALL and node.version == "3.10.8"
    assert (node.queues, node.queues_total) == ((), 4)


@pytest.mark.parametrize("number", ['"x"', "-1", "null", "[]"])
def test_a_number_of_queues_that_can_not_be_read_hides_nothing_else(number: str) -> None:
    node = parse_rabbit_cluster((FIXTURES / "queues.txt").read_text().replace('"queues":4', f'"queues":{number}'))
    assert isinstance(node, BrokerNode)
    assert node.queues_total == 0 and len(node.queues) == 4 and node.version == "3.10.8"


@pytest.mark.parametrize(
    ("total", "said"),
    [
        (0, "none is told of"),
        (1200, "1,200 in all; with more than 500 they are counted, not listed"),
        (12, "12 in all; no broker could list them in time"),
    ],
)
def test_queues_that_are_not_listed_are_counted(total: int, said: str) -> None:
    node = replace(seen("queues"), queues=(), queues_total=total)
    state = ClusterState({"rabbitmq": {"cc01": Unknown("gone"), "cc02": node, "cc03": replace(node, queues_total=0)}})
    assert rabbitmq_lines(state)[-1].text.strip() == f"Queues  {said}"


def test_a_queue_without_a_leader_is_told_of() -> None:
    text = (FIXTURES / "queues.txt").read_text()
    item = '{"name":"new","online":null,"messages":"?","vhost":"/","leader":"","node":"","type":"quorum"}'
    node = parse_rabbit_cluster(text.replace('"items":[', f'"items":[{item},'))
    assert isinstance(node, BrokerNode)
    assert node.queues[0] == BrokerQueue("/", "new", "quorum", "", (), 0, 0) and len(node.queues) == 5


def test_no_more_than_a_hundred_queues_are_kept_and_all_are_counted() -> None:
    text = (FIXTURES / "queues.txt").read_text()
    many = ",".join(f'{{"name":"{"q" * 400}{number}"}}' for number in range(300))
    node = parse_rabbit_cluster(text.replace('"items":[', f'"items":[{many},').replace('"queues":4', '"queues":304'))
    assert isinstance(node, BrokerNode)
    assert len(node.queues) == 100 and node.queues_total == 304
    assert all(len(queue.name) <= 100 for queue in node.queues)


def test_a_frozen_member_does_not_hide_that_the_others_run() -> None:
    node = seen("peer-frozen")
    assert node.running and node.members == ALL and node.version == ""


def test_a_member_that_was_given_up() -> None:
    node = seen("peer-down")
    assert node.members == ALL and node.running_members == ("rabbit@cc01", "rabbit@cc03")


@pytest.mark.parametrize("fixture", ["frozen", "paused"])
def test_a_broker_that_does_not_answer_while_its_service_runs(fixture: str) -> None:
    node = seen(fixture)
    assert not node.running and node.members == ALL
    assert node.service is not None and node.service.active == "active"


def test_a_killed_broker_that_systemd_will_start_again() -> None:
    node = seen("killed")
    assert not node.running and node.service is not None
    assert (node.service.active, node.service.sub) == ("activating", "auto-restart")


def test_a_partition_is_seen_by_who_is_parted() -> None:
    assert seen("partitioned").partitions == ("rabbit@cc02",)


def test_an_alarm() -> None:
    node = seen("alarm")
    assert node.running and node.alarms == ("memory",)


def test_a_cluster_of_its_own() -> None:
    assert seen("standalone").members == ("rabbit@cc02",)


def test_nothing_installed() -> None:
    node = seen("nothing-installed")
    assert (node.running, node.members) == (False, ())
    assert node.service is not None and node.service.active == "inactive"


def test_a_refused_password_is_unknown_with_what_to_do() -> None:
    node = parse_rabbit_cluster((FIXTURES / "refused.txt").read_text())
    assert isinstance(node, Unknown) and "password" in node.reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sh: 1: curl: not found",
        "Self=rabbit@cc01\n{\nHttp=200\n\nEnd=\n",
        "Self=rabbit@cc01\n[]\nHttp=200\n[[]]\nHttp=200\n\nEnd=\n",
        "Self=rabbit@cc01\n{}\nHttp=200\n[{}]\nHttp=200\n\nEnd=\n",
        "Self=rabbit@cc01\n" + "[" * 100_000 + "\nHttp=200\n\nEnd=\n",
    ],
    ids=["nothing", "no-curl", "half-json", "other-json", "no-names", "deep"],
)
def test_garbage_is_unknown(text: str) -> None:
    assert isinstance(parse_rabbit_cluster(text), Unknown)


def test_text_of_a_host_is_made_harmless() -> None:
    text = (FIXTURES / "healthy.txt").read_text().replace("rabbit@cc03", "evil\u202e\u009b31m" + "x" * 500)
    node = parse_rabbit_cluster(text)
    assert isinstance(node, BrokerNode)
    assert all(len(name) <= 80 and name.isprintable() for name in node.members)


RUNS = ServiceState("rabbitmq-server.service", "active", "running", enabled=True)
DOWN = ServiceState("rabbitmq-server.service", "inactive", "dead", enabled=True)
BROKER = BrokerNode("rabbit@cc01", True, ALL, ALL, service=RUNS)
HEALTHY = {f"cc0{number}": replace(BROKER, name=f"rabbit@cc0{number}") for number in (1, 2, 3)}
EMPTY = {name: BrokerNode(node.name, False, service=DOWN) for name, node in HEALTHY.items()}
STOPPED = {name: replace(node, members=ALL) for name, node in EMPTY.items()}


def test_a_cluster_is_created_only_where_none_can_be() -> None:
    assert may_create(EMPTY) is None
    assert "cc03" in str(may_create(EMPTY | {"cc03": Unknown("can't be reached")}))
    assert "cc02" in str(may_create(EMPTY | {"cc02": STOPPED["cc02"]}))
    assert "cc01" in str(may_create(EMPTY | {"cc01": replace(EMPTY["cc01"], service=RUNS)}))


def test_brokers_of_different_clusters_are_not_started_together() -> None:
    assert may_start_together(STOPPED) is None
    assert may_start_together(STOPPED | {"cc02": EMPTY["cc02"]}) is None
    reason = may_start_together(STOPPED | {"cc02": replace(STOPPED["cc02"], members=("rabbit@cc02",))})
    assert reason is not None and "cc02  down    rabbit@cc02  " in reason


def test_the_cluster_to_join_is_that_of_most_brokers() -> None:
    alone = replace(HEALTHY["cc03"], members=("rabbit@cc03",))
    assert main_cluster(HEALTHY) == frozenset(ALL)
    assert main_cluster(HEALTHY | {"cc03": alone}) == frozenset(ALL)
    assert main_cluster({"cc01": HEALTHY["cc01"], "cc03": alone}) is None
    assert main_cluster(EMPTY) is None


def test_a_broker_that_was_forgotten_is_not_started_with_its_former_data() -> None:
    assert may_start("cc03", STOPPED["cc03"], frozenset(ALL)) is None
    assert may_start("cc03", EMPTY["cc03"], frozenset(ALL[:2])) is None
    assert "Move /var/lib/rabbitmq/mnesia on cc03 away" in str(may_start("cc03", STOPPED["cc03"], frozenset(ALL[:2])))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"cc02": Unknown("can't be reached")}, "cc02 can't be read"),
        ({"cc02": STOPPED["cc02"]}, "the broker on cc02 is down"),
        ({"cc02": replace(STOPPED["cc02"], service=RUNS)}, "the broker on cc02 does not answer"),
        ({"cc02": replace(HEALTHY["cc02"], members=("rabbit@cc02",))}, "cc02 is in a cluster of rabbit@cc02,"),
        ({"cc03": replace(HEALTHY["cc03"], running_members=ALL[1:])}, "cc03 does not see rabbit@cc01"),
        ({"cc01": replace(BROKER, partitions=ALL[2:])}, "cc01 is partitioned from rabbit@cc03"),
        ({"cc01": replace(BROKER, alarms=("disk",))}, "cc01 has an alarm: disk"),
    ],
)
def test_no_restart_unless_all_are_there(change: dict[str, BrokerNode | Unknown], says: str) -> None:
    assert incomplete(HEALTHY) is None and may_restart_rabbitmq(HEALTHY, "cc01") is None
    reason = may_restart_rabbitmq(HEALTHY | change, "cc01")
    assert reason is not None and reason.startswith("cc01 is not restarted: ") and says in reason


@pytest.fixture(autouse=True)
def known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RABBITMQ_ADMIN", "RABBITMQ_COOKIE", "RABBITMQ_WATCH", "PROBE"):
        monkeypatch.setenv(f"HATUI_SECRET_{name}", f'{name.lower()}-se"cr\\et')


def cluster(release: str = "bookworm", **settings: object) -> Cluster:
    hosts = {f"cc0{n}": Host(f"cc0{n}", f"192.0.2.{99 + n}", Role.CONTROLLER) for n in (1, 2, 3)}
    return Cluster(
        name="test",
        network="192.0.2.0/24",
        release=release,
        hosts=hosts,
        ssh=Ssh(),
        keepalived=Keepalived(vip="192.0.2.47"),
        pacemaker=Pacemaker(vip="192.0.2.48"),
        rabbitmq=Rabbitmq(**settings),  # type: ignore[arg-type]
    )


def test_the_files() -> None:
    files = {file.path: file for file in broker_files(cluster(net_ticktime=15), "cc02")}
    config = files[CONFIG].content.decode()
    assert "listeners.tcp.1 = 192.0.2.101:5672\n" in config
    assert "management.tcp.ip = 127.0.0.1\n" in config
    assert "cluster_partition_handling = pause_minority\n" in config
    assert "cluster_formation.classic_config.nodes.3 = rabbit@cc03\n" in config
    environment = files[ENVIRONMENT].content.decode()
    assert "-kernel net_ticktime 15 -kernel inet_dist_use_interface {192,0,2,101} " in environment
    cookie = files[COOKIE]
    assert (cookie.mode, cookie.user, cookie.group) == ("0400", "rabbitmq", "rabbitmq")
    login = files[WATCH_LOGIN]
    assert (login.mode, login.content) == ("0600", b'user = "hatui_watch:rabbitmq_watch-se\\"cr\\\\et"\n')
    # The settings' check looks for the definitions.
    assert list(files).index(DEFINITIONS) < list(files).index(CONFIG)


def test_no_password_in_a_file_that_others_can_read() -> None:
    for file in broker_files(cluster(), "cc01"):
        held = [
            name for name in ("rabbitmq_admin", "rabbitmq_watch", "probe-se", "cookie-se") if name in str(file.content)
        ]
        assert not held or file.mode in ("0400", "0600"), file.path
        assert not held or file.secrets, file.path


def test_mirrored_queues_are_for_the_release_that_has_them() -> None:
    policies = json.loads(
        next(file.content for file in broker_files(cluster(queue_type="mirrored"), "cc01") if file.path == DEFINITIONS)
    )["policies"]
    assert {policy["vhost"] for policy in policies} == {"/", "hatui_probe"}
    assert policies[0]["pattern"] == r"^(?!amq\.).*" and policies[0]["definition"]["ha-mode"] == "all"
    assert wanted(cluster(queue_type="mirrored")).queue_types["/"] == "classic"
    assert wanted(cluster()).queue_types["/"] == "quorum" and wanted(cluster()).policies["HA"] is None
    # What OpenStack waits for answers at is none of the quorum queues, and must not be on one broker alone.
    replies = wanted(cluster()).policies["hatui-replies"]
    assert replies is not None
    for queue, kept in (("reply_8f", True), ("scheduler_fanout_3a", True), ("conductor", False), ("no_reply_x", False)):
        assert bool(re.search(replies["pattern"], queue)) is kept, queue
    assert wanted(cluster("trixie")).policies == {"HA": None, "hatui-replies": None}
    with pytest.raises(PyinfraError, match=r"mirrored queues do not exist .* trixie"):
        wanted(cluster("trixie", queue_type="mirrored"))


def test_the_brokers_of_trixie_are_started_together_and_those_of_bookworm_one_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RabbitMQ 4.0's first broker waited over 4 min for others that were started after it."""
    started: list[list[str]] = []
    monkeypatch.setattr(broker, "nodes_of", lambda hosts: EMPTY)
    monkeypatch.setattr(broker, "taking_part", lambda hosts: list(hosts))
    monkeypatch.setattr(broker, "start", lambda names, within: started.append(list(names)))
    for release in RELEASES:
        (step,) = broker.created._inner(list(EMPTY), together=release in BROKERS_FORM_TOGETHER)
        step.take()
    assert started == [["cc01"], ["cc01", "cc02", "cc03"]]


def test_brokers_that_form_only_together_are_not_begun_by_a_part_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "nodes_of", lambda hosts: EMPTY)
    monkeypatch.setattr(broker, "taking_part", lambda hosts: ["cc01"])
    (step,) = broker.created._inner(list(EMPTY), together=True)
    with pytest.raises(Refused, match=r"cc02, cc03 are not part of this run\. Run it without --limit"):
        step.take()


def test_another_cluster_forbids_a_new_one_on_every_release(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [EMPTY, EMPTY | {"cc03": replace(EMPTY["cc03"], service=RUNS)}]
    monkeypatch.setattr(broker, "nodes_of", lambda hosts: seen.pop(0))
    monkeypatch.setattr(broker, "taking_part", lambda hosts: list(hosts))
    monkeypatch.setattr(broker, "start", lambda names, within: pytest.fail(f"started {names}"))
    (step,) = broker.created._inner(list(EMPTY), together=True)
    with pytest.raises(Refused, match="a broker starts on cc03"):
        step.take()


def test_a_restart_empties_a_broker_only_of_a_cluster_that_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes: dict[str, BrokerNode | Unknown] = {**HEALTHY, "cc03": replace(HEALTHY["cc03"], running_members=ALL[1:])}
    monkeypatch.setattr(brokers, "nodes_of", lambda _: nodes)
    monkeypatch.setattr(brokers, "look", lambda name, _: nodes[name])
    monkeypatch.setattr(brokers, "why_critical", lambda _: None)
    first, *_ = brokers.restarted(dict.fromkeys(nodes, "192.0.2.1"), [], "cc02")
    assert first.precheck() == "cc02 is not restarted: cc03 does not see rabbit@cc01 running."
    nodes["cc03"] = HEALTHY["cc03"]
    assert first.precheck() is None
