"""The lab itself, on real hosts, on a subnet of its own. The tests go on from one another, in this order."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.real import RealLab
from tests.pace import wait_until

REAL = RealLab("192.168.58.0/24")
LAB = REAL.lab
halab, on, power, reaches, left_over = REAL.halab, REAL.on, REAL.power, REAL.reaches, REAL.left_over
HOSTS = ["cc01", "cc02", "mysql1"]

pytestmark = pytest.mark.lab


def ipmi(host: str, *command: str) -> str:
    argv = ["ipmitool", "-I", "lanplus", "-U", "halab", "-f", str(LAB.bmc_dir / "password")]
    argv += ["-H", str(LAB.bmc_address(host)), *command]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True).stdout


def boot_id(host: str) -> str:
    """One for each boot: the machine's own boot id is shared, so systemd's time of start it is."""
    return on(host, "systemctl show -P UserspaceTimestampMonotonic").strip()


@pytest.fixture(scope="module", autouse=True)
def lab_up() -> Iterator[None]:
    halab("down")
    halab("up", *HOSTS)
    yield
    halab("down")


def test_hosts_are_up_and_root_may_enter() -> None:
    seen = json.loads(halab("status", "--json"))
    assert seen["release"] == "trixie"
    assert {host["name"] for host in seen["hosts"] if host["power"] == "on" and host["ssh"]} == set(HOSTS)
    for host in HOSTS:
        assert on(host, "hostname").strip() == host
        assert on(host, "systemctl is-system-running").strip() == "running"


def test_ssh_hands_the_exit_code_on() -> None:
    assert on("cc01", "echo 'a  b'; exit 7", code=7) == "a  b\n"


def test_a_wrong_host_key_is_refused(tmp_path: Path) -> None:
    known = (LAB.ssh_dir / "known_hosts").read_text().splitlines()
    (tmp_path / "known").write_text(f"{LAB.address('cc01')} {known[0].split(' ', 1)[1]}\n")
    argv = ["ssh", "-F", str(LAB.ssh_dir / "config"), "-o", f"UserKnownHostsFile={tmp_path / 'known'}", "cc01", "true"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20)
    assert done.returncode == 255
    assert "verification failed" in done.stderr


def test_a_second_up_changes_nothing() -> None:
    before = (boot_id("cc01"), left_over())
    halab("up", *HOSTS)
    assert (boot_id("cc01"), left_over()) == before


def test_hosts_do_not_share_their_control_groups() -> None:
    on("cc01", "systemd-run --unit=only-here sleep 300")
    assert on("cc02", "systemctl is-active only-here; true").strip() == "inactive"
    assert on("cc02", "find /sys/fs/cgroup -name 'only-here*'") == ""


def test_packages_are_there_and_the_world_is_not() -> None:
    assert "Candidate: 1:11.8" in on("mysql1", "apt-cache policy mariadb-server")
    assert on("cc01", "ip route") == f"{LAB.subnet} dev host0 proto kernel scope link src {LAB.address('cc01')} \n"
    # One package is installed for real, by the host's own apt.
    on("cc01", "apt-get install -y -q socat >/dev/null 2>&1 && socat -V >/dev/null")


def test_power_loss_keeps_the_disk_and_the_keys() -> None:
    on("cc01", "echo kept > /root/note")
    halab("power", "off", "cc01")
    assert power("cc01") == "off"
    halab("power", "off", "cc01")
    halab("power", "on", "cc01")
    assert on("cc01", "cat /root/note").strip() == "kept"
    first = boot_id("cc01")
    halab("power", "cycle", "cc01")
    assert boot_id("cc01") != first


def test_a_cut_one_way_and_both_ways_and_through_a_power_cycle() -> None:
    halab("fault", "cut", "cc01", "cc02", "--one-way")
    (cut,) = json.loads(halab("status", "--json"))["faults"]
    assert (cut["fault"], cut["hosts"], cut["options"]["one-way"]) == ("cut", ["cc01", "cc02"], True)
    # One way is seen by packets that need no answer.
    on("cc01", "timeout 3 socat -u UDP-RECV:9 CREATE:/tmp/got >/dev/null 2>&1 </dev/null & sleep 0.2")
    on("cc02", f"echo heard > /dev/udp/{LAB.address('cc01')}/9")
    wait_until(lambda: "heard" in on("cc01", "cat /tmp/got; true"), 3, "a packet against the cut's direction arrives")
    assert not reaches("cc01", "cc02")
    assert reaches("cc01", "mysql1")
    halab("fault", "heal", "cut")
    halab("fault", "cut", "cc01", "cc02")
    halab("power", "cycle", "cc01")
    assert not reaches("cc01", "cc02")
    assert not reaches("cc02", "cc01")
    assert reaches("mysql1", "cc01")
    halab("fault", "heal", "cut")
    wait_until(lambda: reaches("cc01", "cc02"), 10, "cc01 reaches cc02 again")


def test_a_host_cut_from_all_is_alone_but_for_its_bmc() -> None:
    halab("fault", "cut", "cc01")
    assert not reaches("cc02", "cc01")
    assert "is on" in ipmi("cc01", "power", "status")
    halab("power", "cycle", "cc01")
    seen = {host["name"]: host for host in json.loads(halab("status", "--json"))["hosts"]}
    assert (seen["cc01"]["power"], seen["cc01"]["ssh"]) == ("on", False)
    halab("fault", "heal", "cut")
    wait_until(lambda: reaches("cc02", "cc01"), 10, "cc01 answers again")


def test_the_bmc_takes_and_gives_the_power_of_its_host_alone() -> None:
    for _ in range(5):
        ipmi("cc01", "power", "off")
        wait_until(lambda: "is off" in ipmi("cc01", "power", "status"), 5, "cc01 is off")
        assert power("cc01") == "off"
        assert power("cc02") == "on"
        ipmi("cc01", "power", "on")
        wait_until(lambda: "is on" in ipmi("cc01", "power", "status"), 5, "cc01 is on")
    # What knew a BMC finds it still: the bridge's MAC is its own, not one of a port that went with cc01's power.
    bridge = subprocess.run(["ip", "-n", LAB.netns, "-j", "link", "show", "br0"], capture_output=True, check=True)
    assert json.loads(bridge.stdout)[0]["address"] == "02:68:c0:a8:3a:00"
    assert "is on" in ipmi("mysql1", "power", "status")
    wait_until(lambda: reaches("cc02", "cc01"), 10, "cc01 answers")
    first = boot_id("cc01")
    ipmi("cc01", "power", "reset")
    wait_until(lambda: reaches("cc02", "cc01") and boot_id("cc01") != first, 10, "cc01 was reset")


def test_the_bmc_password_is_asked_for_and_kept() -> None:
    assert (LAB.bmc_dir / "password").stat().st_mode & 0o777 == 0o600
    argv = ["ipmitool", "-I", "lanplus", "-U", "halab", "-P", "wrong", "-N", "1", "-R", "1"]
    done = subprocess.run([*argv, "-H", str(LAB.bmc_address("cc01")), "power", "status"], capture_output=True)
    assert done.returncode != 0


def test_reset_gives_a_clean_disk_and_the_same_keys() -> None:
    on("cc02", "touch /root/dirt")
    halab("reset", "cc02")
    assert "dirt" not in on("cc02", "ls /root")


def test_a_snapshot_is_all_hosts_disks_and_is_gone_back_to() -> None:
    on("cc01", "echo one >/root/kept; rm /etc/motd; echo old >/root/changed")
    halab("power", "off", "cc02")
    halab("snapshot", "save", "first")
    assert (power("cc01"), power("cc02")) == ("on", "off")
    assert "first" in halab("snapshot", "list")
    halab("power", "on", "cc02")
    on("cc01", "rm /root/kept; echo new >/root/changed; touch /etc/motd /root/later")
    halab("snapshot", "save", "second")
    on("cc01", "echo newest >/root/changed")
    halab("fault", "cut", "cc01", "cc02")
    halab("snapshot", "load", "first")
    assert (power("cc01"), power("cc02")) == ("on", "off")
    assert on("cc01", "cat /root/kept /root/changed; ls /etc/motd /root/later 2>/dev/null; true") == "one\nold\n"
    assert halab("status").count("fault:") == 0
    halab("snapshot", "load", "second")
    assert on("cc01", "cat /root/changed; ls /etc/motd /root/later /root/kept 2>/dev/null; true") == (
        "new\n/etc/motd\n/root/later\n"
    )
    halab("snapshot", "rm", "first", code=2)
    halab("snapshot", "rm", "second", code=2)
    halab("snapshot", "load", "first")
    halab("snapshot", "rm", "second")
    halab("snapshot", "save", "first", code=2)
    halab("snapshot", "load", "third", code=2)
    halab("snapshot", "save", "../third", code=2)


def test_down_leaves_nothing_and_no_packet_leaves_the_machine() -> None:
    assert all(left_over().values()), "the looking itself must see a lab that is up"
    halab("down")
    found = left_over()
    assert not any(found[kind] for kind in found), found
    route = subprocess.run(["ip", "route", "get", str(LAB.address("cc01"))], capture_output=True, text=True)
    assert route.returncode != 0
    assert "No route to host" in route.stderr
    halab("down")
    assert not (LAB.state / "hosts").exists()
