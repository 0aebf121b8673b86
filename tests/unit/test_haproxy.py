"""HAProxy: the record from real answers, the gates, the settings, and the commands that drain."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api.exceptions import PyinfraError

from cluster.haproxy.gates import may_reload_haproxy, next_server, not_taken_over, why_not_serving, writers_of
from cluster.haproxy.record import ProxyNode
from cluster.haproxy.servers import takes_none
from cluster.spec import Cluster, Haproxy, Host, Keepalived, Pacemaker, Role, Ssh
from cluster.state import Unknown
from deploy.balancer_files import haproxy_files
from facts.haproxy import parse_haproxy_stat
from operations import servers as operations
from operations.steps import Refused

FIXTURES = Path(__file__).parent / "fixtures" / "haproxy"

CLUSTER = Cluster(
    name="test",
    network="192.0.2.0/24",
    release="bookworm",
    hosts={
        "haproxy1": Host("haproxy1", "192.0.2.120", Role.HAPROXY),
        "haproxy2": Host("haproxy2", "192.0.2.121", Role.HAPROXY),
        "mysql1": Host("mysql1", "192.0.2.125", Role.GALERA),
        "mysql2": Host("mysql2", "192.0.2.126", Role.GALERA),
        "cc01": Host("cc01", "192.0.2.100", Role.CONTROLLER),
    },
    ssh=Ssh(),
    keepalived=Keepalived(vip="192.0.2.47", priorities={"haproxy1": 111, "haproxy2": 110}),
    pacemaker=Pacemaker(vip="192.0.2.48"),
)


def text(fixture: str) -> str:
    return (FIXTURES / f"{fixture}.txt").read_text()


def seen(fixture: str) -> ProxyNode:
    node = parse_haproxy_stat(text(fixture))
    assert isinstance(node, ProxyNode), node
    return node


def statuses(node: ProxyNode) -> dict[str, str]:
    return {server.name: server.status for server in node.servers}


def test_a_healthy_balancer() -> None:
    node = seen("healthy")
    assert node.version.startswith("2.6.") and node.pid > 1 and node.uptime >= 0
    assert statuses(node) == dict.fromkeys(("mysql1", "mysql2", "mysql3", "cc01", "cc02", "cc03"), "UP")
    first = node.servers[0]
    assert (first.backend, first.check, first.backup) == ("galera", "L7OK/200", True)
    assert first.address.endswith(":3306")
    assert node.servers[-1].backup is False
    assert node.stuck["galera"] in ("mysql1", "mysql2")
    assert node.service.active == "active" and node.service.restart_due is False


def test_what_each_server_has_to_do() -> None:
    servers = {server.name: server for server in seen("busy").servers}
    assert {name: (server.sessions, server.rate) for name, server in servers.items()} == {
        "mysql1": (0, 0), "mysql2": (0, 0), "mysql3": (0, 17), "cc01": (0, 5), "cc02": (0, 5), "cc03": (0, 4),
    }  # fmt: skip
    waits = parse_haproxy_stat(text("busy").replace("galera,mysql3,0,", "galera,mysql3,8,"))
    assert isinstance(waits, ProxyNode)
    assert {server.name: server.queue for server in waits.servers if server.queue} == {"mysql3": 8}


def test_servers_that_are_down() -> None:
    node = seen("degraded")
    down = {name: status for name, status in statuses(node).items() if not status.startswith("UP")}
    assert set(down) == {"mysql3", "cc02"} and set(down.values()) == {"DOWN"}


def test_a_balancer_that_does_not_run_and_one_that_hangs_have_no_servers() -> None:
    for fixture, active in (("down", "inactive"), ("hung", "active")):
        node = seen(fixture)
        assert (node.servers, node.stuck, node.service.active) == ((), {}, active), fixture


def test_a_table_that_knows_the_writer_by_its_number_alone() -> None:
    told = text("healthy")
    name = seen("healthy").stuck["galera"]
    by_number = told.replace(f"server_key={name}", "server_key=-")
    assert by_number != told
    node = parse_haproxy_stat(by_number)
    assert isinstance(node, ProxyNode) and node.stuck == {"galera": name}


def test_a_table_without_an_entry_names_no_writer() -> None:
    lines = [line for line in text("healthy").splitlines() if " server_key=" not in line]
    node = parse_haproxy_stat("\n".join(lines))
    assert isinstance(node, ProxyNode) and node.stuck == {}


def test_a_balancer_that_has_not_chosen_or_can_not_be_asked_names_no_writer() -> None:
    node = seen("healthy")
    none = replace(node, stuck={})
    assert writers_of({"a": node, "b": none, "c": Unknown("is away")}) == {"a": node.stuck["galera"]}


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "\nServices=\n",
        "bash: \x1b[31mno\x1b[0m\n\nServices=\nId=haproxy.service\nActiveState=active\n",
        text("healthy")[:1500],
        text("healthy").replace("pxname,svname", "svname"),
        text("healthy").replace("svname", "other"),
        text("healthy").replace(",status,", ",other,"),
    ],
)
def test_garbage_is_unknown(garbage: str) -> None:
    node = parse_haproxy_stat(garbage)
    assert isinstance(node, Unknown)
    assert node.reason.isprintable() and len(node.reason) < 400


def test_what_comes_from_the_host_is_harmless() -> None:
    node = parse_haproxy_stat(text("healthy").replace(",mysql1,", ",my\x1b[2Jsql\u202e1" + "x" * 500 + ","))
    assert isinstance(node, ProxyNode)
    assert all(server.name.isprintable() and len(server.name) <= 60 for server in node.servers)


def test_missing_socat_is_said() -> None:
    node = parse_haproxy_stat(
        "timeout: failed to run command 'socat': No such file or directory\n\nServices=\n"
        "Id=haproxy.service\nActiveState=active\nSubState=running\nUnitFileState=enabled\n"
    )
    assert isinstance(node, Unknown) and "socat is missing" in node.reason


def test_reloads_wait_for_a_balancer_that_does_not_answer() -> None:
    healthy = seen("healthy")
    assert may_reload_haproxy({"haproxy1": healthy, "haproxy2": healthy}, "haproxy1") is None
    # No server is UP on a fresh cluster, and that is no reason.
    assert may_reload_haproxy({"haproxy1": healthy, "haproxy2": seen("degraded")}, "haproxy1") is None
    for other, said in (
        (seen("hung"), "haproxy2's HAProxy runs and does not answer"),
        (seen("down"), "haproxy2's HAProxy does not run (inactive, dead)"),
        (Unknown("did not answer within 5 s"), "haproxy2 can't be asked: did not answer within 5 s"),
    ):
        reason = may_reload_haproxy({"haproxy1": healthy, "haproxy2": other}, "haproxy1")
        assert reason is not None and said in reason
    assert why_not_serving("haproxy1", healthy) is None


def test_a_reload_is_complete_when_a_new_worker_finds_the_same_servers() -> None:
    before = seen("healthy")
    after = replace(before, pid=before.pid + 1)
    assert not_taken_over(before, "haproxy1", after) is None
    assert "former worker" in str(not_taken_over(before, "haproxy1", before))
    unchecked = replace(after, servers=(replace(after.servers[0], check="INI"), *after.servers[1:]))
    assert "has not checked galera/mysql1 yet" in str(not_taken_over(before, "haproxy1", unchecked))
    lost = replace(seen("degraded"), pid=after.pid)
    assert "galera/mysql3 is DOWN" in str(not_taken_over(before, "haproxy1", lost))
    # What was down before the reload may be down after it.
    assert not_taken_over(seen("degraded"), "haproxy1", replace(lost, pid=1)) is None
    assert "does not answer" in str(not_taken_over(before, "haproxy1", seen("hung")))


def test_why_a_balancer_sends_nothing_to_a_server() -> None:
    healthy = seen("healthy")
    first = next(one for one in healthy.servers if (one.backend, one.name) == ("galera", "mysql1"))
    assert takes_none("haproxy1", healthy, "galera", "mysql1") is None
    assert takes_none("haproxy1", healthy, "galera", "mysql9") == "mysql9 is absent on haproxy1, not UP"
    for change, words in (
        ({"status": "DOWN"}, "mysql1 is DOWN on haproxy1, not UP"),
        ({"weight": 0}, "mysql1 is UP with weight 0 on haproxy1"),
    ):
        node = replace(healthy, servers=(replace(first, **change),))
        assert takes_none("haproxy1", node, "galera", "mysql1") == words


def test_the_heir_is_up_on_every_balancer() -> None:
    healthy, degraded = seen("healthy"), seen("degraded")
    both = {"haproxy1": healthy, "haproxy2": degraded}
    assert next_server(both, "galera", "mysql1") == "mysql2"
    assert next_server(both, "galera", "mysql2") == "mysql1"
    assert next_server({"haproxy1": seen("hung"), "haproxy2": healthy}, "galera", "mysql1") is None
    assert next_server({}, "galera", "mysql1") is None
    # In the order of the first balancer.
    turned = replace(healthy, servers=healthy.servers[::-1])
    assert next_server({"haproxy1": healthy, "haproxy2": turned}, "galera", "mysql1") == "mysql2"
    assert next_server({"haproxy1": turned, "haproxy2": healthy}, "galera", "mysql1") == "mysql3"


def settings(spec: Haproxy | None = None, password: str = "a-password") -> str:
    cluster = replace(CLUSTER, haproxy=spec or Haproxy())
    file = haproxy_files(cluster, "haproxy2", password)[0]
    assert (file.mode, file.group) == ("0640", "haproxy") and password in file.secrets
    return file.content.decode()


def backend(content: str, name: str) -> str:
    return content.split(f"\nbackend {name}\n", 1)[1].split("\n\n", 1)[0]


def test_one_writer() -> None:
    galera = backend(settings(), "galera")
    for line in ("default-server backup", "stick on dst", "source 192.0.2.121", "on-marked-down shutdown-sessions"):
        assert line in galera
    ids = [line.rsplit(" id ", 1)[1] for line in galera.splitlines() if " id " in line]
    assert len(set(ids)) == 2


def test_several_writers() -> None:
    galera = backend(settings(Haproxy(single_writer=False, database_algorithm="leastconn")), "galera")
    assert "balance leastconn" in galera
    assert "backup" not in galera and "stick" not in galera


def test_the_id_of_a_server_does_not_depend_on_the_others() -> None:
    hosts = {name: host for name, host in CLUSTER.hosts.items() if name != "mysql1"}
    fewer = haproxy_files(replace(CLUSTER, hosts=hosts), "haproxy2", "p")[0].content.decode()
    (line,) = [line for line in fewer.splitlines() if line.startswith("    server mysql2")]
    assert line in settings()


@pytest.mark.parametrize("password", ["a'b", 'a"b', "a\\b", "a#b c", "a:b$HOME"])
def test_a_password_of_any_characters_is_one_word(password: str) -> None:
    (line,) = [line for line in settings(password=password).splitlines() if "stats auth" in line]
    # HAProxy's strong quotes are the shell's.
    assert shlex.split(line) == ["stats", "auth", f"admin:{password}"]


def test_a_password_can_not_end_its_line() -> None:
    with pytest.raises(PyinfraError, match="haproxy_stats"):
        settings(password="a\n    stats admin if TRUE")


def test_sockets_and_addresses() -> None:
    content = settings()
    assert "watch.sock user haproxy group haproxy mode 600 level operator" in content
    assert "admin.sock user root group root mode 600 level admin expose-fd listeners" in content
    assert "bind 192.0.2.47:3306" in content and "bind 192.0.2.47:5670" in content and "bind 192.0.2.121:80" in content
    assert "bind *" not in content and "bind :" not in content


class Balancers:
    """Both balancers' admin sockets and facts, with scripted answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stuck: str = "mysql1") -> None:
        self.states: dict[tuple[str, str], str] = {}
        self.commands: list[tuple[str, str]] = []
        self.stuck = {"haproxy1": stuck, "haproxy2": stuck}
        self.broken: str | None = None
        monkeypatch.setattr(operations, "shell", self.shell)
        monkeypatch.setattr(operations, "look_all", self.look_all)

    def shell(self, name: str, command: str, **_: Any) -> str:
        self.commands.append((name, command))
        if self.broken and f"{name} {command}".startswith(self.broken):
            raise Refused(f"{name} can't be reached.")
        for state in ("drain", "maint", "ready"):
            if f"mysql1 state {state}" in command:
                self.states[name, "mysql1"] = state
        if "show table" in command:
            servers = "3 galera 1 mysql1 192.0.2.125\n3 galera 2 mysql2 192.0.2.126\n"
            return f"0x1: key=192.0.2.47 use=0 exp=0 server_id=1\n{servers}"
        if "clear table" in command:
            assert "set table galera key 192.0.2.47 data.server_id 2" in command
            self.stuck[name] = "mysql2"
        return "\n"

    def look_all(self, names: Sequence[str], *_: Any) -> dict[str, ProxyNode]:
        node = seen("healthy")
        return {name: replace(node, stuck={"galera": self.stuck[name]}) for name in names}


