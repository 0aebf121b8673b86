"""The observer on real hosts: what happens is told of within its bound, and nothing is left when it is killed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

import pytest

from tests.e2e import lab, leaks
from tests.e2e.conftest import Deployment
from tests.e2e.stream import Stream
from tests.pace import wait_until

pytestmark = pytest.mark.lab

SOON = 2.0
"""Seconds in which a change must be told of here, where ten hosts share two cores. What it takes is in bench/."""


@pytest.fixture
def stream(healthy: None) -> Iterator[Stream]:
    one = Stream()
    # What is not known before a fault can't be told to have changed by it.
    wait_until(one.well, 30, "all is seen to be OK")
    yield one
    if one.process.poll() is None:
        one.process.kill()
        one.process.wait()


def owner() -> str:
    return next(name for name in ("haproxy1", "haproxy2") if lab.VIP in lab.ssh(name, "ip -4 addr"))


def test_it_begins_with_what_status_says_and_ends_with_its_exit_code(stream: Stream, cluster: Deployment) -> None:
    # Those before it say that some host has not answered yet.
    wait_until(lambda: any(one["complete"] for one in stream.snapshots()), 5)
    first = next(one for one in stream.snapshots() if one["complete"])
    assert lab.verdicts(first) == lab.verdicts(lab.status())
    ages = [age for layer in first["ages"].values() for age in layer.values()]
    # Of every host that it is there, the lock, and its ports; of each layer its hosts.
    assert len(ages) == 3 * len(lab.HOSTS) + 2 + 2 + 3 + 4 * 3 and all(age < 5 for age in ages)
    time.sleep(3)
    assert len(stream.snapshots()) >= 3
    assert leaks.in_text(json.dumps(stream.lines), cluster.secrets) == []
    assert stream.end() == 0


def test_a_status_goes_over_the_connections_of_an_observer_that_runs(stream: Stream) -> None:
    wait_until(lambda: stream.snapshots()[-1]["complete"], 5)
    # Nobody can connect anew, and what is connected stays so.
    with lab.fault("stop", "net02", unit="ssh"):
        found = lab.status()
        assert lab.verdicts(found)["hosts"] == "OK" and found["at"] > stream.snapshots()[0]["at"]
        stream.end()
        assert lab.verdicts(lab.status())["hosts"] == "UNKNOWN"
    lab.all_ok(within=60)


def test_a_vip_that_moves_is_told_of_and_never_as_lost(stream: Stream) -> None:
    was = owner()
    other = {"haproxy1": "haproxy2", "haproxy2": "haproxy1"}[was]
    begin = time.time()
    with lab.fault("stop", was, unit="keepalived"):
        stopped = time.time()
        stream.told(f"the owner of {lab.VIP} was", begin, SOON + stopped - begin)
        stream.told(f"and is {other}", begin, SOON + stopped - begin)
        stream.told(f"keepalived on {was} was active", begin, SOON + stopped - begin)
        begin = time.time()
    stream.told(f"keepalived on {was} was", begin, SOON + time.time() - begin)


def test_a_backend_that_is_down_and_up_again_is_told_of(stream: Stream) -> None:
    begin = time.time()
    with lab.fault("stop", "mysql3", unit="hatui-galera-check"):
        for balancer in ("haproxy1", "haproxy2"):
            # HAProxy itself takes 0.6 s to find out.
            stream.told(f"galera/mysql3 on {balancer} was UP, and is DOWN", begin, SOON + 2)
        begin = time.time()
    for balancer in ("haproxy1", "haproxy2"):
        stream.told(f"galera/mysql3 on {balancer} was DOWN, and is UP", begin, SOON + 4)


def test_what_somebody_restarts_is_told_of(stream: Stream) -> None:
    begin = time.time()
    lab.ssh("mysql3", "systemctl restart mariadb")
    stream.told("mariadb on mysql3 was restarted", begin, SOON + time.time() - begin)
    wait_until(lambda: stream.snapshots()[-1]["verdict"] == "OK", 30)


def test_a_host_without_power_is_told_of_and_comes_back(stream: Stream) -> None:
    with lab.fault("power", "mysql3"):
        begin = time.time()
        stream.told("mysql3 was there, and is not answering", begin, 5)
        stream.told("Galera on mysql3 was Synced", begin, 5)
        wait_until(lambda: lab.verdicts(stream.snapshots()[-1])["galera"] == "UNKNOWN", 3)
        begin = time.time()
    # The longest wait between two tries is 15 s; then a database has to join.
    stream.told("mysql3 was not answering, and is there", begin, 20)
    wait_until(lambda: stream.snapshots()[-1]["verdict"] == "OK", 60)


def test_a_host_that_is_cut_off_is_told_of_and_recovers(stream: Stream) -> None:
    with lab.fault("cut", "net02"):
        begin = time.time()
        stream.told("net02 was there, and is not answering", begin, 5)
    stream.told("net02 was not answering, and is there", begin, 25)


def test_killed_it_leaves_nothing_on_the_hosts(stream: Stream) -> None:
    def residents() -> list[str]:
        return [name for name, count in lab.on_all("pgrep -xc hatui; true").items() if count.strip() != "0"]

    assert len(residents()) == len(lab.HOSTS)
    children = lab.run("pgrep", "-P", str(stream.process.pid)).stdout.split()
    for pid in children:
        os.kill(int(pid), 9)
    wait_until(lambda: not residents(), 10, "the hosts are left alone", every=0.5)
