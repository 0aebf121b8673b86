"""A service by the inventory alone: nginx with a page on two hosts, behind the balancers' VIP at layer 7."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException

import pytest

from tests.e2e import lab
from tests.e2e.operator import felt, lost
from tests.e2e.test_rollout import Rollout, change, hatui, last_run, left
from tests.pace import wait_until

__all__ = ["change", "left"]

pytestmark = pytest.mark.lab

HOSTS = ("net01", "net02")
SERVICES = {"pages": {"port": 8080, "server_port": 80, "role": "network", "mode": "http", "check": "/health"}}


@pytest.fixture
def pages(healthy: None) -> Iterator[None]:
    """The two hosts serve a page each; the balancers know nothing of it yet, and no more when they are taken away."""
    for name in HOSTS:
        install = "apt-get -q -y install nginx-light >/dev/null"
        page = f"echo from {name} >/var/www/html/index.html; echo well >/var/www/html/health"
        lab.ssh(name, f"{install}; {page}; systemctl start nginx", timeout=120)
    yield
    for name in HOSTS:
        lab.ssh(name, "apt-get -q -y purge 'nginx*' >/dev/null; rm -rf /var/www/html", timeout=120)


def said() -> str:
    """What a client of the service is told."""
    try:
        with urllib.request.urlopen(f"http://{lab.VIP}:8080/", timeout=5) as answer:
            return str(answer.read().decode().strip())
    except (OSError, HTTPException) as error:
        return f"no answer: {error}"


def told() -> set[str]:
    return {said() for _ in range(10)}


def haproxy(change: Rollout) -> dict[str, str]:
    done = hatui("status", "--json", "--inventory", str(change.path))
    return next(layer for layer in json.loads(done.stdout)["layers"] if layer["layer"] == "haproxy")


def test_a_service_is_balanced_judged_measured_drained_and_rolled_out(pages: None, change: Rollout) -> None:
    # It is another setting of HAProxy's.
    change.differs({"services": SERVICES}, "haproxy")
    change.stays = False
    assert "net01, net02 of the inventory is no server of pages" in haproxy(change)["reason"]
    done = change.run("--soak", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    wait_until(lambda: told() == {"from net01", "from net02"}, 10)
    assert haproxy(change)["verdict"] == "OK"

    drained = hatui("drain", "net01", "--yes", "--reason", "a test", "--inventory", str(change.path))
    assert drained.returncode == 0, drained.stdout + drained.stderr
    clients = felt(last_run(), "pages")
    assert lost(last_run(), "pages") == set() and clients.stream.beats > 0, clients
    assert told() == {"from net02"}
    assert "`hatui undrain net01` gives it back" in haproxy(change)["reason"]
    refused = hatui("drain", "net02", "--yes", "--reason", "a test", "--inventory", str(change.path))
    assert refused.returncode != 0 and "net02 is the last server of pages" in refused.stdout + refused.stderr
    back = hatui("undrain", "net01", "--yes", "--reason", "a test", "--inventory", str(change.path))
    assert back.returncode == 0, back.stdout + back.stderr
    assert told() == {"from net01", "from net02"}

    with lab.fault("stop", "net02", unit="nginx"):
        wait_until(lambda: told() == {"from net01"}, 10)
        wait_until(lambda: "1 of 2 servers of pages are UP (net02 DOWN)" in haproxy(change)["reason"], 10)
    # A page that says that it is not well counts as down, though it answers: it is asked at layer 7.
    lab.ssh("net01", "rm /var/www/html/health")
    wait_until(lambda: told() == {"from net02"}, 20)
    lab.ssh("net01", "echo well >/var/www/html/health")
    wait_until(lambda: haproxy(change)["verdict"] == "OK", 20)
    moved = hatui("switchover", "vip", "--yes", "--to", other(), "--reason", "a test", "--inventory", str(change.path))
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert lost(last_run(), "pages") == set(), felt(last_run(), "pages")


def other() -> str:
    """The balancer that does not own the VIP."""
    return next(name for name in ("haproxy1", "haproxy2") if lab.VIP not in lab.ssh(name, "ip -4 addr"))
