"""Keystone as Pacemaker runs it, on the controllers of a lab with OpenStack: with their VIP, and as warm standby."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import lab
from tests.e2e.conftest import Deployment
from tests.e2e.openstack import Calls, asked, token
from tests.e2e.operator import carried_out, felt, hatui
from tests.e2e.test_pacemaker import owners
from tests.pace import slower, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

CONTROLLERS = ("cc01", "cc02", "cc03")
VIP = f"http://{lab.CONTROLLER_VIP}:5000"
# The other services would all be restarted for keystone's new address.
INVENTORY = """
import runpy
from cluster.spec import Role
from deploy.inventory import cluster_of, members
_OTHERS = ("placement", "glance", "nova", "neutron", "cinder", "agents")
DATA = {{name: value for name, value in runpy.run_path("inventory.py")["DATA"].items() if name not in _OTHERS}}
DATA |= {{"keystone": {{"availability": {availability!r}}}}}
CLUSTER = cluster_of(DATA)
haproxy, galera, controller, network = (members(CLUSTER, role) for role in Role)
"""
LAYERS = ("haproxy", "keystone")
PROCESS = "[/]usr/bin/uwsgi_python3.--ini./etc/keystone"
"""A pattern of pgrep's that matches no command which looks for it."""


class Kept:
    """An inventory that has keystone kept available in another way, deployed."""

    def __init__(self, path: Path) -> None:
        self._inventory = ("--inventory", str(path))
        self._path = str(path)

    def layers(self) -> dict[str, dict[str, Any]]:
        said = hatui("status", "--json", *self._inventory).stdout
        return {layer["layer"]: layer for layer in json.loads(said)["layers"]}

    def keystone(self) -> tuple[str, str]:
        layer = self.layers()["keystone"]
        return layer["verdict"], layer["reason"]

    def all_ok(self, within: float = 120) -> None:
        def broken() -> list[str]:
            return [name for name, layer in self.layers().items() if layer["verdict"] != "OK"]

        wait_until(lambda: not broken(), within, "all OK", every=1)

    def verb(self, *words: str) -> Any:
        return carried_out(*words, *self._inventory)

    def deploy(self, layer: str) -> list[str]:
        return lab.changes(lab.pyinfra("-y", self._path, f"deploy/{layer}.py"))


@contextmanager
def kept(folder: Path, availability: str) -> Iterator[Kept]:
    path = folder / "changed.py"
    path.write_text(INVENTORY.format(availability=availability))
    found = Kept(path)
    try:
        for layer in LAYERS:
            found.deploy(layer)
        yield found
    finally:
        for layer in LAYERS:
            lab.deploy(layer)
        lab.all_ok(within=300)


