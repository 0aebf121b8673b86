"""RabbitMQ after all brokers were down: when they start together, when one may be forced, what is lost by it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.rabbitmq.evidence import table
from cluster.rabbitmq.record import BrokerNode
from cluster.rabbitmq.recovery import joining, lost, may_force, may_recover, waiting
from cluster.state import ServiceState, Unknown

HOSTS = ("cc01", "cc02", "cc03")
ALL = tuple(f"rabbit@{name}" for name in HOSTS)
GONE = Unknown("can't be reached")


def down(name: str, **more: object) -> BrokerNode:
    service = ServiceState("rabbitmq-server.service", "inactive", "dead", True)
    node = BrokerNode(f"rabbit@{name}", False, ALL, ALL, service=service)
    return replace(node, **more)  # type: ignore[arg-type]


def three(**other: BrokerNode | Unknown) -> dict[str, BrokerNode | Unknown]:
    known: dict[str, BrokerNode | Unknown] = {name: down(name) for name in HOSTS}
    return known | other


RUNS = ServiceState("rabbitmq-server.service", "active", "running", True)
WAITS = ServiceState("rabbitmq-server.service", "activating", "start", True)


def test_brokers_of_one_cluster_are_started_together_those_that_wait_too() -> None:
    assert may_recover(three()) is None
    nodes = three(cc02=down("cc02", service=WAITS))
    assert may_recover(nodes) is None and waiting(nodes) == ["cc02"]
    assert may_recover(three(cc03=down("cc03", members=(), running_members=()))) is None


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        (three(cc02=down("cc02", running=True)), "a broker runs on cc02"),
        (three(cc03=GONE), "cc03 can't be read (can't be reached), and the others wait for it"),
        (three(cc02=down("cc02", draining=True)), "hatui undrain cc02"),
        (three(cc02=down("cc02", members=("rabbit@cc02",))), "different clusters"),
        ({name: down(name, members=()) for name in HOSTS}, "no broker has data"),
    ],
)
def test_what_is_not_started_together(nodes: dict[str, BrokerNode | Unknown], words: str) -> None:
    reason = may_recover(nodes)
    assert reason is not None and words in reason


def test_brokers_join_while_each_runs_and_one_is_not_seen_yet() -> None:
    up = {name: down(name, running=True) for name in HOSTS}
    unseen = replace(up["cc01"], running_members=ALL[:2])
    assert not joining(up) and joining({**up, "cc01": unseen})
    # One that does not run joins nothing, nor do those that are parted or of different clusters.
    assert not joining({**up, "cc01": unseen, "cc03": down("cc03")})
    assert not joining({**up, "cc01": replace(unseen, parted={"rabbit@cc02": ("rabbit@cc01",)})})
    assert not joining({**up, "cc01": replace(unseen, members=ALL[:2])})


def test_one_may_be_forced_where_another_can_not_be_read() -> None:
    assert may_force(three(cc03=GONE), "cc01") is None
    for nodes, chosen, words in (
        (three(cc03=GONE), "cc03", "cc03 can't be read"),
        (three(cc02=down("cc02", running=True)), "cc01", "a broker runs on cc02: nothing is forced beside it"),
        (three(cc01=down("cc01", members=())), "cc01", "cc01 has no data"),
        (three(cc02=down("cc02", members=("rabbit@cc02",))), "cc01", "different clusters"),
        (three(cc01=down("cc01", draining=True)), "cc01", "hatui undrain cc01"),
        # A member that runs, though it takes no clients: a second cluster would stand beside it.
        (three(cc02=down("cc02", draining=True, service=RUNS), cc03=GONE), "cc01", "hatui undrain cc02"),
    ):
        reason = may_force(nodes, chosen)
        assert reason is not None and words in reason


def test_what_forcing_one_loses() -> None:
    assert list(lost(three(), "cc01")) == []
    (late,) = lost(three(cc02=down("cc02", running_members=("rabbit@cc02",))), "cc01")
    assert late == "what was declared after cc01 had ended: cc02 last saw it down"
    # Of what it has itself nothing is lost, whatever its own file says.
    assert list(lost(three(cc01=down("cc01", running_members=ALL[1:])), "cc01")) == []
    declared, messages = lost(three(cc03=GONE), "cc01")
    assert "cc03 can't be read" in declared and "classic queues" in messages


def test_the_table_has_room_for_the_name_of_one_that_can_not_be_read() -> None:
    assert table(
        {"cc01": down("cc01", running=True, members=("a",), running_members=("a",)), "controller10": GONE}
    ) == (
        "host          broker   cluster by its files  last saw running\n"
        "cc01          runs     a                     a\n"
        "controller10  unknown  can't be read: can't be reached"
    )


def test_the_table_shows_every_broker() -> None:
    text = table(three(cc02=down("cc02", service=WAITS), cc03=GONE))
    assert [line.split()[0] for line in text.splitlines()] == ["host", *HOSTS]
    assert "waits" in text and "can't be read: can't be reached" in text
