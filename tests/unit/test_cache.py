"""The caches of tokens: where they are wanted, what a host says of its own, and how that is judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.assess import assess
from cluster.health.verdict import Verdict
from cluster.openstack.cache import CacheNode, places
from cluster.picture import picture
from cluster.state import ClusterState, ServiceState, Unknown
from cluster.steady import gates
from cluster.validate import cluster_spec
from facts.cache import Cache
from tests.unit.inventories import inventory

SPEC = cluster_spec(inventory((("keystone",), {}), (("placement",), {})))
WELL = CacheNode(ServiceState("memcached.service", "active", "running", enabled=True), answers=True)
SHOWN = "Id=memcached.service\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNeedDaemonReload=no\n\n"


def test_they_are_there_where_a_service_asks_for_tokens_of_others() -> None:
    assert places(SPEC) == ("127.8.0.31:11211", "127.8.0.32:11211", "127.8.0.33:11211")
    alone = cluster_spec(inventory((("keystone",), {})))
    assert places(alone) == () and "cache" not in [layer.layer for layer in assess(alone, ClusterState({}))]


def test_one_that_is_away_is_told_and_closes_no_gate() -> None:
    dead = replace(WELL, service=replace(WELL.service, active="failed", sub="failed"), answers=False)
    state = ClusterState({"cache": {"ctl1": WELL, "ctl2": replace(WELL, answers=False), "ctl3": dead}})
    layer = next(one for one in assess(SPEC, state) if one.layer == "cache")
    assert layer.verdict is Verdict.WARN
    assert "ctl2: memcached runs, and does not answer" in layer.reason
    assert "ctl3: memcached is failed (failed)" in layer.reason
    told = {thing.host: how for thing, how in picture(SPEC, state).items() if thing.fact == "cache"}
    assert told == {"ctl1": "answering", "ctl2": "not answering", "ctl3": "failed"}
    assert "cache" not in [gate.name for gate in gates(SPEC, state)]


@pytest.mark.parametrize(("said", "answers"), [("Said=VERSION 1.6.38", True), ("Said=", False), ("Said=ERROR", False)])
def test_what_a_host_says_is_read(said: str, answers: bool) -> None:
    node = Cache().process(f"{SHOWN}\n{said}".splitlines())
    assert isinstance(node, CacheNode) and node.answers is answers
    assert isinstance(Cache().process(SHOWN.splitlines()), Unknown)
