"""What a host has of a fact: how each is by its record, and unknown where there is none; how often a fact is asked."""

from __future__ import annotations

import re
from dataclasses import replace

from cluster.keepalived.record import VRRP_OWNER
from cluster.layer import UNKNOWN
from cluster.layers import FACTS
from cluster.layers.pacemaker import PACEMAKER
from cluster.locked import CLUSTER_LOCK
from cluster.pacemaker.record import CrmStatus
from cluster.state import ClusterState, Unknown
from cluster.things import of_each
from tests.unit.test_exclusive import vip
from tests.unit.test_health import CRM, SPEC
from tests.unit.test_lock import ROOT


def test_each_is_as_its_record_says_and_one_that_was_not_asked_is_unknown() -> None:
    things = of_each(VRRP_OWNER, "keepalived", lambda node: "owner" if node.held else "backup")
    state = ClusterState({"vrrp": {"lb1": vip(held=True), "lb2": vip(held=False), "lb3": Unknown("timed out")}})
    assert {(thing.host, thing.name): how for thing, how in things(SPEC, state)} == {
        ("lb1", "keepalived on lb1"): "owner",
        ("lb2", "keepalived on lb2"): "backup",
        ("lb3", "keepalived on lb3"): UNKNOWN,
    }


def test_what_a_controller_without_quorum_sees_of_the_resources_is_not_told() -> None:
    def told(*nodes: CrmStatus | Unknown) -> set[str]:
        state = ClusterState({"pacemaker": dict(zip(("cc01", "cc02", "cc03"), nodes, strict=False))})
        return {thing.name for thing, _ in PACEMAKER.things(SPEC, state) if thing.name.startswith("the resource")}

    alone = replace(CRM, quorate=False, resources=(replace(CRM.resources[0], id="other"),))
    resources = {f"the resource {one.id}" for one in CRM.resources}
    assert told(Unknown("timed out"), alone, CRM) == resources
    assert told(alone) == told(Unknown("timed out")) == set()


def test_a_resource_that_failed_is_told_with_where_it_is() -> None:
    first, *others = CRM.resources
    state = ClusterState({"pacemaker": {"cc01": replace(CRM, resources=(replace(first, failed=True), *others))}})
    told = {thing.name: how for thing, how in PACEMAKER.things(SPEC, state)}
    assert told.pop(f"the resource {first.id}") == f"{', '.join(first.nodes)} (failed)"
    assert not any("failed" in how for how in told.values())


def test_how_each_member_is_in_pacemaker_is_told_by_what_keeps_it_from_its_work() -> None:
    first, second, third = CRM.nodes
    members = (replace(first, standby=True, unclean=True), replace(second, online=False), third)
    state = ClusterState({"pacemaker": {"cc01": replace(CRM, nodes=members)}})
    told = {thing.host: how for thing, how in PACEMAKER.things(SPEC, state) if thing.name.endswith("in Pacemaker")}
    assert told == {"cc01": "unclean, standby", "cc02": "offline", "cc03": "online"}


def test_each_fact_is_asked_as_often_as_the_documentation_says() -> None:
    (told,) = re.findall(r"Each fact says how often.*?`--every`", (ROOT / "docs/observer.md").read_text(), re.DOTALL)
    periods = {fact.name: fact.period for fact in (*FACTS.values(), CLUSTER_LOCK)}
    assert {name: float(seconds) for name, seconds in re.findall(r"`(\w+)` ([0-9.]+) s", told)} == periods
