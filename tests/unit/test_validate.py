"""The check of an inventory: each rule, alone and with others, in a sentence that says what would be right."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from cluster.checks import SECRETS
from cluster.layers import modules_of
from cluster.reading import Reader, shown
from cluster.spec import Cluster, Galera, Role
from cluster.validate import SpecError, cluster_spec
from deploy import secrets
from tests.unit.inventories import ABSENT, Change, inventory


def errors(*changes: Change) -> tuple[str, ...]:
    with pytest.raises(SpecError) as caught:
        cluster_spec(inventory(*changes))
    return caught.value.errors


def at(path: str, value: object) -> Change:
    return tuple(path.split("/")), value


UNREAD: list[tuple[str, object, str]] = [
    ("haproxi", {}, "haproxi is no key that hatui knows: did you mean haproxy?"),
    ("keepalived/virtual_router", 1, "keepalived.virtual_router is no key that hatui knows: did you mean virtual_r"),
    ("hosts/storage", {}, "hosts.storage is no key that hatui knows: there are controller, galera, haproxy, network."),
    ("pacemaker/fencing/ctl1/password", "x", "pacemaker.fencing.ctl1.password is no key that hatui knows"),
    ("name", ABSENT, "name is missing: it must be given."),
    ("keepalived", ABSENT, "keepalived is missing: it must be given."),
    ("pacemaker/vip", ABSENT, "pacemaker.vip is missing: it must be given."),
    ("pacemaker/fencing/ctl1/user", ABSENT, "pacemaker.fencing.ctl1.user is missing: it must be given."),
    ("network", 7, "network is 7: it must be a text."),
    ("hosts/galera/db1", 5, "hosts.galera.db1 is 5: it must be a text."),
    ("keepalived/priorities/lb1", "111", "keepalived.priorities.lb1 is '111': it must be a whole number."),
    ("keepalived/virtual_router_id", True, "keepalived.virtual_router_id is True: it must be a whole number."),
    ("keepalived/advert_interval", "0.1", "keepalived.advert_interval is '0.1': it must be a number."),
    ("keepalived/preempt", 0, "keepalived.preempt is 0: it must be True or False."),
    ("ssh/key", 1, "ssh.key is 1: it must be a text, or None."),
    ("galera/settings/max_connections", 1.5, "galera.settings.max_connections is 1.5: it must be a text or a whole"),
]
"""Keys and types: what can't be read at all."""

