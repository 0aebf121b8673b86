"""Each fault on real hosts: it is there, it heals by command and by itself, and nothing is left of it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from lab import cases
from lab.fault import known
from lab.inside import run_on
from tests.lab.real import RealLab
from tests.pace import wait_until

REAL = RealLab("192.168.60.0/24")
halab, on = REAL.halab, REAL.on

pytestmark = pytest.mark.lab

VICTIM = """
import errno, time
kept = open("/srv/data/kept", "a", buffering=1)
while True:
    try:
        said = "ok"
        kept.write("x" * 4096)
        kept.flush()
    except OSError as error:
        said = errno.errorcode[error.errno]
    with open("/run/victim", "w") as told:
        told.write(said)
    time.sleep(0.05)
"""
"""A service that holds a file open, writes to it, and tells how that went. Nothing restarts it."""

UNIT = "[Service]\nType=exec\nExecStart=/usr/bin/python3 /root/victim.py\n"


def state() -> str:
    return on("cc01", "systemctl is-active victim; true").strip()


def writes() -> str:
    return on("cc01", "cat /run/victim").strip()


@dataclass(frozen=True)
class Try:
    """How a fault is made, and when it is there and is not."""

    argv: str
    there: Callable[[], bool]
    healed: Callable[[], bool]


TRIES = {
    "kill": Try("cc01 --unit victim", lambda: state() == "failed", lambda: state() == "active"),
    "stop": Try("cc01 --unit victim", lambda: state() == "inactive", lambda: state() == "active"),
    "freeze": Try(
        "cc01 --unit victim",
        lambda: on("cc01", "ps -o state= -C python3").split() == ["T"],
        lambda: on("cc01", "ps -o state= -C python3").split() != ["T"],
    ),
    "power": Try("cc01", lambda: REAL.power("cc01") == "off", lambda: REAL.power("cc01") == "on"),
    "cut": Try("cc01 cc02", lambda: not REAL.reaches("cc01", "cc02"), lambda: REAL.reaches("cc01", "cc02")),
    "loss": Try("cc01 --share 20", lambda: 0.08 < lost() < 0.4, lambda: lost() < 0.02),
    "load": Try(
        "cc01 --processes 2 --share 5",
        lambda: len(on("cc01", "systemctl list-units --no-legend 'halab-load-*'").splitlines()) == 2,
        lambda: on("cc01", "systemctl list-units --no-legend 'halab-load-*'") == "",
    ),
    "full": Try(
        "cc01 --path /srv/data --unit victim", lambda: writes() == "ENOSPC", lambda: writes() == "ok" and own_disk()
    ),
    "readonly": Try(
        "cc01 --path /srv/data --unit victim", lambda: writes() == "EROFS", lambda: writes() == "ok" and own_disk()
    ),
}


def own_disk() -> bool:
    """Whether the folder is on the host's own disk, and nothing but what the service wrote is in it."""
    return (
        on("cc01", "mountpoint -q /srv/data && echo mounted; ls -A /srv /srv/data /run /dev | grep -i halab; true")
        == ""
    )


def lost() -> float:
    """The share of 300 packets that does not come to cc01; what else comes there meanwhile makes it less."""
    count = "cat /sys/class/net/host0/statistics/rx_packets"
    before = int(run_on(REAL.lab, "cc01", count, count))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        for _ in range(300):
            line.sendto(b"x", (str(REAL.lab.address("cc01")), 9))
    time.sleep(0.1)
    return 1 - (int(run_on(REAL.lab, "cc01", count, count)) - before) / 300


def made() -> list[str]:
    return [case["fault"] for case in json.loads(halab("fault", "list", "--json"))["made"]]


@pytest.fixture(scope="module", autouse=True)
def lab_up() -> Iterator[None]:
    halab("down")
    halab("up", "cc01", "cc02")
    try:
        yield
    finally:
        halab("down")


@pytest.fixture
def victim(lab_up: None) -> None:
    """The service runs and writes; nothing is broken."""
    script = f"cat >/root/victim.py <<'E'\n{VICTIM}E\nprintf '{UNIT}' >/etc/systemd/system/victim.service"
    on("cc01", f"mkdir -p /srv/data; {script}; systemctl daemon-reload; systemctl restart victim; rm -f /run/victim")
    wait_until(lambda: on("cc01", "cat /run/victim 2>/dev/null; true") == "ok", 5, "the victim writes")
    assert made() == []


def test_each_fault_is_tried_here() -> None:
    assert set(TRIES) == set(known().faults)


@pytest.mark.parametrize("name", TRIES)
def test_it_is_there_once_and_heals_by_command_and_a_second_time_does_no_harm(victim: None, name: str) -> None:
    one = TRIES[name]
    said = halab("fault", name, *one.argv.split())
    assert "heals by itself in" in said and f"`halab fault heal {name} cc01" in said
    wait_until(one.there, 5, f"{name} is there")
    assert made() == [name]
    if name not in ("kill", "stop"):
        assert "is there already" in halab("fault", name, *one.argv.split(), code=2)
    assert "nothing to heal" in halab("fault", "heal", name, "cc02")
    halab("fault", "heal", name)
    wait_until(one.healed, 10, f"{name} is healed")
    assert made() == []
    halab("fault", "heal", name)
    halab("fault", "heal", "all")
    assert one.healed()


