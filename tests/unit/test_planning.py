"""From changes to stages: the layers in order, a canary first, who carries traffic last, Corosync all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster.changes import Change, bounded
from cluster.galera.record import WSREP_STATUS
from cluster.haproxy.record import HAPROXY_STAT
from cluster.layer import MOST, Load
from cluster.layers import BY_NAME, DEPLOYED, UNITS, unit_of
from cluster.outcome import Outcome
from cluster.rabbitmq.record import RABBIT_CLUSTER
from cluster.state import HOSTS, ClusterState
from cluster.wire.journal import Entry, StepResult
from engine import leftover
from engine.planning import carried, stages
from engine.rollouts import host_of
from engine.runbook import Broken, Plan, View
from engine.runbooks import rollout
from operations import servers
from operations.procedure import carry_out
from operations.steps import Step
from tests.unit.test_health import CONTROLLERS, DATABASES, GALERA, SPEC, proxy, unit
from tests.unit.test_rest import BROKERS, GONE, REST

SETTINGS = "/etc/mysql/mariadb.conf.d/60-hatui.cnf"


def change(layer: str, host: str, what: str = "write a file", unit: str = "") -> Change:
    return Change(layer, host, what, unit=unit)


def order(changes: Sequence[Change], state: ClusterState = REST, canary: str = "") -> list[str]:
    return [stage.name for stage in stages(SPEC, state, changes, canary)]


def test_the_writer_and_the_owner_of_the_vip_come_last() -> None:
    changes = [change("galera", name) for name in DATABASES]
    assert order(changes) == ["galera/mysql2", "galera/mysql3", "galera/mysql1"]
    other = REST.having({HAPROXY_STAT: {name: proxy("mysql3") for name in REST[HAPROXY_STAT]}})
    assert order(changes, other) == ["galera/mysql1", "galera/mysql2", "galera/mysql3"]
    balancers = [change("keepalived", name) for name in ("haproxy1", "haproxy2")]
    assert order(balancers) == ["keepalived/haproxy2", "keepalived/haproxy1"]


def test_the_broker_with_most_clients_comes_last() -> None:
    clients = {"cc01": 5, "cc02": 9, "cc03": 0}
    servers = tuple(replace(one, sessions=clients.get(one.name, 0)) for one in proxy().servers)
    state = REST.having({HAPROXY_STAT: {name: replace(proxy(), servers=servers) for name in REST[HAPROXY_STAT]}})
    planned = stages(SPEC, state, [change("rabbitmq", name) for name in CONTROLLERS])
    assert [stage.hosts for stage in planned] == [("cc03",), ("cc01",), ("cc02",)]
    assert planned[-1].why == "a broker with 18 clients"
    assert [stage.canary for stage in planned] == [True, False, False]


def test_the_layers_have_their_order_and_only_changed_hosts_are_in_it() -> None:
    changed = (("rabbitmq", "cc02"), ("base", "mysql1"), ("base", "net01"), ("haproxy", "haproxy1"))
    wanted = ["base/net01", "base/mysql1", "haproxy/haproxy1", "rabbitmq/cc02"]
    assert order([change(*one) for one in changed]) == wanted
    assert order([]) == []


def test_a_canary_that_is_named_goes_first_where_it_is_changed() -> None:
    changes = [change("galera", name) for name in DATABASES] + [change("haproxy", "haproxy1")]
    planned = stages(SPEC, REST, changes, "mysql1")
    assert [stage.name for stage in planned[1:]] == ["galera/mysql1", "galera/mysql2", "galera/mysql3"]
    assert planned[1].why == "the canary, though it is the writer"


def test_all_controllers_take_corosyncs_settings_at_once() -> None:
    changes = [Change("pacemaker", name, "write corosync.conf", unit="corosync.service") for name in CONTROLLERS[:2]]
    (stage,) = stages(SPEC, REST, changes)
    assert stage.hosts == CONTROLLERS and stage.name == "pacemaker/all"
    assert stage.effects == (UNITS["corosync.service"].effect,)


def test_what_changes_the_whole_cluster_goes_with_the_canary_or_with_a_quiet_host() -> None:
    account = change("galera", "", "mysql1: create the account x")
    first, second = stages(SPEC, REST, [account, change("galera", "mysql3"), change("galera", "mysql1")])
    assert account in first.changes and account not in second.changes
    (alone,) = stages(SPEC, REST, [account])
    assert alone.name == "galera/mysql2"


def test_a_changed_file_that_a_unit_reads_has_an_effect() -> None:
    assert unit_of(SETTINGS) == "mariadb.service"
    assert unit_of("/etc/hosts") == ""
    (stage,) = stages(SPEC, REST, [change("galera", "mysql2", unit="mariadb.service")])
    assert stage.effects == (UNITS["mariadb.service"].effect,)


def test_a_diff_is_harmless_short_and_keeps_its_indentation() -> None:
    assert bounded(["+    a\x1b[31mb", "-\tc", " "]) == ("+    a[31mb", "-    c", " ")
    many = bounded([f"+{number}" for number in range(1000)])
    assert len(many) == 401 and many[-1] == "… and 600 more lines"
    assert len(bounded(["+"] * 400)) == 400
    assert bounded(["+"] * 401)[400:] == ("… and 1 more lines",)
    assert [len(line) for line in bounded(["+" + "x" * 300, "+" + "x" * 301, f"+{' ' * 41}x"])] == [301, 301, 42]


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`plan` of the runbook, for a cluster on which `changes` are to be made."""
    found = [change("galera", name) for name in DATABASES]

    def plan(state: ClusterState = REST, broken: Sequence[Broken] = (), **parameters: str) -> Plan:
        monkeypatch.setattr(rollout, "changes", lambda _, layers: [one for one in found if one.layer in layers])
        return rollout.plan(View(SPEC, state, Path("x.py"), broken), **parameters)

    return plan


