"""Keystone as Pacemaker runs it, on the controllers of a lab with OpenStack: with their VIP, and as warm standby."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cluster.openstack.keystone import KEYSTONE
from tests.e2e import lab
from tests.e2e.conftest import Deployment
from tests.e2e.kept import CONTROLLERS, Kept, failures, falls_out, gets, kept, owner, sampled
from tests.e2e.openstack import asked, token
from tests.e2e.operator import felt
from tests.pace import slower, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

VIP = f"http://{lab.CONTROLLER_VIP}:5000"
# They would all be restarted for keystone's new address.
OTHERS = ("placement", "glance", "nova", "neutron", "cinder", "agents")
PROCESS = "[/]usr/bin/uwsgi_python3.--ini./etc/keystone"


@pytest.fixture(scope="module")
def passive(cluster: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept(tmp_path_factory.mktemp("passive"), "active-passive", ("keystone",), OTHERS) as found:
        yield found


@pytest.fixture(scope="module")
def warm(cluster: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept(tmp_path_factory.mktemp("warm"), "warm-standby", ("keystone",), OTHERS) as found:
        yield found


def test_one_controller_runs_it_and_clients_find_it_at_the_vip(passive: Kept) -> None:
    passive.all_ok()
    wait_until(lambda: passive.told("keystone") == ("OK", f"{owner()} gives a token"), 60)
    assert token(VIP)[0] == 201
    assert asked(f"http://{lab.VIP}:5000/v3")[0] == 0, "the balancers have nothing of it"
    said = {name: lab.ssh(name, "systemctl is-enabled keystone; true").strip() for name in CONTROLLERS}
    assert set(said.values()) == {"disabled"}
    for layer in passive.deployed:
        assert passive.deploy(layer) == []


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_one_that_falls_out_is_noticed_and_started_anew_where_it_is(passive: Kept, fault: str) -> None:
    falls_out(passive, KEYSTONE.apis[0], PROCESS, fault)


def test_it_is_moved_with_the_vip_and_restarted_by_hand(passive: Kept) -> None:
    passive.all_ok()
    holder = owner()
    target = next(name for name in CONTROLLERS if name != holder)
    with gets(5000, "/v3") as calls, sampled(PROCESS) as samples:
        calls.wait_for_acks(10, 20)
        run = passive.verb("switchover", "resource", "controller-vip", "--to", target)
        calls.wait_for_acks(10, 300)
    print(f"moved: without an answer for {calls.gap:.1f} s")
    assert calls.gap <= 20 * slower(), calls.gap
    assert owner() == target and all(len(hosts) == 1 for hosts in samples)
    assert felt(run, "keystone").failed > 0
    passive.all_ok()
    with gets(5000, "/v3") as calls:
        passive.verb("restart", "keystone")
        calls.wait_for_acks(10, 300)
    # A restart by systemctl is no failure to Pacemaker.
    assert owner() == target and "hatui-keystone" not in failures()
    passive.all_ok()


def test_a_controller_that_is_cut_off_runs_it_no_more_before_another_does(passive: Kept) -> None:
    passive.all_ok()
    holder = owner()
    with sampled(PROCESS) as samples:
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
    with gets(5000, "/v3") as calls:
        passive.verb("drain", holder)
        assert owner() != holder
        calls.wait_for_acks(10, 300)
        passive.verb("undrain", holder)
    passive.all_ok()


def test_a_warm_one_is_there_at_once_where_the_vip_goes(warm: Kept) -> None:
    warm.all_ok()
    wait_until(lambda: warm.told("keystone") == ("OK", "3 of 3 hosts give a token"), 60)
    holder = owner()
    target = next(name for name in CONTROLLERS if name != holder)
    with gets(5000, "/v3") as calls:
        calls.wait_for_acks(10, 20)
        warm.verb("switchover", "resource", "controller-vip", "--to", target)
        calls.wait_for_acks(10, 60)
    print(f"moved: without an answer for {calls.gap:.2f} s")
    assert owner() == target and calls.gap <= 2 * slower(), calls.gap
    warm.all_ok()
    with gets(5000, "/v3") as calls:
        warm.verb("restart", "keystone")
    print(f"restarted: without an answer for {calls.gap:.2f} s")
    assert calls.gap <= 2 * slower(), calls.gap
    warm.all_ok()


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_the_vip_leaves_a_warm_one_that_falls_out(warm: Kept, fault: str) -> None:
    warm.all_ok()
    holder = owner()
    with gets(5000, "/v3") as calls:
        calls.wait_for_acks(10, 20)
        with lab.fault(fault, holder, unit="keystone"):
            wait_until(lambda: owner() != holder, 60, "the VIP went elsewhere")
            calls.wait_for_acks(10, 60)
    print(f"{fault}: without an answer for {calls.gap:.2f} s")
    assert calls.gap <= 15 * slower(), calls.gap
    lab.ssh(holder, "crm_resource --cleanup --resource hatui-warm-keystone-clone >/dev/null 2>&1; true")
    warm.all_ok()