RULES: list[tuple[str, object, str]] = [
    *UNREAD,
    ("hosts", [], "hosts is []: it must be a dict."),
    # Names.
    ("name", "my cluster", "name is 'my cluster': it must be 1 to 32 letters"),
    ("name", "../up", "name is '../up': it must be"),
    ("galera/cluster_name", "a\nb", "galera.cluster_name is 'a\\nb': it must be 1 to 32 letters"),
    ("corosync/cluster_name", "a b", "corosync.cluster_name is 'a b': it must be 1 to 32 letters"),
    ("release", "bullseye", "release is 'bullseye': it must be bookworm (Debian 12) or trixie (Debian 13)."),
    ("hosts/network/net_2", "127.8.0.50", "hosts.network.net_2 has no name that a host can have"),
    ("hosts/network/-net", "127.8.0.50", "hosts.network.-net has no name that a host can have"),
    ("hosts/network/" + "n" * 64, "127.8.0.50", "has no name that a host can have"),
    ("hosts/network/a\n10.0.0.1 b", "127.8.0.50", "hosts.network.'a\\n10.0.0.1 b' has no name that a host can have"),
    ("hosts/network/10", "127.8.0.50", "hosts.network.10 is a name that programs take for an address"),
    ("hosts/network/localhost", "127.8.0.50", "hosts.network.localhost is a name that programs take for an address"),
    ("hosts/network/db1", "127.8.0.50", "hosts.network names 'db1', which hosts.galera has too: a host has one role."),
    # Addresses.
    ("network", "127.8.0.0", "network is '127.8.0.0': it must be an IPv4 network such as"),
    ("network", "127.8.0.5/16", "network is '127.8.0.5/16': it must be an IPv4 network such as"),
    ("network", "126.0.0.0/7", "network is '126.0.0.0/7': it must be an IPv4 network such as"),
    ("network", "127.8.0.0/255.255.0.0", "network is '127.8.0.0/255.255.0.0': it must be"),
    ("hosts/galera/db1", "fd00::1", "hosts.galera.db1 is 'fd00::1': it must be an IPv4 address"),
    ("hosts/galera/db1", "db1.example.org", "hosts.galera.db1 is 'db1.example.org': it must be an IPv4 address"),
    ("hosts/galera/db1", "127.7.0.21", "hosts.galera.db1 is 127.7.0.21: it must be in the network 127.8.0.0/16."),
    ("hosts/galera/db1", "127.8.0.0", "hosts.galera.db1 is 127.8.0.0: the first and the last address of"),
    ("keepalived/vip", "127.8.255.255", "keepalived.vip is 127.8.255.255: the first and the last address of"),
    ("hosts/galera/db2", "127.8.0.21", "hosts.galera.db2 is 127.8.0.21, which hosts.galera.db1 has already"),
    ("keepalived/vip", "127.8.0.31", "keepalived.vip is 127.8.0.31, which hosts.controller.ctl1 has already"),
    ("pacemaker/vip", "127.8.0.10", "pacemaker.vip is 127.8.0.10, which keepalived.vip has already"),
    ("pacemaker/fencing/ctl1/address", "bmc1", "pacemaker.fencing.ctl1.address is 'bmc1': it must be the IPv4 address"),
    ("pacemaker/fencing/ctl1/address", "127.8.0.31", "ctl1.address is 127.8.0.31, which hosts.controller.ctl1 has"),
    ("pacemaker/fencing/ctl2/address", "127.9.0.31", "port 623, which ctl1 has: fencing one would fence the other."),
    # ssh.
    ("ssh/user", "root -o x", "ssh.user is 'root -o x': it must be the name of a user on the hosts"),
    ("ssh/key", 'k"ey', "ssh.key is 'k\"ey': it must be a path from / or ~/"),
    ("ssh/known_hosts", "/a b", "ssh.known_hosts is '/a b': it must be a path from / or ~/"),
    ("ssh/port", 0, "ssh.port is 0: it must be from 1 to 65535."),
    ("ssh/port", 65536, "ssh.port is 65536: it must be from 1 to 65535."),
    # HAProxy.
    ("hosts/haproxy/lb2", ABSENT, "hosts.haproxy has 1: at least 2 balancers are needed"),
    ("haproxy/database_algorithm", "uri", "haproxy.database_algorithm is 'uri': it works on HTTP requests"),
    ("haproxy/queue_algorithm", "random", "haproxy.queue_algorithm is 'random': it must be roundrobin or leastconn"),
    ("haproxy/queue_port", 65536, "haproxy.queue_port is 65536: it must be from 1 to 65535."),
    ("haproxy/queue_port", 3306, "haproxy.queue_port is 3306, which haproxy.database_port has"),
    ("haproxy/stats_port", 22, "haproxy.stats_port is 22, which ssh.port has"),
    ("haproxy/stats_port", 10000, "haproxy.stats_port is 10000, which HAProxy's own link between the balancers has"),
    ("haproxy/max_connections", 0, "haproxy.max_connections is 0: it must be from 1 to 1000000."),
    # Keepalived.
    ("keepalived/virtual_router_id", 0, "keepalived.virtual_router_id is 0: it must be from 1 to 255"),
    ("keepalived/virtual_router_id", 256, "keepalived.virtual_router_id is 256: it must be from 1 to 255"),
    ("keepalived/priorities/lb1", 255, "keepalived.priorities.lb1 is 255: it must be from 1 to 254"),
    ("keepalived/priorities/lb2", 111, "keepalived.priorities.lb2 is 111, as lb1 has: no two may be equal"),
    ("keepalived/priorities/lb2", ABSENT, "keepalived.priorities.lb2 is missing: each balancer needs a number"),
    ("keepalived/priorities/db1", 7, "keepalived.priorities.db1 is 7, but 'db1' is no balancer: there are lb1, lb2."),
    ("keepalived/advert_interval", 0, "keepalived.advert_interval is 0: it must be from 0.01 to 40.95 seconds"),
    ("keepalived/advert_interval", 41, "keepalived.advert_interval is 41: it must be from 0.01 to 40.95 seconds"),
    ("keepalived/advert_interval", float("nan"), "keepalived.advert_interval is nan: it must be from 0.01 to 40.95"),
    ("keepalived/advert_interval", 0.125, "keepalived.advert_interval is 0.125: VRRP counts in whole hundredths"),
    # Galera.
    ("hosts/galera", {}, "hosts.galera has 0: 3 database nodes are needed, or 2 and an arbitrator."),
    ("hosts/galera", {"db1": "127.8.0.21"}, "hosts.galera has 1: 3 database nodes are needed, or 2 and an arbitrator."),
    ("hosts/galera/db3", ABSENT, "hosts.galera has 2 and there is no arbitrator"),
    ("hosts/galera/db4", "127.8.0.24", "hosts.galera has 4: 4 voters can split in equal halves"),
    ("hosts/galera/db4", "127.8.0.24", "and neither goes on; add a node, or an arbitrator."),
    ("galera/arbitrator", "net1", "hosts.galera has 3 and an arbitrator: 4 voters can split in equal halves"),
    ("galera/arbitrator", "net1", "and neither goes on; leave the arbitrator out."),
    ("galera/arbitrator", "nobody", "galera.arbitrator is 'nobody': it must be one of the hosts."),
    ("galera/arbitrator", "db1", "galera.arbitrator is 'db1', a database node: it votes already"),
    ("galera/sst_method", "mysqldump", "galera.sst_method is 'mysqldump': it must be mariabackup or rsync."),
    ("galera/settings/Max Connections", 1, "galera.settings.'Max Connections' is no name of a setting"),
    ("galera/settings/a\nb", 1, "galera.settings.'a\\nb' is no name of a setting"),
    (
        "galera/settings/sql_mode",
        "A\nwsrep_on=0",
        "galera.settings.sql_mode is 'A\\nwsrep_on=0': it must have no quote",
    ),
    ("galera/settings/sql_mode", 'A"', "galera.settings.sql_mode is 'A\"': it must have no quote"),
    ("galera/settings/sql_mode", "A" * 257, "it must have no quote, backslash or control character, at most 256"),
    ("galera/settings/gcache.size", "1G; pc.bootstrap=1", "galera.settings.gcache.size is '1G; pc.bootstrap=1': it m"),
    ("galera/settings/cache.size", "1G", "galera.settings.cache.size is no option of the Galera provider"),
    *(
        (f"galera/settings/{name}", 1, f"galera.settings.{name} can't be set to 1: ")
        for name in (
            "wsrep_cluster_address",
            "wsrep-cluster-address",
            "wsrep_cluster_add",
            "loose-wsrep_on",
            "wsrep_provider",
            "skip_grant_tables",
            "skip-grant",
            "skip-networking",
            "bind_address",
            "datadir",
            "innodb_data_home_dir",
            "wsrep_data_home_dir",
            "wsrep_recover",
            "secure_file_priv",
            "plugin_load",
            "plugin-load-add",
            "init_file",
            "innodb_force_recovery",
            "disable-unix-socket",
            "pc.bootstrap",
            "gmcast.listen_addr",
        )
    ),
    # RabbitMQ.
    ("rabbitmq/partition_handling", "ignore", "rabbitmq.partition_handling is 'ignore': both sides of a split would"),
    ("rabbitmq/partition_handling", "x", "rabbitmq.partition_handling is 'x': it must be pause_minority or autoheal."),
    ("rabbitmq/queue_type", "classic", "rabbitmq.queue_type is 'classic': it must be quorum or mirrored."),
    ("rabbitmq/net_ticktime", 1, "rabbitmq.net_ticktime is 1: it must be from 5 to 120 seconds."),
    # Corosync and Pacemaker.
    ("hosts/controller/ctl4", "127.8.0.34", "hosts.controller has 4: it must be 3, 5 or another odd number"),
    ("corosync/transport", "tcp", "corosync.transport is 'tcp': it must be knet or udpu or udp."),
    ("corosync/multicast_address", "10.0.0.1", "corosync.multicast_address is '10.0.0.1': it must be from 224.0.1.0"),
    ("corosync/multicast_address", "224.0.0.18", "corosync.multicast_address is '224.0.0.18': it must be from 224.0."),
    ("corosync/multicast_address", "x", "corosync.multicast_address is 'x': it must be from 224.0.1.0"),
    ("corosync/multicast_port", 1, "corosync.multicast_port is 1: it must be from 2 to 65535."),
    ("corosync/token_ms", 1, "corosync.token_ms is 1: it must be from 300 to 30000 milliseconds."),
    ("pacemaker/monitor_interval", 1, "pacemaker.monitor_interval is 1: it must be from 2 to 300 seconds."),
    ("pacemaker/fencing/lb1", {"address": "127.9.0.9", "user": "x"}, "pacemaker.fencing.lb1 is for no controller"),
    ("pacemaker/fencing/ctl3", ABSENT, "pacemaker.fencing.ctl3 is missing: where some controllers can be fenced"),
    ("pacemaker/fencing/ctl1/user", "a b", "pacemaker.fencing.ctl1.user is 'a b': it must be 1 to 16 letters"),
    ("pacemaker/fencing/ctl1/port", 0, "pacemaker.fencing.ctl1.port is 0: it must be from 1 to 65535."),
    # Secrets.
    ("secrets/bcm", "env:X", "secrets.bcm is no secret that hatui knows: there are bmc, corosync_authkey,"),
    ("secrets/bmc", "file:relative", "secrets.bmc names no source"),
    ("secrets/bmc", "env:", "secrets.bmc names no source"),
    ("secrets/bmc", "command:pass 'x", "secrets.bmc names no source"),
    ("secrets/bmc", "command:", "secrets.bmc names no source"),
    ("secrets/bmc", "file:/a\nb", "secrets.bmc holds a control character"),
    ("secrets/bmc", 5, "secrets.bmc must be a text that names its source"),
    ("secrets", "s3cret", "secrets must be a dict of sources"),
]


