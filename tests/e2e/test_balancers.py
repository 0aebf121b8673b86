"""The balancers on real hosts: the VIP moves to who serves, and a reload or a drain costs no client a connection."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from cluster.haproxy.names import HAPROXY_WATCH_SOCKET
from engine.probes.felt import Felt
from engine.probes.prober import Prober
from engine.probes.sql import query
from tests.e2e import lab
from tests.pace import stretched, wait_until

pytestmark = pytest.mark.lab

BALANCERS = ("haproxy1", "haproxy2")


def owners() -> list[str]:
    """Who has the VIP, as the hosts' kernels say; a host without power has nothing."""
    return [name for name in BALANCERS if f" {lab.VIP}/32 " in lab.ssh(name, "ip -o -4 addr", check=False, timeout=10)]


def facts() -> dict[str, dict[str, str]]:
    """Where each balancer holds the VIP, by the fact."""
    limits = [f"--limit={name}" for name in BALANCERS]
    done = lab.pyinfra(*limits, "inventory.py", "fact", "facts.keepalived.VrrpOwner")
    said = done.stdout + done.stderr
    found = json.loads(said[said.index("{") : said.rindex("}") + 1])
    return {name: {vip: on for vip, on in node["held"].items() if vip == lab.VIP} for name, node in found.items()}


def keepalived() -> dict[str, str]:
    """The status' verdict and reason of the VIP."""
    return next(layer for layer in lab.status()["layers"] if layer["layer"] == "keepalived")


def haproxy() -> dict[str, str]:
    """The status' verdict and reason of HAProxy."""
    return next(layer for layer in lab.status()["layers"] if layer["layer"] == "haproxy")


def owned_by(name: str) -> Callable[[], bool]:
    return lambda: owners() == [name]


@contextmanager
def felt() -> Iterator[Felt]:
    """What 100 new connections a second feel while this is open."""
    with Prober(query(lab.VIP, lab.secret_of("probe"))) as prober:
        wait_until(lambda: prober.felt.probes - prober.felt.failed > 50, 5, "connections through the VIP succeed")
        yield prober.felt


def other(name: str) -> str:
    return next(balancer for balancer in BALANCERS if balancer != name)


def moved_to(name: str) -> None:
    """The VIP is on `name` alone, and what that cost is over: a client whose SYN was lost has sent it again.

    Nothing heavy is run for it: this is for while it is measured.
    """
    wait_until(owned_by(name), 10, f"{lab.VIP} is on {name} alone")
    time.sleep(1.2)


def seen_everywhere(name: str) -> None:
    """`name` holds the VIP alone: its kernel, the fact and the status say so."""
    wait_until(owned_by(name), 10, f"{lab.VIP} is on {name} alone")
    wait_until(lambda: f"owner of {lab.VIP}" in shown(name), 10, f"the status tells that {name} owns the VIP")
    assert "owners" not in keepalived()["reason"]


def shown(name: str) -> str:
    return str(next(host["shows"] for host in keepalived()["hosts"] if host["host"] == name))  # type: ignore[index]


def told_as_frozen(owner: str) -> bool:
    found = next(layer for layer in lab.status()["layers"] if layer["layer"] == "haproxy")
    return found["verdict"] == "WARN" and f"{owner}: haproxy is frozen" in found["reason"]


def test_one_owner_is_told_by_the_fact_and_the_status(healthy: None) -> None:
    (owner,) = owners()
    assert facts() == {owner: {lab.VIP: "host0"}, other(owner): {}}
    assert keepalived()["verdict"] == "OK" and owner in keepalived()["reason"]


def test_keepalived_is_stopped(healthy: None) -> None:
    (owner,) = owners()
    with ExitStack() as broken:
        with felt() as what:
            broken.enter_context(lab.fault("stop", owner, unit="keepalived"))
            moved_to(other(owner))
        # Who was on the way in came to an end before it, and nobody new was let in.
        assert what.failed == 0 and what.gap < stretched(1), what
        seen_everywhere(other(owner))
        assert lab.VIP not in facts()[owner]
        assert keepalived()["verdict"] == "WARN" and owner in keepalived()["reason"]
    # It stays where it is: moving it back is a second cut.
    wait_until(lambda: keepalived()["verdict"] == "OK", 10)
    assert owners() == [other(owner)]


