"""The packet filter on real hosts: who has no business there is refused, and a rule too many takes itself back."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.layers.ports import PORTS
from cluster.ports.names import CONFIG, TABLE, UNIT, UNIT_FILE
from inventory import CLUSTER
from lab import ready
from tests.e2e import lab
from tests.e2e.test_rollout import INVENTORY
from tests.pace import stretched, wait_until

pytestmark = pytest.mark.lab

OUTSIDER = "net01"
# What an outsider could do there: join and be sent all data, say who the writer is, run anything in a broker.
TRIED = {"mysql1": (4567, 9200), "haproxy1": (10000,), "cc01": (25672, 4369)}
MEMBERS = {"mysql1": ("mysql2", 4567), "haproxy1": ("haproxy2", 10000), "cc01": ("cc02", 25672)}


def connects(origin: str, target: str, port: int) -> bool:
    """Whether a connection from one host to a port of another comes about."""
    asked = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{lab.address(target)}/{port}' 2>/dev/null && echo yes; true"
    return lab.ssh(origin, asked).strip() == "yes"


# An advert of VRRP 3 with the highest priority (RFC 5798, 5.2), from the outsider's own address.
FORGED = """use Socket; socket(my $s, PF_INET, SOCK_RAW, 112) or die;
send($s, pack("C4nnN", 0x31, 51, 255, 1, 10, 0, 0), 0, pack_sockaddr_in(0, inet_aton("%s"))) or die for 1 .. 5"""
HEARD = """use Socket; socket(my $s, PF_INET, SOCK_RAW, 112) or die; $SIG{ALRM} = sub { exit }; alarm 4;
while (my $from = recv($s, my $told, 999, 0)) {
    if (inet_ntoa((unpack_sockaddr_in($from))[1]) eq "%s") { print "heard"; exit }
}"""


def hears_a_forged_advert(balancer: str) -> bool:
    """Whether what the outsider says by VRRP reaches a program on the balancer."""
    listener = shlex.quote(HEARD % lab.address(OUTSIDER))
    listens = f"systemd-run --quiet --unit=test-heard -p StandardOutput=truncate:/run/heard perl -e {listener}"
    lab.ssh(balancer, f"{listens}; sleep 1")
    lab.ssh(OUTSIDER, f"perl -e {shlex.quote(FORGED % lab.address(balancer))}")
    wait_until(lambda: lab.ssh(balancer, "systemctl is-active test-heard; true").strip() != "active", 10)
    return lab.ssh(balancer, "cat /run/heard") == "heard"


@pytest.fixture
def without_filter(healthy: None) -> Iterator[None]:
    """As it was before there was one."""
    for name in TRIED:
        lab.ssh(name, f"systemctl stop {UNIT}")
    yield
    for name in TRIED:
        lab.ssh(name, f"systemctl start {UNIT}")


def test_before_there_is_a_filter_an_outsider_gets_in(without_filter: None) -> None:
    assert all(connects(OUTSIDER, target, port) for target, ports in TRIED.items() for port in ports)
    assert hears_a_forged_advert("haproxy1")
    found = next(layer for layer in lab.status()["layers"] if layer["layer"] == PORTS.name)
    assert found["verdict"] == "WARN" and "nothing of hatui's guards its" in found["reason"]


def test_an_outsider_is_refused_and_the_cluster_is_not(healthy: None) -> None:
    assert not [(target, port) for target, ports in TRIED.items() for port in ports if connects(OUTSIDER, target, port)]
    assert not hears_a_forged_advert("haproxy1")
    assert all(connects(member, target, port) for target, (member, port) in MEMBERS.items())
    # What clients and operators use is open.
    assert connects(OUTSIDER, "mysql1", 3306) and connects(OUTSIDER, "cc01", 5672)


def test_the_tables_of_others_are_not_touched(healthy: None) -> None:
    lab.ssh("mysql3", "nft add table inet others; nft add chain inet others mine")
    try:
        lab.ssh("mysql3", f"systemctl stop {UNIT}")
        lab.deploy(PORTS.name, "--limit", "mysql3")
        assert lab.ssh("mysql3", "nft list tables").split("\n").count("table inet others") == 1
        assert f"table inet {TABLE}" in lab.ssh("mysql3", "nft list tables")
    finally:
        lab.ssh("mysql3", "nft delete table inet others")


DEPLOY = """
from pyinfra import host
from cluster.ports.names import CONFIG
from operations.files import ManagedFile, managed
from operations.ports import tried

managed(name="the rules", files=[ManagedFile(CONFIG, {rules!r}.encode(), mode="0644")])
tried(name="in force", address=host.data.cluster.address(host.name), port=22)
"""
NOBODY = f"""table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
    chain input {{
        type filter hook input priority -10; policy accept;
        tcp dport 22 tcp flags & (fin | syn | rst | ack) == syn counter drop
    }}
}}
"""


def reached(host: str) -> bool:
    return ready.answers_ssh(lab.LAB, host)


@pytest.mark.parametrize("booted", [False, True])
def test_a_rule_that_keeps_the_operator_out_takes_itself_back(healthy: None, tmp_path: Path, booted: bool) -> None:
    rules = f"nft -s list table inet {TABLE}"
    before = lab.ssh("mysql3", rules)
    deploy = tmp_path / "nobody.py"
    deploy.write_text(DEPLOY.format(rules=NOBODY))
    begun = time.monotonic()
    done = lab.pyinfra("-y", "--limit", "mysql3", "inventory.py", str(deploy), check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0 and "is not reached since its packet filter has new rules" in said, said
    if booted:
        lab.halab("power", "cycle", "mysql3")
    wait_until(lambda: reached("mysql3"), 40, "the operator is let in again")
    took = time.monotonic() - begun
    print(f"the former rules were back {took:.0f} s after the deploy began")
    assert took < stretched(60)
    assert lab.ssh("mysql3", rules) == before
    # And so it is after the next boot.
    assert "dport 22 " not in lab.ssh("mysql3", f"cat {CONFIG}")
    lab.deploy(PORTS.name)
    lab.all_ok(within=30)


def test_no_filter_is_kept_where_the_inventory_says_so(healthy: None, tmp_path: Path) -> None:
    changed = tmp_path / "none.py"
    changed.write_text(INVENTORY.format(changes={"ports": {"filter": False}}))
    lab.pyinfra("-y", str(changed), f"deploy/{PORTS.name}.py")
    try:
        looked_for = f"nft list tables 2>/dev/null | grep {TABLE}; ls {CONFIG} {UNIT_FILE} 2>/dev/null; true"
        left = lab.on_all(looked_for)
        assert set(left.values()) == {""}, left
    finally:
        lab.deploy(PORTS.name)
    assert PORTS.hosts(CLUSTER) == tuple(name for name in lab.HOSTS if not name.startswith("net"))