@pytest.mark.parametrize(("path", "value", "sentence"), RULES, ids=[path for path, _, _ in RULES])
def test_one_mistake_one_sentence(path: str, value: object, sentence: str) -> None:
    said = errors(at(path, value))
    assert any(sentence in one for one in said), said
    assert all(one.isprintable() and one[-1] in ".?" and len(one) < 300 for one in said), said


@pytest.mark.parametrize(("path", "value", "sentence"), UNREAD)
def test_nothing_is_said_that_only_follows(path: str, value: object, sentence: str) -> None:
    assert len(errors(at(path, value))) == 1


@pytest.mark.parametrize("interval", [0, -0.125, 0.005, 40.951, 41.005])
def test_an_interval_that_is_out_of_bounds_is_not_called_a_fraction_too(interval: float) -> None:
    assert len(errors(at("keepalived/advert_interval", interval))) == 1


@pytest.mark.parametrize(
    ("network", "can_be"), [("127.8.0.0/30", True), ("127.8.0.0/31", False), ("127.0.0.0/8", True)]
)
def test_how_large_a_network_can_be(network: str, can_be: bool) -> None:
    # Another mistake is there in any case.
    said = errors(at("network", network), at("release", "woody"))
    assert any("it must be an IPv4 network" in one for one in said) is not can_be, said