def test_haproxy_is_killed_and_comes_back_by_itself(healthy: None) -> None:
    (owner,) = owners()
    with felt() as what, lab.fault("kill", owner, unit="haproxy"):
        # It is back after 0.1 s. On a busy machine keepalived may not have noticed by then: so the VIP stays.
        wait_until(lambda: lab.ssh(owner, "systemctl is-active haproxy", check=False) == "active\n", 10)
        time.sleep(1.2)
        (now,) = owners()
    assert what.gap < stretched(1), what
    seen_everywhere(now)
    wait_until(lambda: lab.status()["verdict"] == "OK", 15)


def test_haproxy_hangs(healthy: None) -> None:
    (owner,) = owners()
    with ExitStack() as broken:
        with felt() as what:
            broken.enter_context(lab.fault("freeze", owner, unit="haproxy"))
            moved_to(other(owner))
        assert what.gap < stretched(4), what
        seen_everywhere(other(owner))
        wait_until(lambda: told_as_frozen(owner), 20, "the frozen one is named")


def test_the_owner_loses_its_power(healthy: None) -> None:
    (owner,) = owners()
    with ExitStack() as broken:
        with felt() as what:
            broken.enter_context(lab.fault("power", owner))
            moved_to(other(owner))
        assert what.gap < stretched(2), what
        seen_everywhere(other(owner))
        assert owner in keepalived()["reason"]
    lab.all_ok(within=60)
    assert owners() == [other(owner)]


def test_two_owners_while_vrrp_is_cut(healthy: None) -> None:
    with lab.fault("cut", *BALANCERS):
        wait_until(lambda: owners() == list(BALANCERS), 10, "both hold the VIP")
        assert all(held == {lab.VIP: "host0"} for held in facts().values())
        found = keepalived()
        assert found["verdict"] == "FAIL" and "2 owners" in found["reason"]
        assert all(name in found["reason"] for name in BALANCERS)
        assert lab.status()["verdict"] == "FAIL"
    wait_until(lambda: len(owners()) == 1, 10, "one owner is left")
    wait_until(lambda: keepalived()["verdict"] == "OK", 10)


def test_a_frozen_keepalived_is_named_and_its_way_out_ends_the_split(healthy: None) -> None:
    (owner,) = owners()
    with lab.fault("freeze", owner, unit="keepalived"):
        wait_until(lambda: owners() == list(BALANCERS), 10, "both hold the VIP")
        found = keepalived()
        assert found["verdict"] == "FAIL" and f"keepalived on {owner} is frozen" in found["reason"]
        assert f"To end it: `systemctl restart keepalived` on {owner}" in found["reason"]
        lab.ssh(owner, "systemctl restart keepalived")
        wait_until(owned_by(other(owner)), 5, "one owner is left")


def test_a_peers_link_that_is_cut_one_way_is_told_and_closes_the_gates(healthy: None) -> None:
    with lab.fault("cut", BALANCERS[1], BALANCERS[0], one_way=True, tcp=10000):
        wait_until(lambda: "haproxy1 and haproxy2 don't share the writer's table" in haproxy()["reason"], 15)
        assert haproxy()["verdict"] == "WARN"
        (owner,) = owners()
        move = ("switchover", "vip", "--to", other(owner), "--yes")
        done = lab.run(sys.executable, "-m", "tui.main", *move, check=False)
        assert "REFUSED" in done.stdout and "don't tell each other who the writer is" in done.stdout, done.stdout
        assert owners() == [owner]
    wait_until(lambda: haproxy()["verdict"] == "OK", 15)


def test_a_file_that_was_edited_by_hand_is_told(healthy: None) -> None:
    config = "/etc/haproxy/haproxy.cfg"
    lab.ssh("haproxy2", f"cp -a {config} /root/kept; sed -i 's/queue 5s/queue 6s/' {config}; systemctl reload haproxy")
    try:
        assert f"haproxy2: {config} is not what the deploy wrote" in haproxy()["reason"]
    finally:
        lab.ssh("haproxy2", f"mv /root/kept {config}; systemctl reload haproxy")
    wait_until(lambda: haproxy()["verdict"] == "OK", 10)


