"""Keystone on the controllers of a lab with OpenStack's packages: real tokens, through the VIP, while things break."""

from __future__ import annotations

import sys

import pytest

from operations.identity import Login
from tests.e2e import lab
from tests.e2e.openstack import VIP, asked, gets, openstack, token, tokens
from tests.e2e.operator import carried_out, felt, hatui, lost, nothing_is_left
from tests.pace import slower, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

CONTROLLERS = ("cc01", "cc02", "cc03")


def layer() -> dict[str, object]:
    return next(one for one in lab.status()["layers"] if one["layer"] == "keystone")


def test_every_controller_gives_a_token_and_takes_those_of_the_others(healthy: None) -> None:
    wait_until(lambda: (layer()["verdict"], layer()["reason"]) == ("OK", "3 of 3 hosts give a token"), 120)
    for name in CONTROLLERS:
        status, found = token(f"http://{lab.address(name)}:5000")
        assert status == 201
        for other in CONTROLLERS:
            headers = {"X_Auth_Token": found, "X_Subject_Token": found}
            assert asked(f"http://{lab.address(other)}:5000/v3/auth/tokens", **headers)[0] == 200, (name, other)


def test_the_own_client_of_openstack_finds_it_by_the_vip(healthy: None) -> None:
    issued = openstack("token issue")
    assert isinstance(issued, dict) and issued["id"]
    listed = openstack("endpoint list")
    assert isinstance(listed, list)
    found = {(one["Interface"], one["URL"], one["Region"]) for one in listed if one["Service Name"] == "keystone"}
    assert found == {(interface, f"{VIP}/v3", "RegionOne") for interface in ("public", "internal", "admin")}
    # Who watches may do nothing.
    status, _, _ = asked(f"{VIP}/v3/auth/tokens", Login("hatui_watch", lab.secret_of("keystone_watch"), "admin").body)
    assert status == 401


def test_a_second_run_changes_nothing(healthy: None) -> None:
    assert lab.changes(lab.deploy()) == []


def test_a_database_that_is_away_is_found_by_the_token_and_not_by_the_health_path(healthy: None) -> None:
    own = f"http://{lab.address('cc01')}:5000"
    with lab.fault("cut", "cc01", tcp="3306"):
        # At its first call in vain it may answer nobody for some seconds, which is told too.
        wait_until(lambda: "cc01: keystone answers, and does not give a token" in str(layer()["reason"]), 60)
        assert layer()["verdict"] == "WARN"
        assert asked(f"{own}/healthcheck")[0] == 200
    wait_until(lambda: layer()["verdict"] == "OK", 60, "keystone is OK")


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_one_that_falls_out_is_missed_by_nobody_for_long(healthy: None, fault: str) -> None:
    with gets(5000, "/v3") as calls, tokens() as given:
        calls.wait_for_acks(20, 20)
        with lab.fault(fault, "cc02", unit="keystone"):
            if fault == "freeze":
                wait_until(lambda: layer()["verdict"] == "WARN", 60, "keystone is WARN")
                assert "cc02: keystone runs, and does not answer within 2 s" in str(layer()["reason"])
            calls.wait_for_acks(30, 30)
            given.wait_for_acks(5, 60)
        wait_until(lambda: layer()["verdict"] == "OK", 30, "keystone is repaired")
    assert calls.gap <= 3 * slower() and given.gap <= 4 * slower(), (calls.gap, given.gap, calls.errors)


def test_a_controller_that_loses_its_power_is_missed_for_a_second(healthy: None) -> None:
    with gets(5000, "/v3") as calls, tokens() as given:
        calls.wait_for_acks(20, 20)
        with lab.fault("power", "cc03"):
            calls.wait_for_acks(50, 60)
            given.wait_for_acks(5, 60)
    assert calls.gap <= 1 * slower() and given.gap <= 4 * slower(), (calls.gap, given.gap, calls.errors)
    # It is back by itself, keystone too.
    lab.all_ok(within=180)


def test_it_is_restarted_and_drained_and_no_call_fails(healthy: None) -> None:
    with gets(5000, "/v3") as calls:
        run = carried_out("restart", "keystone")
        assert lost(run, "keystone") == set(), felt(run, "keystone")
        carried_out("drain", "cc02")
        assert "cc02" in lab.drained(lab.status())
        # Nothing that is done meanwhile gives it back.
        carried_out("restart", "keystone")
        lab.ssh("cc02", "echo >>/etc/keystone/keystone.conf")
        lab.deploy("keystone")
        assert "cc02" in lab.drained(lab.status())
        carried_out("undrain", "cc02")
    assert calls.errors == []
    nothing_is_left()


def test_a_key_of_a_former_release_is_told_and_taken_away_and_all_else_stays(healthy: None) -> None:
    path = "/etc/keystone/keystone.conf"
    before = lab.ssh("cc01", f"cat {path}")
    lab.ssh("cc01", f"sed -i 's/^\\[DEFAULT\\]$/[DEFAULT]\\nsql_connection = mysql:\\/\\/old/' {path}")
    assert "sql_connection" in lab.ssh("cc01", f"cat {path}")
    told = lab.run(sys.executable, "-m", "tui.main", "plan", "--layer", "keystone", check=False).stdout
    assert "take [DEFAULT] sql_connection away, which its release does not read" in " ".join(told.split()), told
    lab.deploy("keystone")
    assert lab.ssh("cc01", f"cat {path}") == before
    assert layer()["verdict"] == "OK"


def test_rotated_keys_end_no_token_and_are_not_rotated_again_too_soon(healthy: None) -> None:
    refused = hatui("rotate", "fernet", "--yes", "--reason", "a test")
    assert refused.returncode == 21 and "tokens of before may be in use" in refused.stdout + refused.stderr
    for name in CONTROLLERS:
        lab.ssh(name, "touch -d '2 hours ago' /etc/keystone/fernet-keys/*")
    status, before = token()
    assert status == 201
    run = carried_out("rotate", "fernet")
    assert lost(run, "keystone") == set(), felt(run, "keystone")
    _, after = token()
    for name in CONTROLLERS:
        for found in (before, after):
            headers = {"X_Auth_Token": after, "X_Subject_Token": found}
            assert asked(f"http://{lab.address(name)}:5000/v3/auth/tokens", **headers)[0] == 200, name
    told = {name: lab.ssh(name, "cd /etc/keystone/fernet-keys; sha256sum *") for name in CONTROLLERS}
    assert len(set(told.values())) == 1 and len(told["cc01"].splitlines()) == 3
    assert hatui("rotate", "fernet", "--yes", "--reason", "a test").returncode == 21
    assert lab.changes(lab.deploy("keystone")) == []