def names(plan: Plan) -> list[str]:
    return [step.name.split(":")[0] + (" soak" if "soak" in step.name else "") for step in plan.steps]


def test_a_rollout_has_a_preflight_a_canary_a_soak_and_then_host_by_host(planned: Any) -> None:
    plan = planned()
    assert names(plan) == ["preflight", "galera/mysql2", "galera/mysql2 soak", "galera/mysql3", "galera/mysql1"]
    assert plan.in_stages and plan.pause_after is None and not plan.refused
    assert names(planned(soak="0s")) == ["preflight", "galera/mysql2", "galera/mysql3", "galera/mysql1"]
    assert planned(layer="haproxy").steps == []


def test_a_soak_ends_at_once_when_the_run_is_asked_to_stop_and_is_not_done_then(
    planned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftover, "seen", lambda _: REST)
    _, _, soak, last, _ = planned(soak="3600").steps
    told: list[Entry] = []
    reasons = iter([None, None, None])

    result = carry_out(
        [Step("the canary", lambda: None), soak, last],
        told.append,
        lambda: next(reasons, "It was asked to stop."),
        in_stages=True,
    )
    assert result.outcome is Outcome.STOPPED
    assert "after 0 of 3600 s: It was asked to stop." in result.reason
    last_word = told[-1]
    assert isinstance(last_word, StepResult) and (last_word.step, last_word.ok) == (1, False)


