"""What a program may want to know of a finding is a field of it: nobody has to read its sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster.assess import assess
from cluster.haproxy.record import ProxyNode
from cluster.haproxy.verdict import haproxy_health
from cluster.health.verdict import Finding
from cluster.pacemaker.record import CRM_MON, CrmStatus
from cluster.rabbitmq.record import RABBIT_CLUSTER, BrokerNode
from cluster.state import ClusterState, Unknown
from cluster.vip import VipNode
from facts.haproxy import parse_haproxy_stat
from tests.unit.test_health import HEALTHY, SPEC, changed, proxy, unit

FIELD = Path(__file__).parent / "fixtures" / "field"


def findings(state: ClusterState) -> list[Finding]:
    return [one for layer in assess(SPEC, state) for one in layer.findings]


def standby(name: str) -> Any:
    view = HEALTHY[CRM_MON]["cc01"]
    assert isinstance(view, CrmStatus)
    nodes = tuple(replace(node, standby=node.name == name) for node in view.nodes)
    return replace(view, nodes=nodes)


def draining() -> BrokerNode:
    broker = HEALTHY[RABBIT_CLUSTER]["cc02"]
    assert isinstance(broker, BrokerNode)
    return replace(broker, draining=True)


DRAINED = {
    "a server": (changed("haproxy", "haproxy1", proxy(status={"mysql2": "MAINT"})), "haproxy1", "mysql2"),
    "a balancer": (
        changed("vrrp", "haproxy2", VipNode({}, unit("keepalived.service"), away=True)), "haproxy2", "haproxy2",
    ),
    "a broker": (changed("rabbitmq", "cc02", draining()), "cc02", "cc02"),
    "a controller": (changed("pacemaker", "cc01", standby("cc03")), "cc03", "cc03"),
}  # fmt: skip


@pytest.mark.parametrize("what", DRAINED)
def test_who_was_drained_is_a_field_and_stands_in_the_sentence(what: str) -> None:
    state, told_by, name = DRAINED[what]
    (found,) = [one for one in findings(state) if one.drained]
    assert (found.host, found.drained) == (told_by, (name,))
    assert f"`hatui undrain {name}`" in found.reason


def test_the_field_and_the_sentence_never_differ() -> None:
    for state in [HEALTHY, *(state for state, _, _ in DRAINED.values())]:
        for one in findings(state):
            assert list(one.drained) == re.findall(r"`hatui undrain (\w+)`", one.reason), one


def test_a_server_that_follows_another_names_that_one_and_an_agent_s_nobody() -> None:
    node = parse_haproxy_stat((FIELD / "haproxy-tracked-and-agent.txt").read_text())
    assert isinstance(node, ProxyNode)
    drained = [one.drained for one in haproxy_health(SPEC, {"haproxy1": node}).findings if "servers of" in one.reason]
    assert ("mysql1",) in drained and () in drained


def test_a_finding_about_one_host_names_it() -> None:
    one = changed("haproxy", "haproxy2", Unknown("is away"))
    assert [found.host for found in findings(one) if "is away" in found.reason] == ["haproxy2"]
