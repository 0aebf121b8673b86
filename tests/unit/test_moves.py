"""Who may get the VIP, the writer or a resource, and what the switchovers plan from what is so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster.galera.gates import may_write
from cluster.galera.record import WSREP_STATUS
from cluster.haproxy.record import HAPROXY_STAT
from cluster.keepalived.gates import may_own
from cluster.keepalived.record import VRRP_OWNER
from cluster.pacemaker.gates import may_move, may_stand_by, not_left
from cluster.pacemaker.record import CRM_MON, CrmNode, CrmStatus
from cluster.rabbitmq.gates import may_drain_broker
from cluster.rabbitmq.record import RABBIT_CLUSTER
from cluster.spec import Cluster, Keepalived
from cluster.state import ClusterState, Unknown
from cluster.vip import VipNode
from engine.layers import pacemaker
from engine.library import load
from engine.runbook import Broken, Plan, View
from engine.sections import facts
from facts.base import Services
from operations.steps import Unseen
from tests.unit.test_health import (
    BROKER,
    CONTROLLERS,
    CRM,
    GALERA,
    GONE,
    HEALTHY,
    SPEC,
    VIP,
    changed,
    proxy,
    unit,
)

KEEPALIVED = unit("keepalived.service")


def plan(
    runbook: str, state: ClusterState, spec: Cluster = SPEC, broken: tuple[Broken, ...] = (), **given: str
) -> Plan:
    found = load(runbook, given)
    return found.plan(View(spec, state, Path("inventory.py"), broken), **given)


def names(found: Plan) -> list[str]:
    return [step.name for step in found.steps]


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (HEALTHY, None),
        (changed("vrrp", "haproxy2", GONE), "haproxy2 can't be asked: did not answer within 4 s"),
        (changed("vrrp", "haproxy2", VipNode({}, unit("keepalived.service", "failed"))), "keepalived does not run"),
        (changed("haproxy", "haproxy2", replace(proxy(), servers=())), "runs and does not answer"),
        (changed("haproxy", "haproxy2", proxy(status={"mysql1": "DOWN"})), "what haproxy1 has: galera/mysql1"),
    ],
)
def test_who_may_own_the_vip(state: ClusterState, reason: str | None) -> None:
    found = may_own(state[VRRP_OWNER], state[HAPROXY_STAT], "haproxy2")
    assert found is None if reason is None else found is not None and reason in found, found


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (HEALTHY, None),
        (changed("galera", "mysql2", GONE), "can't be read"),
        (changed("galera", "mysql2", replace(GALERA, state="Joining")), "is Joining, not Synced"),
        (changed("galera", "mysql2", replace(GALERA, desynced=True)), "is desynced"),
        (changed("galera", "mysql2", replace(GALERA, read_only=True)), "is read only"),
        (changed("galera", "mysql2", replace(GALERA, recv_queue=212)), "lags: 212 write sets wait"),
        (changed("haproxy", "haproxy1", proxy(status={"mysql2": "DOWN"})), "mysql2 is DOWN on haproxy1, not UP"),
        (changed("haproxy", "haproxy1", proxy(status={"mysql2": "MAINT"})), "mysql2 is MAINT on haproxy1, not UP"),
        (changed("haproxy", "haproxy1", GONE), "haproxy1 can't be asked"),
    ],
)
def test_who_may_be_the_writer(state: ClusterState, reason: str | None) -> None:
    found = may_write(state[WSREP_STATUS], state[HAPROXY_STAT], "mysql2")
    assert found is None if reason is None else found is not None and reason in found, found


def members(**more: bool) -> dict[str, CrmStatus]:
    """The controllers' views with cc02 as it is given."""
    cc02 = replace(CrmNode("cc02", True, False, False, False, False, False), **more)  # type: ignore[arg-type]
    return dict.fromkeys(
        CONTROLLERS, replace(CRM, nodes=tuple(cc02 if one.name == "cc02" else one for one in CRM.nodes))
    )


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, None),
        ({"standby": True}, "cc02 is in standby (`hatui undrain cc02`)"),
        ({"online": False}, "cc02 is offline"),
        ({"unclean": True}, "cc02 is unclean"),
        ({"pending": True}, "cc02 is still joining"),
        ({"maintenance": True}, "cc02 is in maintenance"),
    ],
)
def test_where_a_resource_may_go_and_who_may_stand_by(more: dict[str, bool], reason: str | None) -> None:
    nodes = members(**more)
    assert may_move(nodes, "vip", "cc02") == reason
    assert may_stand_by(nodes, "cc03") == (reason and f"cc03 does not go: {reason}")


