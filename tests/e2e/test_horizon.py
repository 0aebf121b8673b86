"""Horizon in a real browser, through the VIP, on a lab with its packages (`halab up --horizon`)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory import CLUSTER
from tests.e2e import lab
from tests.e2e.browser import DRIVER, Browser, browser
from tests.e2e.openstack import asked, gets
from tests.e2e.operator import carried_out, felt
from tests.pace import slower, wait_until

pytestmark = [
    pytest.mark.lab,
    pytest.mark.openstack,
    pytest.mark.skipif("horizon" not in CLUSTER.others, reason="the lab has no horizon (halab up --horizon)"),
]
in_a_browser = pytest.mark.skipif(not DRIVER, reason="there is no chromedriver (chromium-driver) on this machine")

CONTROLLERS = ("cc01", "cc02", "cc03")
PORT = 8080
HORIZON = f"http://{lab.VIP}:{PORT}/horizon/"
LOGIN = f"{HORIZON}auth/login/"


def horizon() -> tuple[str, str]:
    layer = next(one for one in lab.status()["layers"] if one["layer"] == "horizon")
    return layer["verdict"], layer["reason"]


def users_are_let_in() -> None:
    wait_until(lambda: horizon() == ("OK", "3 of 3 hosts let users in"), 180, "horizon is OK", every=1)


@pytest.fixture
def window() -> Iterator[Browser]:
    with browser() as found:
        yield found


def logged_in(window: Browser) -> None:
    window.open(HORIZON)
    assert "/auth/login/" in window.url
    window.write("#id_username", "admin")
    window.write("#id_password", lab.secret_of("keystone_admin"))
    window.click("#loginBtn")
    wait_until(lambda: "/auth/login/" not in window.url, 60, "the login is taken")


def is_in(window: Browser) -> bool:
    """Whether a page that asks keystone is shown to who is logged in."""
    window.open(f"{HORIZON}identity/")
    return "/auth/login/" not in window.url and "hatui_watch" in window.text


def test_all_controllers_let_users_in_and_nothing_else_answers_there(healthy: None) -> None:
    users_are_let_in()
    for name in CONTROLLERS:
        own = lab.address(name)
        status, _, text = asked(f"http://{own}:{PORT}/horizon/auth/login/")
        assert status == 200 and 'name="password"' in text
        # Debian's own Apache is not there, on whatever address, nor does anybody else's name lead to horizon.
        listening = lab.ssh(name, "ss -Hltnp | grep apache2").splitlines()
        assert [line.split()[3] for line in listening] == [f"{own}:{PORT}"]
        assert lab.ssh(name, "systemctl is-enabled apache2; true").strip() == "disabled"
        assert asked(f"http://{own}:{PORT}/horizon/auth/login/", Host="elsewhere.example.org")[0] == 400
    keys = {
        lab.ssh(name, "grep ^SECRET_KEY /etc/openstack-dashboard/local_settings.d/_8000_hatui.py")
        for name in CONTROLLERS
    }
    assert len(keys) == 1


def test_a_second_run_changes_nothing(healthy: None) -> None:
    assert lab.changes(lab.deploy("horizon")) == []


@in_a_browser
def test_its_page_is_shown_and_a_user_logs_in(healthy: None, window: Browser, tmp_path: Path) -> None:
    users_are_let_in()
    begun = time.monotonic()
    window.open(HORIZON)
    print(f"the login page is there after {time.monotonic() - begun:.1f} s")
    assert "Login" in window.title or "OpenStack" in window.title, window.title
    # With its style and its scripts: what is missing of them shows here.
    assert window.run("return document.styleSheets.length > 0 && typeof horizon === 'object'") is True
    broken = (
        "return performance.getEntriesByType('resource').filter(one => one.responseStatus >= 400).map(one => one.name)"
    )
    assert window.run(broken) == []
    window.picture(tmp_path / "login.png")
    print(f"pictures are in {tmp_path}")
    begun = time.monotonic()
    logged_in(window)
    print(f"logged in after {time.monotonic() - begun:.1f} s")
    assert is_in(window)
    window.picture(tmp_path / "projects.png")


@in_a_browser
def test_who_is_logged_in_stays_so_when_a_controller_loses_its_power(healthy: None, window: Browser) -> None:
    users_are_let_in()
    logged_in(window)
    for name in CONTROLLERS:
        with lab.fault("power", name):
            begun = time.monotonic()
            wait_until(lambda: is_in(window), 60, "the page is shown")
            # Each page is another controller's.
            assert all(is_in(window) for _ in range(4))
            print(f"{name} lost its power: {time.monotonic() - begun:.1f} s for five pages")
        lab.all_ok(within=300)
    assert is_in(window)


def test_it_is_restarted_and_no_call_fails(healthy: None) -> None:
    users_are_let_in()
    with gets(PORT, "/horizon/auth/login/") as calls:
        run = carried_out("restart", "horizon")
    assert felt(run, "horizon").failed == 0 and calls.errors == []
    print(f"restarted: without an answer for {calls.gap:.2f} s")


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_one_that_falls_out_is_missed_by_nobody_for_long(healthy: None, fault: str) -> None:
    users_are_let_in()
    with gets(PORT, "/horizon/auth/login/") as calls:
        calls.wait_for_acks(20, 60)
        with lab.fault(fault, "cc02", unit="hatui-horizon"):
            calls.wait_for_acks(60, 120)
    print(f"{fault}: without an answer for {calls.gap:.2f} s")
    assert calls.gap <= 4 * slower(), (calls.gap, calls.errors)


def test_a_keystone_that_is_away_is_seen_at_the_login(healthy: None) -> None:
    users_are_let_in()
    with lab.fault("stop", *CONTROLLERS, unit="keystone"):
        wait_until(lambda: horizon()[0] == "FAIL", 180, "nobody is let in", every=1)
        assert "shows its login page, and lets nobody in" in horizon()[1]
        assert asked(LOGIN)[0] == 200
    users_are_let_in()