def test_a_server_is_kept_away_and_emptied_on_all_balancers_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Balancers(monkeypatch)
    operations.keep_away(["haproxy1", "haproxy2"], "galera", "mysql1")
    assert lab.states == {("haproxy1", "mysql1"): "drain", ("haproxy2", "mysql1"): "drain"}
    assert lab.stuck == {"haproxy1": "mysql2", "haproxy2": "mysql2"}
    operations.end_sessions(["haproxy1", "haproxy2"], "galera", "mysql1", within=0)
    assert lab.states == {("haproxy1", "mysql1"): "maint", ("haproxy2", "mysql1"): "maint"}
    operations.undrain(["haproxy1", "haproxy2"], "galera", "mysql1")
    assert set(lab.states.values()) == {"ready"}


def test_who_does_not_take_a_server_back_is_named_and_the_others_do(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Balancers(monkeypatch)
    lab.broken = "haproxy1"
    with pytest.raises(Refused, match="haproxy1 can't be reached"):
        operations.undrain(["haproxy1", "haproxy2"], "galera", "mysql1")
    assert lab.states == {("haproxy2", "mysql1"): "ready"}


def test_a_name_can_not_bring_a_second_command(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Balancers(monkeypatch)
    with pytest.raises(Refused, match="can't be the name"):
        operations.undrain(["haproxy1"], "galera", "mysql1 state maint;shutdown sessions server galera/mysql2")
    assert lab.commands == []