def test_a_resource_that_can_not_be_moved_says_why() -> None:
    nodes = dict.fromkeys(CONTROLLERS, CRM)
    assert "there is no resource api (there are fence-cc01" in str(may_move(nodes, "api", "cc02"))
    assert may_move(nodes, "fence-cc02", "cc02") == "cc02 can't run the device that fences it"
    one = replace(CRM.resources[0], failed=True)
    assert "vip failed" in str(may_move(dict.fromkeys(CONTROLLERS, replace(CRM, resources=(one,))), "vip", "cc02"))
    assert may_move({}, "vip", "cc02") == "no host is in a cluster with quorum"


def test_a_controller_has_left_when_nothing_runs_on_it() -> None:
    assert not_left(members(standby=True), "cc02") == "cc02 still runs fence-cc01, fence-cc02, fence-cc03"
    assert not_left(members(), "cc02") == "cc02 is not in standby"


def test_the_second_broker_is_not_drained_while_one_is() -> None:
    nodes = changed("rabbitmq", "cc03", replace(BROKER, running=False, draining=True))[RABBIT_CLUSTER]
    assert may_drain_broker(nodes, "cc02") == "cc02 is not drained: cc03 is (`hatui undrain cc03` first)"
    assert may_drain_broker(nodes, "cc03") is None


def test_the_vip_is_handed_over_and_its_way_back_is_told() -> None:
    found = plan("switchover_vip", HEALTHY, to="haproxy2")
    assert names(found) == [
        "haproxy2 is made the next owner",
        f"haproxy1 gives {VIP} up, haproxy2 takes it",
        f"haproxy1 stands by for {VIP}",
    ]
    assert (found.origin, found.target, found.undo) == ("haproxy1", "haproxy2", "hatui switchover vip --to haproxy1")


def test_a_vip_that_is_there_already_needs_nothing_but_what_a_dead_run_left() -> None:
    assert names(plan("switchover_vip", HEALTHY, to="haproxy1")) == []
    left = changed("vrrp", "haproxy2", VipNode({}, KEEPALIVED, away=True))
    assert names(plan("switchover_vip", left, to="haproxy1")) == [f"haproxy2 stands by for {VIP}"]


@pytest.mark.parametrize(
    ("state", "spec", "to", "reason"),
    [
        (HEALTHY, SPEC, "mysql1", "mysql1 is no balancer: there are haproxy1, haproxy2."),
        (
            changed("vrrp", "haproxy2", VipNode({VIP: "host0"}, KEEPALIVED)),
            SPEC,
            "haproxy2",
            "is on haproxy1, haproxy2",
        ),
        (changed("vrrp", "haproxy1", VipNode({}, KEEPALIVED)), SPEC, "haproxy2", "is on nobody"),
        (changed("vrrp", "haproxy2", VipNode({}, KEEPALIVED, away=True)), SPEC, "haproxy2", "`hatui undrain haproxy2`"),
        (
            HEALTHY,
            replace(SPEC, keepalived=Keepalived(VIP, priorities={"haproxy1": 111, "haproxy2": 110}, preempt=True)),
            "haproxy2",
            "the VIP would go back at once",
        ),
    ],
)
def test_a_vip_that_must_not_move_says_why(state: ClusterState, spec: Cluster, to: str, reason: str) -> None:
    found = plan("switchover_vip", state, spec, to=to)
    assert reason in found.refused
    assert not found.steps


def test_the_writer_moves_and_the_former_one_stands_by() -> None:
    found = plan("switchover_writer", HEALTHY, to="mysql3")
    assert names(found) == [
        "New sessions go to mysql3",
        "Sessions on mysql1 end, or are cut after 10 s",
        "mysql1 stands by",
    ]
    assert [(one.name, one.against) for one in found.candidates] == [("mysql2", ""), ("mysql3", "")]


