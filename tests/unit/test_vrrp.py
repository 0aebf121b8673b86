"""The balancers' VIP: the record from real answers, the gates, the settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cluster.keepalived.gates import may_reload_keepalived, not_one_owner
from cluster.keepalived.names import CONFIG
from cluster.spec import Cluster, Keepalived
from cluster.state import Unknown
from cluster.vip import VipNode, owners
from deploy.balancer_files import keepalived_files
from facts.keepalived import InterfaceOf, parse_vrrp
from tests.unit import test_haproxy as haproxy

FIXTURES = Path(__file__).parent / "fixtures" / "vrrp"


def text(fixture: str) -> str:
    return (FIXTURES / f"{fixture}.txt").read_text()


def seen(fixture: str) -> VipNode:
    node = parse_vrrp(text(fixture))
    assert isinstance(node, VipNode), node
    return node


VIP = "192.168.51.47"
OWNER, BACKUP = sorted((seen("haproxy1"), seen("haproxy2")), key=lambda node: VIP not in node.held)


def test_the_owner_and_the_backup() -> None:
    assert OWNER.held == {"192.168.51.121": "host0", VIP: "host0"} and BACKUP.held == {"192.168.51.120": "host0"}
    for node in (OWNER, BACKUP):
        assert node.keepalived is not None
        assert (node.keepalived.active, node.keepalived.enabled, node.keepalived.restart_due) == ("active", True, False)


def test_a_host_without_keepalived() -> None:
    node = seen("controller")
    # The controllers' VIP is Pacemaker's.
    assert node.keepalived is None and set(node.held.values()) == {"host0"}


def test_the_priority_is_that_of_the_settings() -> None:
    assert seen("priority").priority == 111
    assert seen("no-keepalived").priority is None
    # What a former fact's command said.
    assert seen("haproxy1").priority is None


@pytest.mark.parametrize("said", ["", "111 100", "high", "-1", "0", "256", "1\u00b2", "9" * 5000])
def test_a_priority_that_can_not_be_told_is_none(said: str) -> None:
    node = parse_vrrp(text("priority").replace("Priority=111", f"Priority={said}"))
    assert isinstance(node, VipNode) and node.priority is None and node.held


def test_addresses_of_loopback_are_not_held() -> None:
    moved = parse_vrrp(text("haproxy1").replace('"prefixlen":8', '"prefixlen":32'))
    assert isinstance(moved, VipNode) and "127.0.0.1" not in moved.held


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "\nServices=",
        "ip: command not found\n\nServices=\n",
        text("haproxy1")[:200],
        text("haproxy1").replace('"ifname"', '"name"'),
        "{}\n\nServices=\n".replace("{}", '{"a": 1}'),
        "[1]\n\nServices=\n",
        "[" * 5000 + "\n\nServices=\n",
    ],
)
def test_garbage_is_unknown(garbage: str) -> None:
    node = parse_vrrp(garbage)
    assert isinstance(node, Unknown)
    assert node.reason.isprintable() and len(node.reason) < 400


def test_the_interface_of_an_address() -> None:
    lines = text("haproxy1").partition("\nServices=")[0].splitlines()
    fact = InterfaceOf()
    fact.command("127.0.0.1")
    assert fact.process(lines) == "lo"
    fact.command("192.0.2.1")
    assert fact.process(lines) is None
    assert fact.process(["garbage"]) is None


def test_one_owner_none_and_two() -> None:
    assert owners({"haproxy1": OWNER, "haproxy2": BACKUP}, VIP) == ("haproxy1",)
    assert not_one_owner({"haproxy1": OWNER, "haproxy2": BACKUP}, VIP) is None
    assert "2 owners (haproxy1, haproxy2)" in str(not_one_owner({"haproxy1": OWNER, "haproxy2": OWNER}, VIP))
    assert "0 owners" in str(not_one_owner({"haproxy1": BACKUP, "haproxy2": BACKUP}, VIP))
    assert "haproxy2 can't be asked: gone" in str(not_one_owner({"haproxy1": OWNER, "haproxy2": Unknown("gone")}, VIP))
    assert OWNER.keepalived is not None
    stopped = replace(BACKUP, keepalived=replace(OWNER.keepalived, active="inactive"))
    assert "haproxy2's keepalived does not run" in str(not_one_owner({"haproxy1": OWNER, "haproxy2": stopped}, VIP))


def test_new_settings_wait_for_the_other_balancer() -> None:
    vips = {"haproxy1": OWNER, "haproxy2": BACKUP}
    proxies = {"haproxy1": haproxy.seen("healthy"), "haproxy2": haproxy.seen("hung")}
    assert "haproxy2's HAProxy runs and does not answer" in str(may_reload_keepalived(vips, proxies, "haproxy1", VIP))
    # The host's own HAProxy may be what is being mended.
    assert may_reload_keepalived(vips, proxies, "haproxy2", VIP) is None
    split = {"haproxy1": OWNER, "haproxy2": OWNER}
    assert "2 owners" in str(may_reload_keepalived(split, {}, "haproxy1", VIP))


def settings(cluster: Cluster) -> str:
    files = {file.path: file.content.decode() for file in keepalived_files(cluster, "haproxy2", "eth0")}
    return files[CONFIG]


def test_settings() -> None:
    content = settings(haproxy.CLUSTER)
    for line in (
        "vrrp_version 3",
        "vrrp_check_unicast_src",
        "enable_script_security",
        "state BACKUP",
        "interface eth0",
        "virtual_router_id 120",
        "priority 110",
        "advert_int 0.1",
        "    nopreempt",
        "unicast_src_ip 192.0.2.121",
        "192.0.2.47/32 dev eth0",
    ):
        assert line in content
    assert content.split("unicast_peer {")[1].split("}")[0].split() == ["192.0.2.120"]
    preempts = replace(
        haproxy.CLUSTER,
        keepalived=Keepalived(vip="192.0.2.47", priorities={"haproxy1": 111, "haproxy2": 110}, preempt=True),
    )
    assert "nopreempt" not in settings(preempts)