def test_of_several_names_that_are_near_the_nearest_is_meant() -> None:
    reader = Reader()
    reader.known("haproxy", ["queue_prt"], ["queue_port", "queue_ports", "stats_port"])
    (said,) = map(str, reader.errors)
    assert said == "haproxy.queue_prt is no key that hatui knows: did you mean queue_port?"


def test_all_at_once() -> None:
    said = errors(
        at("keepalived/virtual_router_id", 300),
        at("keepalived/vip", "127.8.0.11"),
        at("hosts/galera/db3", ABSENT),
        at("haproxy/database_algorithm", "uri"),
        at("galera/settings/datadir", "/x"),
        at("rabbitmq/queue_typ", "quorum"),
        at("release", 13),
    )
    assert len(said) == 7
    for key in ("keepalived.virtual_router_id", "keepalived.vip", "hosts.galera", "haproxy.database_algorithm"):
        assert sum(one.startswith(f"{key} ") for one in said) == 1
    assert str(SpecError(said)) == "\n".join(said)


def test_mirrored_queues_only_where_rabbitmq_has_them() -> None:
    mirrored = at("rabbitmq/queue_type", "mirrored")
    assert cluster_spec(inventory(mirrored)).rabbitmq.queue_type == "mirrored"
    (said,) = errors(mirrored, at("release", "trixie"))
    assert said.startswith("rabbitmq.queue_type is 'mirrored': Debian 13 has RabbitMQ 4")