@pytest.mark.parametrize(("after", "step"), [("canary", 2), ("galera", 4), ("galera/mysql2", 2), ("galera/mysql3", 3)])
def test_it_pauses_after_the_stage_that_was_named(planned: Any, after: str, step: int) -> None:
    assert planned(pause_after=after).pause_after == step


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"layer": "swift"}, "There is no layer swift"),
        ({"canary": "mysql9"}, "There is no host mysql9"),
        ({"canary": "cc01"}, "Nothing changes on cc01"),
        ({"soak": "soon"}, "soak is soon"),
        ({"soak": "99999999"}, "a day at most"),
        ({"pause_after": "galera/cc01"}, "there are canary, galera/mysql2"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(planned: Any, parameters: dict[str, str], said: str) -> None:
    plan = planned(**parameters)
    assert said in plan.refused and not plan.steps


def test_a_cluster_that_is_not_steady_or_does_not_run_is_refused(planned: Any) -> None:
    away = REST.having({HOSTS: {**REST.hosts, "net01": GONE}})
    assert "net01" in planned(away).refused
    down = replace(GALERA, running=False)
    nothing = REST.having(
        {
            HAPROXY_STAT: {name: replace(proxy(), servers=()) for name in REST[HAPROXY_STAT]},
            WSREP_STATUS: dict.fromkeys(DATABASES, down),
            RABBIT_CLUSTER: {name: replace(node, running=False) for name, node in BROKERS.items()},
        }
    )
    assert "does not run yet" in planned(nothing).refused


DRAINED = REST.having({HAPROXY_STAT: {name: proxy("mysql1", {"mysql2": "MAINT"}) for name in REST[HAPROXY_STAT]}})
DIED = Broken("1", "rollout", {}, "galera/mysql2: write; restart")


def test_what_a_dead_rollout_left_drained_is_given_back_first(planned: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(DRAINED, [DIED])
    assert names(plan)[:2] == ["mysql2", "preflight"] and plan.broken == ["1"]
    assert plan.pause_after is None
    assert planned(DRAINED, [DIED], pause_after="canary").pause_after == 3
    given: list[str] = []
    monkeypatch.setattr(servers, "undrain", lambda _, backend, server: given.append(server))
    plan.steps[0].act()
    assert given == ["mysql2"]
    # It died again while it gave it back.
    again = Broken("2", "rollout", {}, plan.steps[0].name)
    assert names(planned(DRAINED, [again, DIED]))[0] == "mysql2"


def test_a_node_that_is_still_restarting_is_waited_for(planned: Any) -> None:
    smaller = {name: replace(GALERA, size=2) for name in DATABASES}
    down = replace(GALERA, running=False, service=unit("mariadb.service"))
    state = DRAINED.having({WSREP_STATUS: {**smaller, "mysql2": down}})
    assert names(planned(state, [DIED]))[0] == "mysql2"


def test_what_somebody_else_drained_is_not_touched(planned: Any) -> None:
    assert "hatui undrain mysql2" in planned(DRAINED).refused
    other = Broken("1", "rollout", {}, "galera/mysql3: write; restart")
    assert "hatui undrain mysql2" in planned(DRAINED, [other]).refused
    assert "hatui undrain mysql2" in planned(DRAINED, [replace(DIED, runbook="drain")]).refused


def test_the_host_of_a_step_is_a_field_of_its_own_in_the_journal_and_stands_in_the_name_in_former_ones() -> None:
    named = "galera/mysql1: write /etc/mysql/conf.d/a: b"
    assert host_of(Broken("1", "rollout", {}, named, "mysql2")) == "mysql2"
    assert host_of(Broken("1", "rollout", {}, named, "")) == ""
    assert host_of(Broken("1", "rollout", {}, "galera/mysql1: soak, 5 s")) == "mysql1"
    assert host_of(Broken("1", "rollout", {}, "mysql1: back into service")) == "mysql1"
    assert host_of(Broken("1", "rollout", {}, "preflight: the cluster is at rest")) == "preflight"


def test_a_rollouts_steps_name_host_layer_and_stage(planned: Any) -> None:
    told = [(step.on, step.layer, step.stage) for step in planned().steps]
    assert told[0] == ("", "", "")
    assert all((host, layer, stage) == (host, "galera", f"galera/{host}") for host, layer, stage in told[1:]), told


def test_the_layers_are_those_that_are_deployed() -> None:
    openstack = {"cache", "keystone", "placement", "glance", "nova", "neutron", "cinder", "horizon", "agents"}
    openstack |= {"network_pacemaker"}
    assert set(DEPLOYED) == {"base", "haproxy", "keepalived", "galera", "rabbitmq", "pacemaker", "ports"} | openstack


def test_what_carries_traffic_is_counted_for_its_own_layer_and_for_the_base() -> None:
    servers = tuple(
        replace(server, sessions=4) if (server.backend, server.name) == ("rabbitmq", "cc02") else server
        for server in proxy().servers
    )
    state = REST.having({HAPROXY_STAT: dict.fromkeys(REST[HAPROXY_STAT], replace(proxy(), servers=servers))})
    broker = {"cc02": Load(8, "a broker with 8 clients")}
    writer = {"mysql1": Load(MOST, "the writer")}
    vip = {"haproxy1": Load(MOST, "the VIP's owner")}
    controller = {"cc01": Load(MOST, "the controllers' VIP owner")}
    for layer, found in (
        ("rabbitmq", broker), ("galera", writer), ("haproxy", vip), ("keepalived", vip), ("pacemaker", controller),
        ("base", broker | controller | writer | vip),
    ):  # fmt: skip
        assert carried(SPEC, state, BY_NAME[layer]) == found