def test_a_writer_switchover_that_died_is_finished_and_a_drained_node_is_left_alone() -> None:
    half = HEALTHY.having({HAPROXY_STAT: dict.fromkeys(HEALTHY[HAPROXY_STAT], proxy("mysql3", {"mysql1": "MAINT"}))})
    assert names(plan("switchover_writer", half, to="mysql3")) == []
    died = Broken("20261125-000000-dead", "switchover_writer", {"to": "mysql3"}, "Sessions on mysql1 end")
    found = plan("switchover_writer", half, broken=(died,), to="mysql3")
    assert names(found)[-1] == "mysql1 stands by"
    assert found.broken == ["20261125-000000-dead"]


def test_balancers_that_disagree_on_the_writer_are_brought_together() -> None:
    torn = HEALTHY.having({HAPROXY_STAT: {"haproxy1": proxy("mysql1"), "haproxy2": proxy("mysql2")}})
    found = plan("switchover_writer", torn, to="mysql2")
    assert names(found)[0] == "New sessions go to mysql2"
    assert names(found)[-1] == "mysql1 stands by"


def test_a_node_that_is_drained_is_no_candidate_and_refused_with_the_way_out() -> None:
    away = HEALTHY.having({HAPROXY_STAT: dict.fromkeys(HEALTHY[HAPROXY_STAT], proxy(status={"mysql2": "MAINT"}))})
    found = plan("switchover_writer", away, to="mysql2")
    assert "hatui undrain mysql2" in found.refused
    assert {one.name: one.against for one in found.candidates}["mysql2"] != ""


def test_a_move_that_died_after_it_had_moved_only_clears_its_constraint() -> None:
    left = replace(CRM, bans=("cli-prefer-vip",))
    found = plan(
        "switchover_resource", HEALTHY.having({CRM_MON: dict.fromkeys(CONTROLLERS, left)}), name="vip", to="cc01"
    )
    assert names(found) == ["No constraint is left of the move of vip"]
    assert names(plan("switchover_resource", HEALTHY, name="vip", to="cc01")) == []


def against(found: Plan) -> dict[str, str]:
    return {one.name: one.against for one in found.candidates}


def test_before_a_choice_the_vips_candidates_are_told_with_what_is_against_each() -> None:
    found = plan("switchover_vip", HEALTHY)
    assert against(found) == {"haproxy1": "haproxy1 owns it already", "haproxy2": ""}
    assert (found.refused, found.origin, found.steps) == ("Say where to: --to HOST.", "haproxy1", ())
    nobody = plan("switchover_vip", changed("vrrp", "haproxy1", VipNode({}, KEEPALIVED)), to="")
    assert all("there is no one owner" in reason for reason in against(nobody).values())


def test_before_a_choice_the_writers_candidates_are_told() -> None:
    found = plan("switchover_writer", changed("galera", "mysql3", GONE), to="")
    assert against(found) == {"mysql2": "", "mysql3": "mysql3 can't be read: did not answer within 4 s"}
    assert (found.refused, found.origin) == ("Say where to: --to HOST.", "mysql1")


def test_before_a_choice_the_resources_are_told_with_their_places_and_then_the_controllers() -> None:
    state = HEALTHY.having({CRM_MON: members(standby=True)})
    found = plan("switchover_resource", state)
    assert [(one.name, one.now, one.against) for one in found.candidates] == [("vip", "on cc01", "")]
    assert found.refused.startswith("Say which resource")
    where = plan("switchover_resource", state, name="vip")
    assert against(where) == {"cc02": "cc02 is in standby (`hatui undrain cc02`)", "cc03": ""}
    assert (where.refused, where.origin) == ("Say where to: --to HOST.", "cc01")
    failed = replace(CRM, resources=(replace(CRM.resources[0], failed=True),))
    stays = plan("switchover_resource", HEALTHY.having({CRM_MON: dict.fromkeys(CONTROLLERS, failed)}))
    assert "vip failed" in against(stays)["vip"]


