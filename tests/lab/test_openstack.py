"""A lab for OpenStack on real hosts: what they have before a deploy, and what they share. In this order."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from tests.lab.real import RealLab

REAL = RealLab("192.168.71.0/24")
halab, on = REAL.halab, REAL.on
HOSTS = ["cc01", "cc02", "net01", "cmp01", "mysql1"]
RELEASE = os.environ.get("HALAB_RELEASE", "trixie")

# What a host runs that has the base alone; nothing else may run before a deploy.
BARE = {"dbus", "ssh", "systemd-journald", "systemd-logind", "systemd-networkd"}

pytestmark = [pytest.mark.lab, pytest.mark.openstack]


@pytest.fixture(scope="module", autouse=True)
def lab_up() -> Iterator[None]:
    halab("down")
    halab("up", *HOSTS, "--openstack", "--release", RELEASE, seconds=1000)
    yield
    halab("down")


def test_each_role_has_its_packages_and_no_host_runs_any_of_them() -> None:
    for host, program in (("cc01", "keystone-manage"), ("net01", "neutron-l3-agent"), ("cmp01", "nova-compute")):
        on(host, f"command -v {program}")
    for host in HOSTS:
        assert on(host, "systemctl is-system-running").strip() == "running"
        active = on(host, "systemctl list-units --type=service --state=running --plain --no-legend").splitlines()
        assert {line.split()[0].removesuffix(".service") for line in active} <= BARE
        # The lock that maintainer scripts had is gone: what a deploy starts has to start.
        on(host, "test ! -e /usr/sbin/policy-rc.d")


def test_a_script_of_the_former_init_starts_nothing_either() -> None:
    for host in HOSTS:
        started = on(host, "ls /run/systemd/generator.late/multi-user.target.wants 2>/dev/null; true")
        assert not started.split()


def test_hosts_of_a_role_share_no_secret() -> None:
    for path in ("/var/lib/rabbitmq/.erlang.cookie", "/etc/pacemaker/authkey", "/etc/corosync/authkey"):
        on("cc01", f"test ! -e {path}")
    ids = {on(host, "cat /etc/machine-id").strip() for host in HOSTS}
    assert len(ids) == len(HOSTS)


def test_python_is_compiled_once_and_what_comes_later_is_too() -> None:
    on("cc01", "ls /usr/lib/python3/dist-packages/keystone/__pycache__/version.*.pyc")
    on("cc01", "test ! -L /usr/bin/py3compile")


def test_controllers_share_a_folder_with_the_same_ids_and_a_snapshot_has_it() -> None:
    on("cc01", "install -d -o glance /var/lib/shared/images; echo one > /var/lib/shared/images/a")
    assert on("cc02", "stat -c %U /var/lib/shared/images; cat /var/lib/shared/images/a") == "glance\none\n"
    on("net01", "test ! -e /var/lib/shared")
    halab("snapshot", "save", "first")
    on("cc02", "echo two > /var/lib/shared/images/a; touch /var/lib/shared/images/b")
    halab("reset", "cc01")
    assert on("cc01", "cat /var/lib/shared/images/a; command -v keystone-manage") == "two\n/usr/bin/keystone-manage\n"
    halab("snapshot", "load", "first")
    assert on("cc01", "cat /var/lib/shared/images/*") == "one\n"


def test_the_host_to_compute_is_a_host_like_the_others() -> None:
    seen = {host["name"]: host for host in json.loads(halab("status", "--json"))["hosts"]}
    assert (seen["cmp01"]["address"], seen["cmp01"]["power"]) == ("192.168.71.130", "on")
    halab("fault", "cut", "cmp01", "cc01")
    assert not REAL.reaches("cmp01", "cc01")
    halab("fault", "heal")
    halab("power", "cycle", "cmp01")
    on("cmp01", "nova-compute --version")


def test_down_takes_away_what_was_shared() -> None:
    halab("down")
    assert not (REAL.lab.state / "shared").exists()
    assert "has no host 'cmp01'" in halab("power", "status", "cmp01", code=2)
