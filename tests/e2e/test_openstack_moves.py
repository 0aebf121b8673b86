"""What an operator does to hosts that carry OpenStack, while its clients go on: a rollout, and each kind drained."""

from __future__ import annotations

import pytest

from tests.e2e import lab
from tests.e2e.compute import FLAVOR, IMAGE, bootable
from tests.e2e.openstack import gets, openstack, reads
from tests.e2e.operator import carried_out, felt, lost, nothing_is_left, owner, writer
from tests.e2e.test_network_nodes import primary, routed
from tests.e2e.test_rollout import Rollout, change, last_run, left, order

__all__ = ["change", "left", "routed"]

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

CONTROLLERS = ["cc01", "cc02", "cc03"]


def test_another_number_of_workers_is_rolled_out_and_no_call_fails(healthy: None, change: Rollout) -> None:
    # The balancers send each controller one call less than it works on at once: it is a setting of HAProxy's too.
    change.differs({"nova": {"processes": 2}, "keystone": {"threads": 12}}, "haproxy", "keystone", "nova")
    change.stays = False
    with gets(8774, "/") as calls, reads() as read:
        done = change.run("--soak", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (calls.errors, read.errors) == ([], [])
    print(f"longest gaps {calls.gap:.2f} s, {read.gap:.2f} s, of {calls.count} and {read.count} calls")
    for service in ("keystone", "nova"):
        assert lost(last_run(), service) == set(), felt(last_run(), service)
    assert set(order(last_run())) >= set(CONTROLLERS)
    for name in CONTROLLERS:
        said = lab.ssh(name, "cat /etc/keystone/hatui-keystone-uwsgi.ini; pgrep -cf 'uwsgi.*nova-api-uwsgi'")
        # The two, and who has started them.
        assert "threads = 12" in said and said.splitlines()[-1] == "3", said
    assert change.plan().returncode == 0


def test_after_a_restart_of_all_brokers_servers_are_made_by_every_conductor(healthy: None) -> None:
    with bootable():
        carried_out("restart", "rabbitmq")
        # The conductors take turns.
        for number in range(6):
            made = f"server create --wait --image {IMAGE} --flavor {FLAVOR} --nic none s{number}"
            server = openstack(made)
            assert isinstance(server, dict) and server["status"] == "ACTIVE", server
    nothing_is_left()


@pytest.mark.parametrize("kind", ["controller", "balancer", "writer"])
def test_a_host_is_drained_and_given_back_and_no_call_fails(healthy: None, kind: str) -> None:
    name = {"controller": lambda: "cc02", "balancer": owner, "writer": writer}[kind]()
    with reads() as calls:
        carried_out("drain", name)
        assert lab.drained(lab.status()) == {name}
        calls.wait_for_acks(20, 20)
        carried_out("undrain", name)
        nothing_is_left()
    print(f"longest gap {calls.gap:.2f} s of {calls.count} calls")
    assert calls.errors == []


def test_the_primary_of_a_router_is_not_drained_and_says_why(routed: tuple[str, str]) -> None:
    router, _ = routed
    (name,) = primary(router)
    refused = carried_out("drain", name, code=21)
    assert refused.end is not None
    assert f"{name} is the primary of 1 router, and hatui moves none" in refused.end.reason, refused.end
    assert primary(router) == [name] and lab.drained(lab.status()) == set()
    nothing_is_left()