def test_clients_find_the_owner_that_is_left_of_two(healthy: None) -> None:
    """Whichever of the two heard of the other first: who stays must tell whose the address is."""
    for _ in range(4):
        with lab.fault("cut", *BALANCERS):
            wait_until(lambda: owners() == list(BALANCERS), 10, "both hold the VIP")
        wait_until(lambda: len(owners()) == 1, 10, "one owner is left")
        with felt() as what:
            time.sleep(1)
        assert what.failed == 0, what


def writers() -> list[str]:
    """The entry of each balancer's table."""
    return [
        lab.ssh(
            name, f"echo 'show table galera' | socat - UNIX-CONNECT:{HAPROXY_WATCH_SOCKET} | grep -o 'server_id=[0-9]*'"
        )
        for name in BALANCERS
    ]


def test_reloads_fail_nobody_and_do_not_move_the_writer(healthy: None) -> None:
    (owner,) = owners()
    # The first server of the configuration is whom a worker would choose that knows of no writer.
    with felt() as what, lab.fault("stop", "mysql1", unit="hatui-galera-check"):
        wait_until(lambda: what.last_answer != "mysql1", 10)
    wait_until(lambda: keepalived_and_haproxy_ok(), 15)
    with felt() as what:
        for _ in range(10):
            lab.ssh(owner, "systemctl reload haproxy")
    assert what.failed == 0, what
    assert len(what.answers) == 1, what
    assert len(set(writers())) == 1


def keepalived_and_haproxy_ok() -> bool:
    return all(verdict == "OK" for layer, verdict in lab.verdicts(lab.status()).items() if layer != "hosts")


def test_a_changed_setting_is_reloaded_and_fails_nobody(healthy: None) -> None:
    (owner,) = owners()
    for name in BALANCERS:
        lab.ssh(name, "sed -i 's/^    retries 3/    retries 2/' /etc/haproxy/haproxy.cfg; systemctl reload haproxy")
    with felt() as what:
        done = lab.deploy("haproxy")
    order = [line for line in (done.stdout + done.stderr).splitlines() if ": reload HAProxy" in line]
    assert [next(name for name in BALANCERS if f"{name}: reload" in line) for line in order] == [other(owner), owner]
    assert what.failed == 0, what
    assert lab.changes(lab.deploy("haproxy")) == []


def test_settings_that_haproxy_refuses_change_nothing(healthy: None) -> None:
    (owner,) = owners()
    before = lab.ssh(owner, "sha256sum /etc/haproxy/haproxy.cfg")
    refuses = (
        "mv haproxy haproxy.kept; printf '#!/bin/sh\\necho no such keyword\\nexit 1\\n' >haproxy; chmod 755 haproxy"
    )
    lab.ssh(owner, f"cd /usr/sbin; {refuses}; echo '# changed' >>/etc/haproxy/haproxy.cfg")
    changed = lab.ssh(owner, "sha256sum /etc/haproxy/haproxy.cfg")
    assert changed != before
    try:
        done = lab.deploy("haproxy", check=False)
        assert done.returncode != 0 and "no such keyword" in done.stdout + done.stderr
        assert lab.ssh(owner, "sha256sum /etc/haproxy/haproxy.cfg") == changed
        assert owners() == [owner]
    finally:
        lab.ssh(owner, "mv -f /usr/sbin/haproxy.kept /usr/sbin/haproxy")
        lab.deploy("haproxy")


def test_who_may_ask_haproxy(cluster: object) -> None:
    for name in BALANCERS:
        assert lab.ssh(name, "stat -c '%a %U %G' /run/haproxy/admin.sock /run/haproxy/watch.sock").splitlines() == [
            "600 root root",
            "600 haproxy haproxy",
        ]
        assert lab.ssh(name, "stat -c '%a %U %G' /etc/haproxy/haproxy.cfg").strip() == "640 root haproxy"
        said = lab.ssh(
            name, f"echo 'set server galera/mysql1 state drain' | socat - UNIX-CONNECT:{HAPROXY_WATCH_SOCKET}"
        )
        assert "Permission denied" in said