def test_two_database_nodes_with_an_arbitrator() -> None:
    changes = at("hosts/galera/db3", ABSENT), at("galera/arbitrator", "net1")
    assert cluster_spec(inventory(*changes)).galera == Galera(arbitrator="net1")


def test_an_arbitrator_on_a_balancer_has_its_port() -> None:
    changes = at("hosts/galera/db3", ABSENT), at("galera/arbitrator", "lb1"), at("haproxy/stats_port", 4567)
    (said,) = errors(*changes)
    assert said.startswith("haproxy.stats_port is 4567, which the Galera arbitrator on the same host has")


def test_without_fencing_is_no_error() -> None:
    assert cluster_spec(inventory(at("pacemaker/fencing", ABSENT))).pacemaker.fencing == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("keepalived/advert_interval", 0.29),
        ("keepalived/advert_interval", 1),
        ("galera/settings/max-connections", 500),
        ("galera/settings/gcache.size", "4G"),
        ("galera/settings/sql_mode", ""),
        ("galera/settings/socket.ssl_cipher", "AES128-SHA256"),
        ("galera/settings/wsrep_slave_threads", 8),
        ("secrets/bmc", "command:pass show cloud/bmc"),
        ("secrets/bmc", "file:/run/keys/bmc"),
        ("ssh/key", "~/.ssh/id_ed25519"),
        ("pacemaker/fencing/ctl1/port", 6230),
        ("release", "trixie"),
    ],
)
def test_good_values_are_left_alone(path: str, value: object) -> None:
    cluster_spec(inventory(at(path, value)))


def test_a_name_that_another_sentence_lists_is_quoted_too() -> None:
    said = errors(at("hosts/haproxy", {"a\nb": "127.8.0.11", "\u202ec": "127.8.0.12"}))
    assert any(one.endswith("is no balancer: there are 'a\\nb', '\\u202ec'.") for one in said)
    assert all(one.isprintable() for one in said)


def test_a_number_too_long_to_be_written() -> None:
    (said,) = errors(at("haproxy/queue_port", 10**5000))
    assert said == "haproxy.queue_port is a value of type int: it must be a whole number."


def test_one_setting_in_two_spellings() -> None:
    (said,) = errors(at("galera/settings/max_connections", 1), at("galera/settings/max-connections", 2))
    assert said == "galera.settings.max-connections is the same setting as max_connections: leave one of them out."


@pytest.mark.parametrize(
    "change",
    [
        at("secrets/bmc", "hunter2"),
        at("secrets/bmc", "hunter2:hunter2"),
        at("secrets/bmc", "file:hunter2\n"),
        at("secrets", "hunter2"),
        at("secrets", ["hunter2"]),
        at("secrets/bmc", ["hunter2"]),
        at("pacemaker/fencing/ctl1/password", "hunter2"),
    ],
)
def test_a_secret_in_the_wrong_place_is_not_shown(change: Change) -> None:
    assert not any("hunter2" in one for one in errors(change))


def test_the_secrets_that_an_inventory_may_name() -> None:
    assert set(SECRETS) == {*secrets.MADE, "bmc"}