@pytest.mark.parametrize("name", TRIES)
def test_it_heals_by_itself(victim: None, name: str) -> None:
    one = TRIES[name]
    halab("fault", name, *one.argv.split(), "--for", "15")
    wait_until(one.there, 5, f"{name} is there")
    wait_until(lambda: made() == [], 30, f"{name} is no longer told of")
    wait_until(one.healed, 10, f"{name} is healed")


@pytest.mark.parametrize("name", TRIES)
def test_it_heals_by_itself_though_who_made_it_was_killed_as_soon_as_it_was_armed(victim: None, name: str) -> None:
    one = TRIES[name]
    command, env = REAL.command("fault", name, *one.argv.split(), "--for", "4")
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as making:
        wait_until(lambda: list(cases.folder(REAL.lab).glob(f"{name}-*.pid")), 10, "its healer runs", every=0.01)
        making.send_signal(signal.SIGKILL)
        making.wait()
    wait_until(lambda: made() == [], 30, f"{name} is no longer told of")
    wait_until(one.healed, 10, f"{name} is healed")
    if name not in ("power", "kill", "stop"):
        assert state() == "active"


def test_what_the_service_wrote_on_a_disk_that_was_full_is_kept(victim: None) -> None:
    before = int(on("cc01", "stat -c %s /srv/data/kept"))
    halab("fault", "full", "cc01", "--path", "/srv/data", "--unit", "victim", "--free", "1")
    wait_until(lambda: writes() == "ENOSPC", 60, "the last MiB is written")
    halab("fault", "heal")
    wait_until(TRIES["full"].healed, 10)
    assert int(on("cc01", "stat -c %s /srv/data/kept")) > before


def test_a_fault_of_a_host_that_lost_its_power_meanwhile_heals_into_nothing(victim: None) -> None:
    for name in ("freeze", "full", "load"):
        halab("fault", name, *TRIES[name].argv.split())
    halab("power", "off", "cc01")
    halab("fault", "heal", "freeze", "cc01")
    halab("power", "on", "cc01")
    started = on("cc01", "systemctl start victim; systemctl show -P MainPID victim")
    halab("fault", "heal")
    assert made() == [] and own_disk()
    assert on("cc01", "systemctl show -P MainPID victim") == started, "nothing is restarted for a disk that is gone"


def test_what_can_not_be_hit_is_refused_and_nothing_is_armed(victim: None) -> None:
    assert "nothing does not run on cc01 (it is inactive)" in halab(
        "fault", "kill", "cc01", "--unit", "nothing", code=2
    )
    assert "cut takes two hosts" in halab("fault", "cut", "cc01", "--one-way", code=2)
    assert "mysql1 was never brought up" in halab("fault", "power", "cc01", "mysql1", code=2)
    assert "cc01 has no folder /srv/none" in halab("fault", "full", "cc01", "--path", "/srv/none", code=2)
    assert "file system of its own (/dev/shm)" in halab("fault", "full", "cc01", "--path", "/dev/shm", code=2)
    assert made() == [] and REAL.power("cc01") == "on"


def test_a_cut_of_a_port_leaves_the_others_and_two_cuts_are_healed_each_for_itself(victim: None) -> None:
    def open_to(port: int) -> bool:
        tried = f"timeout 1 bash -c '</dev/tcp/{REAL.lab.address('cc02')}/{port}' 2>/dev/null && echo yes; true"
        return on("cc01", tried) == "yes\n"

    on("cc02", "systemctl is-active -q web || systemd-run --quiet --unit=web python3 -m http.server 8000")
    wait_until(lambda: open_to(8000), 5, "the port answers")
    halab("fault", "cut", "cc02", "--tcp", "8000,8001")
    halab("fault", "cut", "cc02", "cc01", "--one-way", "--tcp", "8000")
    assert not open_to(8000) and open_to(22)
    halab("fault", "heal", "cut", "cc02")
    assert made() == ["cut"] and not open_to(8000) and open_to(22)
    halab("fault", "heal", "cut", "cc01", "cc02")
    wait_until(lambda: open_to(8000), 5, "the port answers again")
    assert made() == []


def test_two_hosts_have_it_at_once_and_one_is_healed_alone(victim: None) -> None:
    halab("fault", "power", "cc01", "cc02")
    assert (REAL.power("cc01"), REAL.power("cc02")) == ("off", "off")
    assert "has no power" in halab("fault", "freeze", "cc01", "--unit", "victim", code=2)
    halab("fault", "heal", "power", "cc02")
    assert (REAL.power("cc01"), REAL.power("cc02")) == ("off", "on")
    halab("fault", "heal", "power")
    assert REAL.power("cc01") == "on"


def test_down_leaves_nothing_of_what_was_broken(victim: None) -> None:
    for name in ("freeze", "full", "load", "cut"):
        halab("fault", name, *TRIES[name].argv.split())
    assert len([words for words in REAL.left_over()["processes"] if "lab.healer" in words]) == 4
    assert len(REAL.loop_devices()) == 1
    halab("down")
    assert not any(REAL.left_over().values()), REAL.left_over()
    wait_until(lambda: REAL.loop_devices() == [], 5, "the disk is gone")
    assert not cases.folder(REAL.lab).exists()
