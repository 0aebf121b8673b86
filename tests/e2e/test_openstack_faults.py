"""OpenStack on the controllers while what is below it breaks: the database's writer, a broker, the network."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.e2e import lab
from tests.e2e.compute import Building, bootable, states
from tests.e2e.openstack import Calls, reads, tokens
from tests.e2e.operator import nothing_is_left, writer
from tests.e2e.test_pacemaker import CONTROLLERS, boot, owners
from tests.e2e.vip import Holders
from tests.pace import slower, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

OVER = 3
"""Seconds after which no client may notice any more that something was lost."""


@pytest.fixture
def servers(healthy: None) -> Iterator[None]:
    with bootable():
        yield


def missed_by_nobody_for_long(calls: Calls, given: Calls, begun: float) -> None:
    """No call is in vain later than OVER seconds after `begun`, and tokens are given soon again."""
    print(f"calls: {calls.count}, in vain {calls.failed_since(begun)}, longest gap {calls.gap:.2f} s")
    print(f"tokens: {given.count}, in vain {given.failed_since(begun)}, longest gap {given.gap:.2f} s")
    over = OVER * slower()
    assert [at for at in calls.failed_since(begun) if at > over] == [], calls.errors
    assert calls.gap <= over and given.gap <= 4 * slower(), (calls.gap, given.gap, given.errors)


def none_is_being_built() -> None:
    """What was taken on is there or was given up, and nothing is stuck between."""
    wait_until(lambda: "BUILD" not in states().values(), 120, "no server is being built any more", every=1)


def clients_go_on(fault: str, lost: str, built_within: float, **options: str) -> None:
    """A host, or a unit of it, is lost while calls, tokens and servers are asked for."""
    with reads() as calls, tokens() as given, Building() as made:
        calls.wait_for_acks(20, 20)
        made.wait_for_acks(1, 60)
        begun = time.monotonic()
        with lab.fault(fault, lost, **options):
            calls.wait_for_acks(50, 60)
            made.wait_for_acks(2, built_within)
    missed_by_nobody_for_long(calls, given, begun)
    print(f"servers: {len(made.acked)} made, {made.errors}")
    none_is_being_built()
    lab.all_ok(within=180)


@pytest.mark.parametrize(("fault", "options"), [("kill", {"unit": "mariadb"}), ("power", {})], ids=["kill", "power"])
def test_the_writer_is_lost_and_calls_tokens_and_servers_go_on(
    servers: None, fault: str, options: dict[str, str]
) -> None:
    clients_go_on(fault, writer(), 120, **options)


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_a_broker_is_lost_and_calls_tokens_and_servers_go_on(servers: None, fault: str) -> None:
    clients_go_on(fault, "cc02", 180, unit="rabbitmq-server")


def test_a_controller_that_is_cut_off_runs_nothing_twice_and_comes_back(healthy: None) -> None:
    (lost,) = owners()
    before = boot(lost)
    with Holders(lab.CONTROLLER_VIP, *CONTROLLERS) as holders, reads() as calls, tokens() as given:
        calls.wait_for_acks(20, 20)
        begun = time.monotonic()
        with lab.fault("cut", lost):
            wait_until(lambda: holders.now and lost not in holders.now, 60, "the VIP runs elsewhere", every=0.1)
            print(f"the VIP runs elsewhere {time.monotonic() - begun:.1f} s after {lost} was cut off")
            calls.wait_for_acks(50, 60)
            given.wait_for_acks(5, 60)
        lab.all_ok(within=300)
        print(f"all OK {time.monotonic() - begun:.1f} s after {lost} was cut off")
    assert boot(lost) not in ("", before), "it was fenced"
    assert holders.twice == [] and len(holders.samples) > 100, holders.twice
    missed_by_nobody_for_long(calls, given, begun)
    nothing_is_left()