def test_the_cluster_holds_what_was_given() -> None:
    cluster = cluster_spec(inventory())
    assert cluster.names(Role.GALERA) == ("db1", "db2", "db3")
    assert cluster.address("lb2") == "127.8.0.12"
    assert cluster.hosts["ctl1"].role is Role.CONTROLLER
    assert cluster.pacemaker.fencing["ctl2"].port == 623
    assert cluster.keepalived.priorities == {"lb1": 111, "lb2": 110}
    assert cluster.secrets == {"bmc": "env:BMC_PASSWORD"}


@pytest.mark.parametrize("data", [None, [], "x", {}, {1: 2}, {field.name: None for field in fields(Cluster)}])
def test_whatever_is_given_the_answer_is_sentences(data: Any) -> None:
    with pytest.raises(SpecError) as caught:
        cluster_spec(data)
    assert caught.value.errors


def said(*changes: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        cluster_spec(inventory(*changes))
    return list(caught.value.errors)


def test_a_host_under_three_roles_is_one_mistake() -> None:
    """It was followed by three lines about fencing, which was as it should be."""
    found = said((("hosts", "haproxy", "ctl1"), "127.8.0.31"), (("hosts", "galera", "ctl1"), "127.8.0.31"))
    assert found == [
        "hosts.controller names 'ctl1', which hosts.haproxy and hosts.galera have too: a host has one role."
    ]


@pytest.mark.parametrize(
    "where",
    [
        ("hosts", "galera"), ("hosts", "controller"), ("hosts",), (), ("keepalived", "priorities"), ("pacemaker",),
        ("pacemaker", "fencing"), ("galera", "settings"), ("secrets",), ("haproxy",),
    ],
)  # fmt: skip
def test_no_name_of_64_kib_is_echoed_whole(where: tuple[str, ...]) -> None:
    found = said(((*where, "a" * 65536), "127.8.0.99"))
    assert found and all(len(sentence) < 500 for sentence in found)


@pytest.mark.parametrize("port", [1, 65535])
def test_a_port_may_be_any_that_there_is(port: int) -> None:
    assert cluster_spec(inventory((("ssh", "port"), port))).ssh.port == port


@pytest.mark.parametrize("place", ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "80th"])
def test_the_place_of_a_foreign_letter_is_told_as_people_say_it(place: str) -> None:
    before = "a" * (int(place[:-2]) - 1)
    assert f"(its {place} letter is CYRILLIC SMALL LETTER A)" in shown(f"{before}\u0430")


def test_a_key_that_is_no_text_is_told_once_and_left_out() -> None:
    reader = Reader()
    assert reader.table("ssh", {1: "a", "user": "root"}) == {"user": "root"}
    assert [str(mistake) for mistake in reader.errors] == ["ssh has the key 1: it must be a text."]


def test_what_may_be_left_out_may_be_none() -> None:
    assert cluster_spec(inventory((("ssh", "key"), None))).ssh.key is None


@pytest.mark.parametrize("number", [1, 255])
def test_a_router_s_number_may_be_any_of_a_byte(number: int) -> None:
    assert cluster_spec(inventory((("keepalived", "virtual_router_id"), number))).keepalived.virtual_router_id == number


def test_a_number_that_no_program_could_read_is_no_number() -> None:
    assert said((("ssh", "port"), 2**63 - 1)) == ["ssh.port is 9223372036854775807: it must be from 1 to 65535."]
    assert said((("ssh", "port"), 2**63)) == ["ssh.port is 9223372036854775808: it must be a whole number."]
    assert said((("ssh", "port"), -(2**63))) == ["ssh.port is -9223372036854775808: it must be a whole number."]


def test_a_setting_s_value_has_at_most_256_characters() -> None:
    cluster_spec(inventory((("galera", "settings", "init_connect"), "a" * 256)))
    (reason,) = said((("galera", "settings", "init_connect"), "a" * 257))
    assert reason.endswith("at most 256 signs.")


