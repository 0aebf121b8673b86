"""The controllers on real hosts: one that freezes is fenced through its BMC, and its VIP runs elsewhere."""

from __future__ import annotations

import time

import pytest

from tests.e2e import lab
from tests.e2e.stream import Stream
from tests.pace import wait_until
from tests.unit.cib_cases import CASES
from tests.unit.crm_rendering import amiss, render

pytestmark = pytest.mark.lab

CONTROLLERS = ("cc01", "cc02", "cc03")


def owners() -> list[str]:
    """The controllers that hold the VIP, of those that answer."""
    shown = {name: lab.ssh(name, "ip -4 -o addr", check=False, timeout=10) for name in CONTROLLERS}
    return [name for name, said in shown.items() if f" {lab.CONTROLLER_VIP}/32 " in said]


def boot(host: str) -> str:
    return lab.ssh(host, "cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1", check=False, timeout=10)


def layer(name: str) -> dict[str, str]:
    return next(dict(one) for one in lab.status()["layers"] if one["layer"] == name)


def test_a_frozen_controller_is_fenced_its_vip_runs_elsewhere_and_it_comes_back(healthy: None) -> None:
    (frozen,) = owners()
    others = [name for name in CONTROLLERS if name != frozen]
    before = boot(frozen)
    with lab.fault("freeze", frozen, unit="corosync"):
        wait_until(lambda: [name for name in owners() if name in others], 30, "the VIP runs elsewhere")
        wait_until(lambda: boot(frozen) not in ("", before), 30, "the frozen controller was fenced and boots")
        lab.all_ok(within=120)
    (owner,) = owners()
    assert owner in others
    history = lab.ssh(owner, f"stonith_admin -H {frozen}")
    assert f"of {frozen} successful" in history


def test_the_status_tells_of_it_meanwhile(healthy: None) -> None:
    (frozen,) = owners()
    stream = Stream()
    try:
        wait_until(stream.well, 30, "all is seen to be OK")
        begin = time.time()
        with lab.fault("freeze", frozen, unit="corosync"):
            # It is back in a moment: a look each now and then might miss it.
            stream.told(f"Corosync on {frozen} was quorate", begin, 10)
            lab.all_ok(within=120)
    finally:
        stream.end()


def test_a_controller_that_loses_power(healthy: None) -> None:
    (lost,) = owners()
    with lab.fault("power", lost):
        wait_until(lambda: [name for name in owners() if name != lost], 30, "the VIP runs elsewhere")
        lab.all_ok(within=120)


def test_the_bmcs_password_is_not_in_the_cib(healthy: None) -> None:
    assert lab.secret_of("bmc") not in lab.ssh("cc01", "cibadmin -Q")


def test_a_cluster_without_fencing_is_never_silently_ok(healthy: None) -> None:
    lab.ssh("cc01", "crm_attribute --name stonith-enabled --update false")
    try:
        found = layer("pacemaker")
        assert found["verdict"] == "WARN" and "unfenced" in found["reason"]
    finally:
        lab.ssh("cc01", "crm_attribute --name stonith-enabled --update true")


def test_the_hosts_own_crm_mon_leads_to_the_same_verdicts(healthy: None) -> None:
    answers = render(CASES, lambda command: lab.ssh("cc01", command, timeout=120))
    found = {case.name: amiss(case, answer) for case, answer in zip(CASES, answers, strict=True)}
    assert {name: words for name, words in found.items() if words} == {}