@pytest.fixture(scope="module")
def passive(cluster: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept(tmp_path_factory.mktemp("passive"), "active-passive") as found:
        yield found


@pytest.fixture(scope="module")
def warm(cluster: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept(tmp_path_factory.mktemp("warm"), "warm-standby") as found:
        yield found


def owner() -> str:
    """The controller that has the VIP."""
    (found,) = owners()
    return found


def failures() -> str:
    return lab.ssh(owner(), "crm_mon -1 --include=none,failcounts,failures 2>/dev/null; true")


def gets() -> Calls:
    """Ten GETs a second of what keystone answers to everybody, at the controllers' VIP."""
    return Calls(10, lambda: asked(f"{VIP}/v3")[0])


@contextmanager
def sampled() -> Iterator[list[set[str]]]:
    """On which controllers keystone ran, ten times a second: each sample with all three hosts' word for that tenth."""
    path = "/run/hatui-test-samples"
    sample = f"while sleep 0.05; do echo $(date +%s%1N) $(pgrep -c -f {PROCESS}); done >>{path}"
    found: list[set[str]] = []
    for name in CONTROLLERS:
        begin = f"systemd-run --quiet --unit=hatui-test-samples sh -c '{sample}'"
        lab.ssh(name, f"systemctl stop hatui-test-samples 2>/dev/null; rm -f {path}; {begin}")
    try:
        yield found
    finally:
        ran: dict[str, set[str]] = {}
        for name in CONTROLLERS:
            # One that was fenced has its samples no more, nor a keystone from before.
            said = lab.ssh(name, f"systemctl stop hatui-test-samples 2>/dev/null; cat {path} 2>/dev/null; true")
            for line in said.splitlines():
                when, count = line.split()
                if int(count):
                    ran.setdefault(when, set()).add(name)
        found.extend(ran.values())


def test_one_controller_runs_it_and_clients_find_it_at_the_vip(passive: Kept) -> None:
    passive.all_ok()
    wait_until(lambda: passive.keystone() == ("OK", f"{owner()} gives a token"), 60)
    assert token(VIP)[0] == 201
    assert asked(f"http://{lab.VIP}:5000/v3")[0] == 0, "the balancers have nothing of it"
    said = {name: lab.ssh(name, "systemctl is-enabled keystone; true").strip() for name in CONTROLLERS}
    assert set(said.values()) == {"disabled"}
    for layer in LAYERS:
        assert passive.deploy(layer) == []


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_one_that_falls_out_is_noticed_and_started_anew_where_it_is(passive: Kept, fault: str) -> None:
    passive.all_ok()
    holder = owner()
    with gets() as calls, sampled() as samples:
        calls.wait_for_acks(10, 20)
        begun = time.monotonic()
        with lab.fault(fault, holder, unit="keystone"):
            wait_until(lambda: "hatui-keystone" in failures(), 60, "Pacemaker has noticed", every=0.1)
            noticed = time.monotonic() - begun
            calls.wait_for_acks(10, 300)
    assert noticed <= 10 * slower(), noticed
    assert calls.gap <= 45 * slower(), (calls.gap, calls.errors[-3:])
    assert owner() == holder and all(len(hosts) == 1 for hosts in samples)
    print(f"{fault}: noticed after {noticed:.1f} s, without an answer for {calls.gap:.1f} s")
    lab.ssh(holder, "crm_resource --cleanup --resource hatui-keystone >/dev/null 2>&1; true")


def test_it_is_moved_with_the_vip_and_restarted_by_hand(passive: Kept) -> None:
    passive.all_ok()
    holder = owner()
    target = next(name for name in CONTROLLERS if name != holder)
    with gets() as calls, sampled() as samples:
        calls.wait_for_acks(10, 20)
        run = passive.verb("switchover", "resource", "controller-vip", "--to", target)
        calls.wait_for_acks(10, 300)
    print(f"moved: without an answer for {calls.gap:.1f} s")
    assert calls.gap <= 20 * slower(), calls.gap
    assert owner() == target and all(len(hosts) == 1 for hosts in samples)
    assert felt(run, "keystone").failed > 0
    passive.all_ok()
    with gets() as calls:
        passive.verb("restart", "keystone")
        calls.wait_for_acks(10, 300)
    # A restart by systemctl is no failure to Pacemaker.
    assert owner() == target and "hatui-keystone" not in failures()
    passive.all_ok()


def test_a_controller_that_is_cut_off_runs_it_no_more_before_another_does(passive: Kept) -> None:
    passive.all_ok()
    holder = owner()
    with sampled() as samples:
        with lab.fault("cut", holder):
            others = [name for name in CONTROLLERS if name != holder]
            runs = f"pgrep -f {PROCESS} >/dev/null && echo runs; true"
            wait_until(lambda: any(lab.ssh(name, runs).strip() for name in others), 120, "another one runs it")
        wait_until(lambda: lab.ssh(holder, "true; echo up", check=False, timeout=10).strip(), 60, "it is back")
        passive.all_ok(within=240)
    assert all(len(hosts) == 1 for hosts in samples), [hosts for hosts in samples if len(hosts) > 1]
    assert owner() != holder


def test_a_controller_that_is_drained_gives_it_away(passive: Kept) -> None:
    passive.all_ok()
    holder = owner()
    with gets() as calls:
        passive.verb("drain", holder)
        assert owner() != holder
        calls.wait_for_acks(10, 300)
        passive.verb("undrain", holder)
    passive.all_ok()


def test_a_warm_one_is_there_at_once_where_the_vip_goes(warm: Kept) -> None:
    warm.all_ok()
    wait_until(lambda: warm.keystone() == ("OK", "3 of 3 hosts give a token"), 60)
    holder = owner()
    target = next(name for name in CONTROLLERS if name != holder)
    with gets() as calls:
        calls.wait_for_acks(10, 20)
        warm.verb("switchover", "resource", "controller-vip", "--to", target)
        calls.wait_for_acks(10, 60)
    print(f"moved: without an answer for {calls.gap:.2f} s")
    assert owner() == target and calls.gap <= 2 * slower(), calls.gap
    warm.all_ok()
    with gets() as calls:
        warm.verb("restart", "keystone")
    print(f"restarted: without an answer for {calls.gap:.2f} s")
    assert calls.gap <= 2 * slower(), calls.gap
    warm.all_ok()


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_the_vip_leaves_a_warm_one_that_falls_out(warm: Kept, fault: str) -> None:
    warm.all_ok()
    holder = owner()
    with gets() as calls:
        calls.wait_for_acks(10, 20)
        with lab.fault(fault, holder, unit="keystone"):
            wait_until(lambda: owner() != holder, 60, "the VIP went elsewhere")
            calls.wait_for_acks(10, 60)
    print(f"{fault}: without an answer for {calls.gap:.2f} s")
    assert calls.gap <= 15 * slower(), calls.gap
    lab.ssh(holder, "crm_resource --cleanup --resource hatui-warm-keystone-clone >/dev/null 2>&1; true")
    warm.all_ok()