def test_a_value_is_shown_whole_up_to_80_characters_and_only_foreign_letters_are_pointed_at() -> None:
    assert shown("a" * 78) == f"'{'a' * 78}'" and shown("a" * 79) == f"'{'a' * 79}…"
    assert shown("a\x7f") == "'a\\x7f'" and shown("a\x80") == "'a\\x80' (its 2nd letter is U+0080)"


@pytest.mark.parametrize("key", ["name", "release", "network"])
def test_no_value_of_64_kib_is_echoed_whole(key: str) -> None:
    assert all(len(sentence) < 500 for sentence in said(((key,), "a" * 65536)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            (("name",), "pr\u043ed"),
            "name is 'pr\u043ed' (its 3rd letter is CYRILLIC SMALL LETTER O): it must be 1 to 32",
        ),
        (
            (("hosts", "galera", "d\u042c4"), "127.8.0.24"),
            "hosts.galera.'d\u042c4' (its 2nd letter is CYRILLIC CAPITAL",
        ),
        (
            (("keepalived", "v\u0456\u0440"), "127.8.0.1"),
            "keepalived.'v\u0456\u0440' (its 2nd letter is CYRILLIC SMALL LETTER B",
        ),
        (
            (("keepalived", "vip"), "127.8.0.1\uff10"),
            "keepalived.vip is '127.8.0.1\uff10' (its 10th letter is FULLWIDTH",
        ),
        (
            (("galera", "settings"), {"max_\u0441\u043ennections": 1}),
            "galera.settings.'max_\u0441\u043ennections' (its 5th letter is CYRI",
        ),
        ((("secrets", "bm\u0441"), "env:X"), "secrets.'bm\u0441' (its 3rd letter is CYRILLIC SMALL LETTER ES) is no s"),
        (
            (("pacemaker", "fencing", "\u0441tl1"), {"address": "127.9.0.9", "user": "x"}),
            "pacemaker.fencing.'\u0441tl1' (its 1st",
        ),
    ],
)
def test_a_letter_that_only_looks_like_one_of_ours_is_pointed_at(change: Any, says: str) -> None:
    assert any(sentence.startswith(says) for sentence in said(change)), said(change)


def test_a_value_of_the_wrong_type_is_one_mistake_also_where_it_might_be_left_out() -> None:
    """What it would be if it were left out is taken for it: nothing is said of a number that nobody gave."""
    assert said(at("keepalived/advert_interval", "x")) == ["keepalived.advert_interval is 'x': it must be a number."]


def test_a_layer_that_describes_its_own_settings_has_its_section() -> None:
    cluster = cluster_spec(inventory(at("ports/also", "192.0.2.7"), at("keystone", {})))
    assert cluster.others["ports"] == {"filter": True, "also": "192.0.2.7"}
    assert cluster.others["keystone"]["port"] == cluster.services["keystone"].port == 5000
    # One without a section has its defaults, and of some that it is not there at all.
    assert cluster_spec(inventory()).others == {} and not cluster_spec(inventory()).services


def test_a_service_may_not_have_the_name_of_a_layers() -> None:
    found = said(at("keystone", {}), at("services", {"keystone": {"port": 80, "role": "network"}}))
    assert "services.keystone is a name that the layer keystone has for what it offers: choose another." in found


def test_a_controller_alone_has_no_majority_to_lose() -> None:
    found = said(at("hosts/controller", {"ctl1": "127.8.0.31"}))
    assert "hosts.controller has 1: it must be 3, 5 or another odd number, so that a majority is left." in found


def test_a_fencing_device_for_no_controller_is_told_with_those_that_there_are() -> None:
    (found,) = said(at("pacemaker/fencing/db1", {"address": "127.9.0.21", "user": "fence"}))
    assert found == (
        "pacemaker.fencing.db1 is for no controller and no network node: there are ctl1, ctl2, ctl3, net1."
    )


def test_what_is_no_layer_has_no_home_in_another_package() -> None:
    assert modules_of("tui.console.depth", "hosts") == ("tui.console.depth.hosts",)


def test_where_there_is_no_balancer_at_all_none_is_looked_for() -> None:
    found = said(at("hosts/haproxy", {}))
    assert not [sentence for sentence in found if "keepalived.priorities" in sentence], found
