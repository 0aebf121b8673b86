"""The brokers on real hosts: one killed, frozen or cut off is noticed, no confirmed message is lost, it comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cluster.rabbitmq.record import BrokerNode
from cluster.state import Unknown
from facts.rabbitmq import parse_rabbit_cluster, rabbit_command
from tests.e2e import lab
from tests.e2e.messages import Publisher
from tests.pace import wait_until

pytestmark = pytest.mark.lab

VICTIM = "cc02"
ALL = tuple(f"rabbit@{name}" for name in ("cc01", "cc02", "cc03"))

PORTS = "4369,5672,25672"
"""RabbitMQ's. Corosync's are others: a host that is cut off whole would be fenced."""


def seen(host: str) -> BrokerNode | Unknown:
    """The fact of `host`."""
    return parse_rabbit_cluster(lab.ssh(host, rabbit_command(), check=False, timeout=15))


def misses(host: str, victim: str) -> Callable[[], bool]:
    """Whether `host`'s broker runs and no longer counts the victim's among the running ones."""

    def look() -> bool:
        node = seen(host)
        return isinstance(node, BrokerNode) and node.running and f"rabbit@{victim}" not in node.running_members

    return look


def silent(host: str) -> bool:
    node = seen(host)
    return isinstance(node, BrokerNode) and not node.running


def whole() -> bool:
    """Every broker runs, sees all running, and no partition is left."""
    nodes = [seen(name.removeprefix("rabbit@")) for name in ALL]
    return all(
        isinstance(node, BrokerNode) and node.running and node.running_members == ALL and not node.partitions
        for node in nodes
    )


@contextmanager
def published() -> Iterator[Publisher]:
    """Messages are confirmed through the VIP before, during and after what happens in this; none is lost."""
    with Publisher(lab.VIP, lab.secret_of("probe")) as publisher:
        publisher.wait_for_acks(50, within=10)
        yield publisher
        wait_until(whole, 60, "all brokers are back")
        publisher.wait_for_acks(50, within=20)
    assert publisher.lost() == set()


def test_a_broker_that_is_killed(healthy: None) -> None:
    with published() as publisher, lab.fault("kill", VICTIM, unit="rabbitmq-server"):
        wait_until(lambda: silent(VICTIM), 5)
        wait_until(misses("cc01", VICTIM), 5)
        publisher.wait_for_acks(50, within=10)
        wait_until(whole, 60, "it is back by itself")


def test_a_broker_that_is_frozen(healthy: None) -> None:
    with published() as publisher, lab.fault("freeze", VICTIM, unit="rabbitmq-server"):
        wait_until(lambda: silent(VICTIM), 5)
        publisher.wait_for_acks(50, within=10)
        # The others run and say so from the first moment, and give it up after the tick time.
        other = seen("cc01")
        assert isinstance(other, BrokerNode) and other.running
        wait_until(misses("cc01", VICTIM), 20)


def test_a_broker_that_is_cut_off_pauses_and_comes_back(healthy: None) -> None:
    with published() as publisher, lab.fault("cut", VICTIM, tcp=PORTS):
        wait_until(misses("cc01", VICTIM), 20)
        wait_until(lambda: silent(VICTIM), 20, "the minority pauses")
        publisher.wait_for_acks(50, within=10)


def test_the_status_names_a_broker_that_does_not_answer(healthy: None) -> None:
    with lab.fault("freeze", VICTIM, unit="rabbitmq-server"):
        wait_until(lambda: silent(VICTIM), 5)
        layer = next(layer for layer in lab.status()["layers"] if layer["layer"] == "rabbitmq")
        assert layer["verdict"] == "WARN" and VICTIM in layer["reason"]
    wait_until(whole, 60)


def test_drifted_accounts_are_put_right(healthy: None) -> None:
    lab.ssh(
        "cc03", "rabbitmqctl -q add_user guest guest && rabbitmqctl -q clear_permissions -p hatui_probe hatui_probe"
    )
    done = lab.deploy("rabbitmq")
    assert len(lab.changes(done)) == 1
    assert "guest" not in lab.ssh("cc01", "rabbitmqctl -q list_users")
    with published():
        pass


def test_a_broker_that_lost_its_data_joins_again(healthy: None) -> None:
    with published():
        lab.ssh(VICTIM, "systemctl stop rabbitmq-server; rm -rf /var/lib/rabbitmq/mnesia/*")
        lab.deploy("rabbitmq")
        assert whole()
    assert lab.changes(lab.deploy("rabbitmq")) == []
