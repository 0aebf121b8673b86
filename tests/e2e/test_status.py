"""`hatui status` on real hosts: what it prints, its exit code, and that one host that is away hides nobody else."""

from __future__ import annotations

import json
import sys

import pytest

from cluster.exits import CONFIG
from tests.e2e import lab, leaks
from tests.e2e.conftest import Deployment

pytestmark = pytest.mark.lab

LAYERS = ["hosts", "haproxy", "keepalived", "galera", "rabbitmq", "corosync", "pacemaker", "ports"]


def test_a_healthy_cluster_in_every_form(healthy: None) -> None:
    for form in ((), ("--plain",), ("--json",)):
        done = lab.run(sys.executable, "-m", "tui.main", "status", *form)
        assert done.returncode == 0 and not done.stderr
        if form == ("--json",):
            layers = [layer["layer"] for layer in json.loads(done.stdout)["layers"]]
        else:
            words = [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
            layers = list(dict.fromkeys(word for word in words if word in LAYERS))
        assert layers == LAYERS
        assert "FAIL" not in done.stdout and "UNKNOWN" not in done.stdout
        if form == ("--plain",):
            rows = [line.split("\t") for line in done.stdout.splitlines()]
            assert {len(row) for row in rows} == {4}
            assert ["keepalived", "*", "OK"] in [row[:3] for row in rows]


def test_a_host_without_power_is_unknown_and_hides_nobody(healthy: None) -> None:
    with lab.fault("power", "net02"):
        # bench/ has how soon.
        done = lab.run(sys.executable, "-m", "tui.main", "status", "--json", check=False)
    assert done.returncode == 3
    found = json.loads(done.stdout)
    hosts = {host["host"]: host["verdict"] for host in found["layers"][0]["hosts"]}
    assert hosts == {**dict.fromkeys(lab.HOSTS, "OK"), "net02": "UNKNOWN"}
    assert "net02 can't be reached" in found["layers"][0]["reason"]
    assert [layer["verdict"] for layer in found["layers"][1:]] == ["OK"] * (len(LAYERS) - 1)


def test_without_a_usable_inventory_it_says_why(cluster: Deployment) -> None:
    done = lab.run(sys.executable, "-m", "tui.main", "status", "--inventory", "no-such.py", check=False)
    assert (done.returncode, done.stdout) == (CONFIG, "")
    assert done.stderr == "There is no inventory no-such.py. Give one: --inventory FILE.\n"


def test_no_secret_is_shown(cluster: Deployment) -> None:
    done = lab.run(sys.executable, "-m", "tui.main", "status", "--json", check=False)
    assert done.stdout and leaks.in_text(done.stdout + done.stderr, cluster.secrets) == []
