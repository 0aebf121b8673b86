"""The majority is lost for good: when a server that lives may be made the cluster where it stands, and what is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cluster.galera.record import GaleraNode
from cluster.galera.recovery_record import GaleraPosition
from cluster.galera.survivor import given_up, may_be_made_primary, survivors
from cluster.haproxy.record import ProxyNode, ProxyServer
from cluster.state import ServiceState, Unknown

U = "f8b4a00a-e86e-11f1-a617-86f4ff3a61af"
V = "0b1f2d3c-e86e-11f1-a617-86f4ff3a61af"
UNIT = ServiceState("mariadb.service", "active", "running", enabled=True)

ALONE = GaleraNode(True, U, 20, cluster_status="non-Primary", state="Initialized", size=1, service=UNIT)
SYNCED = replace(ALONE, cluster_status="Primary", state="Synced", ready=True)
DOWN = GaleraNode(False, U, -1, service=replace(UNIT, active="inactive", sub="dead"))
GONE = Unknown("can't be reached")

Node = GaleraNode | Unknown


def three(second: Node, third: Node, first: Node = ALONE) -> dict[str, Node]:
    return {"mysql1": first, "mysql2": second, "mysql3": third}


def balancer(status: str) -> dict[str, ProxyNode | Unknown]:
    servers = tuple(
        ProxyServer("galera", name, "", status if name == "mysql3" else "DOWN", "", 0, True, 0, 0)
        for name in ("mysql1", "mysql2", "mysql3")
    )
    service = replace(UNIT, unit="haproxy.service")
    return {"haproxy1": ProxyNode("2.6", 1, servers, {}, service), "haproxy2": Unknown("can't be reached")}


def test_the_one_that_lives_may_be_chosen_when_the_others_are_gone_or_down() -> None:
    for nodes in (three(GONE, GONE), three(DOWN, GONE), three(DOWN, DOWN), three(ALONE, GONE)):
        assert "mysql1" in survivors(nodes)
        assert may_be_made_primary(nodes, balancer("DOWN"), "mysql1") is None


@pytest.mark.parametrize(
    ("nodes", "proxies", "words"),
    [
        (three(SYNCED, GONE), balancer("DOWN"), "mysql2 is in a Primary component"),
        (three(GONE, GONE, first=DOWN), balancer("DOWN"), "mysql1 does not run outside of a Primary component"),
        (three(GONE, GONE, first=GONE), balancer("DOWN"), "mysql1 does not run outside of a Primary component"),
        (three(GONE, GONE, first=replace(ALONE, answers=False)), balancer("DOWN"), "mysql1 does not run outside"),
        (three(GONE, GONE, first=replace(ALONE, standalone=True)), balancer("DOWN"), "mysql1 does not run outside"),
        (three(GONE, GONE, first=replace(ALONE, uuid="")), balancer("DOWN"), "how far its data go"),
        (three(GONE, GONE, first=replace(ALONE, seqno=-1)), balancer("DOWN"), "how far its data go"),
        (three(GONE, GONE), balancer("UP"), "mysql3 can't be read, and haproxy1 finds it UP"),
        (three(replace(ALONE, seqno=21), GONE), balancer("DOWN"), "mysql2 runs too, and is further (seqno 21"),
        (three(replace(ALONE, uuid=V), GONE), balancer("DOWN"), "mysql2 runs too, with data of another cluster"),
        (three(replace(ALONE, answers=False), GONE), balancer("DOWN"), "mysql2 runs its server, and does not say"),
    ],
)
def test_what_forbids_it(nodes: dict[str, Node], proxies: dict[str, ProxyNode | Unknown], words: str) -> None:
    assert words in (may_be_made_primary(nodes, proxies, "mysql1") or "")


def test_one_that_is_being_started_joins_it_and_forbids_nothing() -> None:
    starting = replace(ALONE, answers=False, service=replace(UNIT, active="activating"))
    assert may_be_made_primary(three(starting, GONE), balancer("DOWN"), "mysql1") is None


def test_a_cluster_that_has_a_primary_component_has_no_survivors() -> None:
    assert survivors(three(SYNCED, GONE)) == {}


def test_what_is_lost_by_it() -> None:
    nodes = three(DOWN, GONE)
    for position, words in (
        (GaleraPosition(U, 20, U, -1), []),
        (GaleraPosition(U, 23, U, -1), ["3 transactions (seqno 21 to 23) that mysql2 has"]),
        (GaleraPosition(V, 5, V, -1), [f"all data of mysql2, which are of another cluster ({V})"]),
        (GaleraPosition("", -1, None, -1), []),
        (Unknown("no tablespace"), ["whatever mysql2 has and mysql1 has not: nobody knows, it can't be read (no tabl"]),
    ):
        said = list(given_up(nodes, {"mysql2": position}, "mysql1"))
        assert said.pop().startswith("whatever mysql3 has and mysql1 has not")
        assert len(said) == len(words) and all(one.startswith(word) for one, word in zip(said, words, strict=True))


@pytest.mark.parametrize(
    "change",
    [
        {"running": False}, {"answers": False}, {"standalone": True}, {"cluster_status": ""},
        {"cluster_status": "Disconnected"},
    ],
)  # fmt: skip
def test_a_survivor_runs_answers_and_says_that_it_is_outside_of_a_primary_component(change: dict[str, Any]) -> None:
    nodes = three(replace(ALONE, **change), GONE)
    assert list(survivors(nodes)) == ["mysql1"]
    assert may_be_made_primary(nodes, {}, "mysql2") == (
        "mysql2 does not run outside of a Primary component: it can't be made one where it stands"
    )