def test_of_many_resources_on_a_host_only_the_number_is_told_and_one_that_runs_nowhere_is_on_no_host() -> None:
    (vip, *_) = CRM.resources
    many = replace(CRM, resources=tuple(replace(vip, id=f"api{n}") for n in range(4)))
    state = HEALTHY.having({CRM_MON: dict.fromkeys(CONTROLLERS, many)})
    assert pacemaker.HANDLINGS["pacemaker"].here(View(SPEC, state, Path("inventory.py")), "cc01") == "runs 4 resources"
    nowhere = replace(CRM, resources=(replace(vip, nodes=(), active=False),))
    found = plan("switchover_resource", HEALTHY.having({CRM_MON: dict.fromkeys(CONTROLLERS, nowhere)}))
    assert [one.now for one in found.candidates] == ["on no host"]


def test_of_a_resource_that_is_not_there_or_a_cluster_that_can_not_be_asked_that_is_said_first() -> None:
    assert "there is no resource api" in plan("switchover_resource", HEALTHY, name="api").refused
    gone = HEALTHY.having({CRM_MON: dict.fromkeys(CONTROLLERS, GONE)})
    assert plan("switchover_resource", gone).refused == "no host is in a cluster with quorum."


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Callable[[ClusterState], None]:
    """Hosts that are asked while it is planned say what is so in the state that is given."""

    def say(state: ClusterState) -> None:
        asked = {field: fact for field, fact in facts().items() if field != "controller_vip" and field in state.seen}
        records: dict[type[Any], Any] = {type(fact): state.seen[field] for field, fact in asked.items()}
        records[Services] = {name: {"haproxy.service": unit("haproxy.service")} for name in state[HAPROXY_STAT]}

        def look(name: str, fact: type[Any], **_: object) -> Any:
            record = records[fact][name]
            if isinstance(record, Unknown):
                raise Unseen(f"{name} {record.reason}")
            return record

        monkeypatch.setattr("operations.hosts.look", look)
        monkeypatch.setattr("operations.brokers.look", look)
        monkeypatch.setattr("operations.brokers.why_critical", lambda _: None)
        monkeypatch.setattr("operations.rabbitmq.shell", lambda *_, **__: "0")

    return say


def test_before_a_choice_every_host_is_told_with_what_is_against_draining_it(
    hosts: Callable[[ClusterState], None],
) -> None:
    state = changed("galera", "mysql3", replace(GALERA, state="Joining"))
    hosts(state)
    found = plan("drain", state)
    told = against(found)
    assert list(told) == list(SPEC.hosts)
    assert told["mysql1"] == "mysql1 is not drained: mysql3 is Joining, not Synced"
    assert told["net01"] == "net01 carries no layer that hatui knows"
    assert (told["haproxy1"], told["mysql3"], told["cc01"]) == ("", "", "")
    assert found.refused == "Say which: `hatui drain HOST`."
    assert {one.name: one.now for one in found.candidates if one.now} == {
        "haproxy1": "has the VIP", "mysql1": "is the writer", "cc01": "runs vip",
    }  # fmt: skip


def test_before_a_choice_only_who_is_drained_can_be_put_back() -> None:
    assert plan("undrain", HEALTHY).refused == "No host is drained."
    away = HEALTHY.having({HAPROXY_STAT: dict.fromkeys(HEALTHY[HAPROXY_STAT], proxy(status={"mysql2": "MAINT"}))})
    assert against(plan("undrain", away)) == {"mysql2": ""}
    joining = away.having({WSREP_STATUS: {**away[WSREP_STATUS], "mysql2": replace(GALERA, state="Joining")}})
    assert "not Synced yet" in against(plan("undrain", joining))["mysql2"]


def test_before_a_choice_the_layers_are_told_with_what_is_against_restarting_each(
    hosts: Callable[[ClusterState], None],
) -> None:
    state = changed("rabbitmq", "cc02", replace(BROKER, running=False))
    hosts(state)
    found = plan("restart", state)
    told = against(found)
    assert list(told) == ["haproxy", "keepalived", "galera", "rabbitmq", "pacemaker"]
    assert "cc01 is not restarted" in told["rabbitmq"]
    assert {told[name] for name in told if name != "rabbitmq"} == {""}
    assert found.refused == "Say which layer: `hatui restart LAYER`."
    assert {one.now for one in found.candidates} == {"3 hosts", "2 hosts"}
    due = replace(GALERA, service=unit("mariadb.service", restart_due=True))
    state = changed("galera", "mysql2", due)
    hosts(state)
    assert {one.name: one.now for one in plan("restart", state).candidates}["galera"] == "3 hosts, due on mysql2"
