"""Who alone may speak to the cluster's own ports: the rules of each host, their trial, and what is said of them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from cluster.health.verdict import Verdict
from cluster.layers.ports import PORTS
from cluster.ports import checks
from cluster.ports.names import CONFIG, TABLE
from cluster.ports.record import FilterNode
from cluster.ports.rules import counts, guarded
from cluster.ports.verdict import ports_health
from cluster.spec import Role
from cluster.state import ClusterState, Unknown
from deploy.rendering import render
from facts.ports import PortFilter
from operations import ports
from operations.steps import Refused
from tests.unit.test_health import SPEC, unit

FILTER = unit("hatui-ports.service")


def sources(host: str, number: str, protocol: str = "tcp") -> set[str]:
    (found,) = [one for one in guarded(SPEC, host) if (one.numbers, one.protocol) == (number, protocol)]
    # One of the network hosts has the address of a balancer in these tests.
    hosts = [name for name in SPEC.hosts if SPEC.hosts[name].role is not Role.NETWORK]
    return {name for name in hosts if SPEC.address(name) in found.sources}


def test_each_port_is_open_to_whom_it_is_for_and_to_nobody_else() -> None:
    assert sources("mysql1", "4567") == sources("mysql1", "4567", "udp") == {"mysql1", "mysql2", "mysql3"}
    assert sources("mysql1", "9200") == {"haproxy1", "haproxy2"}
    assert sources("haproxy1", "10000") == sources("haproxy1", "", "vrrp") == {"haproxy1", "haproxy2"}
    assert sources("cc01", "25672") == sources("cc01", "4369") == {"cc01", "cc02", "cc03"}
    assert sources("cc01", "5404-5405", "udp") == {"cc01", "cc02", "cc03"}
    # What clients and operators use stays open: the VIP's ports, the servers', the statistics page, ssh.
    guards = {one.numbers for host in SPEC.hosts for one in guarded(SPEC, host)}
    assert not {"3306", "5670", "5672", "80", "22"} & guards
    assert guarded(SPEC, "net01") == ()
    # How many that are is counted for all hosts at once.
    assert counts(SPEC) == {host: len(guarded(SPEC, host)) for host in SPEC.hosts if guarded(SPEC, host)}


def test_who_else_may_speak_to_them_and_that_nobody_is_kept_out_is_the_inventorys_choice() -> None:
    spec = replace(SPEC, others={"ports": {"also": "192.0.2.7, 198.51.100.0/24"}})
    assert all(one.sources[-2:] == ("192.0.2.7", "198.51.100.0/24") for one in guarded(spec, "mysql1"))
    assert list(checks.checks(spec)) == []
    without = replace(SPEC, others={"ports": {"filter": False}})
    assert guarded(without, "mysql1") == () and counts(without) == {}


@pytest.mark.parametrize("also", ["mysql9", "192.0.2.1/24", "2001:db8::1", "192.0.2.7; drop", "192.0.2.7 198.51.100.1"])
def test_what_is_no_address_is_named(also: str) -> None:
    (mistake,) = checks.checks(replace(SPEC, others={"ports": {"also": f"192.0.2.9, {also}"}}))
    assert str(mistake).startswith("ports.also has ") and also in str(mistake)


def test_the_rules_are_a_table_of_their_own_and_let_in_what_is_open_already() -> None:
    text = render("ports.nft.j2", table=TABLE, ports=guarded(SPEC, "mysql1")).decode()
    assert text.count("table inet hatui_ports") == 3 and "flush ruleset" not in text and "policy accept" in text
    allowed = text.index("tcp dport 4567 accept")
    refused = text.index("tcp dport 4567 tcp flags & (fin | syn | rst | ack) == syn counter reject")
    assert allowed < refused and " ct " not in text
    # IPv6 has no source that may: the refusal holds for both.
    assert "ip6" not in text and "meta nfproto" not in text


def test_what_the_kernel_has_is_counted() -> None:
    said = "Id=hatui-ports.service\nActiveState=active\nSubState=exited\n\nRules=12"
    found = PortFilter().process(said.splitlines())
    assert isinstance(found, FilterNode) and found.rules == 12 and found.service.active == "active"
    assert PortFilter().process(["Id=x"]) == Unknown("its answer could not be read: it breaks off")
    none = PortFilter().process(["", "Rules="])
    assert isinstance(none, FilterNode) and none.rules == 0 and not none.service.known


def test_a_host_that_lets_anybody_in_is_a_warning_and_one_without_ports_is_none() -> None:
    nodes = {"mysql1": FilterNode(FILTER, 6), "mysql2": FilterNode(FILTER, 0), "net01": FilterNode(FILTER, 0)}
    told = {thing.host: how for thing, how in PORTS.things(SPEC, ClusterState({"ports": nodes}))}
    assert told == {"mysql1": "in force", "mysql2": "absent"}
    found = ports_health(nodes, {"mysql1": 6, "mysql2": 6})
    assert found.verdict is Verdict.WARN and "mysql2: nothing of hatui's guards its 6 ports" in found.reason
    assert [(host.host, host.verdict) for host in found.hosts] == [("mysql1", Verdict.OK), ("mysql2", Verdict.WARN)]
    assert ports_health({"mysql1": Unknown("gone")}, {"mysql1": 6}).verdict is Verdict.UNKNOWN
    assert ports_health(nodes, {}).verdict is Verdict.OK


@pytest.fixture
def greeting() -> Iterator[int]:
    """A port on which an sshd greets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            connection.sendall(b"SSH-2.0-test\r\n")
            connection.close()

        thread = threading.Thread(target=greet)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_new_rules_stay_once_the_host_is_reached_anew(monkeypatch: pytest.MonkeyPatch, greeting: int) -> None:
    told: list[str] = []
    monkeypatch.setattr(ports, "shell", lambda _, command, **__: told.append(command))
    ports._try("mysql1", "127.0.0.1", greeting)
    tried, kept = told
    # The way back is armed before anything is changed.
    assert tried.index("--on-active=30") < tried.rindex(f"nft -f {CONFIG}") and "systemctl enable" not in tried
    # The file at the next boot is the former one too; and it can't be kept once its way back has begun.
    assert f"mv /var/lib/hatui/ports.former {CONFIG} && nft -f {CONFIG}" in tried
    assert "rm /var/lib/hatui/ports.former && systemctl daemon-reload && systemctl enable" in kept


def test_who_is_not_reached_any_more_gets_its_former_rules_back(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(ports, "shell", lambda _, command, **__: told.append(command))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Refused, match="the former ones come back by themselves within 30 s"):
        ports._try("mysql1", "127.0.0.1", port)
    # The timer is left alone.
    assert len(told) == 1
