"""The network nodes' own cluster: what makes it, how it is judged, and that there is nothing of it by default."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cluster.agents.names import AGENTS, L3_UNIT
from cluster.agents.record import AgentsNode
from cluster.agents.verdict import without_heir
from cluster.assess import assess
from cluster.corosync.names import UNIT as COROSYNC
from cluster.corosync.record import QuorumNode
from cluster.health.verdict import LayerHealth, Verdict
from cluster.layers import asked
from cluster.layers.agents import AGENTS_LAYER
from cluster.pacemaker.record import CrmNode, CrmStatus
from cluster.picture import picture
from cluster.ports.rules import guarded
from cluster.spec import Cluster
from cluster.stacks import CONTROLLERS, NETWORK
from cluster.state import ClusterState
from cluster.steady import gates, not_steady
from cluster.validate import SpecError, cluster_spec
from deploy import secrets
from deploy.agents_cib import not_under_pacemaker, under_pacemaker
from deploy.agents_files import drop_ins
from deploy.pacemaker_cib import wanted_configuration
from deploy.pacemaker_files import corosync_files
from engine.handling import on
from engine.layers.agents import HANDLING
from engine.layers.pacemaker import HANDLINGS
from engine.runbook import View
from engine.runbooks import rollout
from facts.base import drop_in_path
from facts.pacemaker import CrmConfiguration
from operations import agents, pacemaker
from operations.steps import Refused, Step
from tests.unit.inventories import ABSENT, Change, inventory
from tests.unit.test_agents import FIRST, ROUTER, SECOND, WELL, without
from tests.unit.test_controllers_gates import resource
from tests.unit.test_health import unit
from tui.console.depth import depth_of

NODES = ("net1", "net2")
DEVICES = {name: {"address": f"127.9.0.4{number}", "user": "fence"} for number, name in enumerate(NODES, 1)}
CLONES = [f"hatui-{name.removesuffix('.service')}" for name in AGENTS]


def spec_of(*changes: Change, **given: str) -> Cluster:
    """A cluster with two network nodes whose agents Pacemaker keeps, unless `given` says otherwise."""
    return cluster_spec(
        inventory(
            (("hosts", "network"), dict(zip(NODES, ("127.8.0.41", "127.8.0.42"), strict=True))),
            *((((name,), {})) for name in ("keystone", "placement", "nova", "neutron")),
            (("glance",), {"shared": True}),
            *((("pacemaker", "fencing", name), DEVICES[name]) for name in NODES),
            (("agents",), {"availability": "pacemaker", **given}),
            *changes,
        )
    )


SPEC = spec_of()
PLAIN = spec_of(availability="vrrp")
QUORATE = QuorumNode(True, True, 2, 2, NODES, unit(COROSYNC))
CRM = CrmStatus(
    running=True,
    dc="net1",
    quorate=True,
    stonith_enabled=True,
    maintenance_mode=False,
    nodes=tuple(CrmNode(name, True, False, False, False, False, name == "net1") for name in NODES),
    resources=(
        *(resource(name, host, common=f"{name}-clone") for name in CLONES for host in NODES),
        replace(resource("fence-net1", "net2"), agent="stonith:fence_ipmilan"),
        replace(resource("fence-net2", "net1"), agent="stonith:fence_ipmilan"),
    ),
    failures=(),
    fencing=(),
    bans=(),
    service=unit("pacemaker.service"),
)


def disabled(seen: AgentsNode) -> AgentsNode:
    return replace(seen, units=tuple(replace(one, enabled=False) for one in seen.units))


def state_of(first: AgentsNode | None = None, second: AgentsNode | None = None, crm: CrmStatus = CRM) -> ClusterState:
    return ClusterState(
        {
            "agents": {"net1": first or disabled(FIRST), "net2": second or disabled(SECOND)},
            "network_corosync": dict.fromkeys(NODES, QUORATE),
            "network_pacemaker": dict.fromkeys(NODES, crm),
        }
    )


def judged(name: str, state: ClusterState, spec: Cluster = SPEC) -> LayerHealth:
    return next(one for one in assess(spec, state) if one.layer == name)


def test_by_default_there_is_nothing_of_it() -> None:
    assert asked(PLAIN, "net1") == ("lock", "agents", "ports")
    assert under_pacemaker(PLAIN) == "" and guarded(PLAIN, "net1") == ()
    assert not {"network_corosync", "network_pacemaker"} & {one.layer for one in assess(PLAIN, ClusterState())}
    assert all("Restart=on-failure\n" in file.content.decode() for file in drop_ins(PLAIN))
    # All of it goes, the agents and what fences; what is the controllers' is in another cluster.
    assert not_under_pacemaker(PLAIN) == (
        *(f"{name}-clone" for name in CLONES),
        *("fence-net1-elsewhere", "fence-net2-elsewhere", "fence-net1", "fence-net2"),
    )
    # With a lab's inventory, which has the nodes' devices, the controllers' cluster fences controllers alone.
    assert "net1" not in wanted_configuration(PLAIN, CONTROLLERS)


def test_it_is_all_of_two_and_another_one_than_the_controllers() -> None:
    (key, settings, _), (others, theirs, _) = (
        corosync_files(SPEC, stack, said) for stack, said in ((NETWORK, "QUJD"), (CONTROLLERS, "REVG"))
    )
    text, other = settings.content.decode(), theirs.content.decode()
    assert key.content != others.content and key.path == others.path
    assert "two_node: 1\n" in text and "wait_for_all: 1\n" in text and "expected_votes: 2\n" in text
    assert "two_node" not in other and "wait_for_all" not in other
    assert "cluster_name: hatui-network\n" in text and "cluster_name: hatui\n" in other
    assert re.findall("ring0_addr: (.*)", text) == ["127.8.0.41", "127.8.0.42"]
    third = spec_of(
        (("hosts", "network", "net3"), "127.8.0.43"),
        (("pacemaker", "fencing", "net3"), {**DEVICES["net1"], "port": 624}),
    )
    assert "two_node" not in corosync_files(third, NETWORK, "QUJD")[1].content.decode()
    udp = spec_of((("corosync",), {"transport": "udp", "multicast_port": 4000}))
    ports = [
        re.findall("mcastport: (.*)", corosync_files(udp, stack, "QUJD")[1].content.decode())
        for stack in (CONTROLLERS, NETWORK)
    ]
    # Each takes the port below its own as well.
    assert ports == [["4000"], ["4002"]]
    assert {one.numbers for one in guarded(udp, "net1")} == {"5404-5405", "4001-4002"}
    assert secrets.MADE["network_corosync_authkey"] is secrets.MADE["corosync_authkey"]


def test_its_cib_has_the_agents_on_both_and_no_vip() -> None:
    text = wanted_configuration(SPEC, NETWORK)
    assert "IPaddr2" not in text and "ctl1" not in text and 'name="stonith-enabled" value="true"' in text
    # Where each has lost the other, one of them is fenced first.
    assert text.count('name="pcmk_delay_base"') == 1
    assert 'fence-net1-instance_attributes-pcmk_delay_base" name="pcmk_delay_base" value="5s"' in text
    # Each is watched from the other one while that is there: a negative score would keep it away for good.
    assert 'rsc="fence-net1" node="net2" score="1000"' in text and 'rsc="fence-net2" node="net1" score="1000"' in text
    assert "INFINITY" not in text
    theirs = wanted_configuration(SPEC, CONTROLLERS)
    assert "pcmk_delay_base" not in theirs and theirs.count('score="-INFINITY"') == 3
    mine = under_pacemaker(SPEC)
    assert re.findall('<clone id="([^"]*)"', mine) == [f"{name}-clone" for name in CLONES]
    assert mine.count('name="unit" value="') == mine.count('provider="hatui"') == 4
    # A stop that fails is no reason to take a node away, and no failure is one to give an agent up.
    assert mine.count('name="stop" interval="0s" timeout="120s" on-fail="block"') == 4
    assert "migration-threshold" not in mine
    assert not_under_pacemaker(SPEC) == ()
    by_systemd = under_pacemaker(spec_of(agent="systemd"))
    assert by_systemd.count('class="systemd" type="neutron-') == 4 and "hatui" not in by_systemd.replace('"hatui-', "")
    assert all("Restart=no\n" in file.content.decode() for file in drop_ins(SPEC))
    assert any("KillMode=process\n" in file.content.decode() for file in drop_ins(SPEC))


def test_the_change_from_the_one_to_the_other_is_not_rolled_out() -> None:
    by_pacemaker, by_systemd = state_of(), state_of(FIRST, SECOND)
    assert not AGENTS_LAYER.at_once(SPEC, by_pacemaker) and not AGENTS_LAYER.at_once(PLAIN, by_systemd)
    told = AGENTS_LAYER.at_once(SPEC, by_systemd)
    assert told.startswith("agents.availability is pacemaker now: that is done on all network nodes at once. Do it by ")
    assert "`pyinfra INVENTORY deploy/ha.py`" in told
    assert rollout.plan(View(SPEC, by_systemd, Path("x.py"))).refused == told
    told = AGENTS_LAYER.at_once(PLAIN, by_pacemaker)
    assert told.startswith("agents.availability is vrrp now")
    # What was done by half is finished by the same deploy; what one node lacks by hand, a rollout puts right.
    assert AGENTS_LAYER.at_once(SPEC, state_of(second=SECOND)) and not AGENTS_LAYER.at_once(PLAIN, state_of(FIRST))
    assert not AGENTS_LAYER.at_once(SPEC, ClusterState({}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((("agents", "availability"), "raid"), "agents.availability is 'raid': it must be vrrp or pacemaker."),
        ((("agents", "agent"), "upstart"), "agents.agent is 'upstart': it must be hatui or systemd."),
        ((("hosts", "network", "net2"), ABSENT), "hosts.network has 1: for a cluster of their own it must be 2, or 3"),
        ((("pacemaker", "fencing", "net2"), ABSENT), "pacemaker.fencing.net2 is missing: where some network nodes can"),
        (
            (("corosync",), {"transport": "udp", "multicast_port": 65534}),
            "corosync.multicast_port is 65534: the network nodes have the port 2 above it, so it must be at",
        ),
    ],
)
def test_what_it_can_not_be_made_of_is_named(change: Change, said: str) -> None:
    with pytest.raises(SpecError) as raised:
        spec_of(change)
    assert said in str(raised.value)


def test_all_is_well_and_each_of_it_is_told() -> None:
    state = state_of()
    assert asked(SPEC, "net1") == ("lock", "network_corosync", "network_pacemaker", "agents", "ports")
    assert judged("network_corosync", state).reason == "2 of 2 network nodes are quorate"
    layer = judged("network_pacemaker", state)
    assert (layer.verdict, layer.reason) == (Verdict.OK, "6 resources run, all network nodes are fenced")
    assert judged("agents", state).verdict is Verdict.OK
    counts = {one.name: (one.need, one.now) for one in gates(SPEC, state) if one.name.startswith("network ")}
    assert counts == {
        "network membership": ("2 quorate, 2 see all", "2 quorate, 2 see all"),
        "network resources": ("2 online, 0 failed, 0 bans", "2 online, 0 failed, 0 bans"),
    }
    told = {str(thing.name): how for thing, how in picture(SPEC, state).items() if thing.fact == "network_pacemaker"}
    assert told["net1 in Pacemaker"] == "online" and told[f"the resource {CLONES[0]}-clone"] == "net1, net2"
    for name in ("network_corosync", "network_pacemaker"):
        depth = depth_of(name)
        assert depth is not None
        shown = depth(state)
        assert "net2" in "\n".join(map(str, shown)) and {line.layer for line in shown} <= {name, ""}


def test_what_is_amiss_is_told_and_shuts_the_gate() -> None:
    unfenced = replace(CRM, stonith_enabled=False)
    layer = judged("network_pacemaker", state_of(crm=unfenced))
    assert layer.verdict is Verdict.WARN and "unfenced" in layer.reason
    lost = replace(CRM, quorate=False)
    layer = judged("network_pacemaker", state_of(crm=lost))
    assert layer.verdict is Verdict.FAIL and "none of 2 network nodes is in a cluster with quorum" in layer.reason
    reasons = [one.now for one in gates(SPEC, state_of(crm=lost)) if one.name == "network resources"]
    assert "Pacemaker is not complete" in reasons[0]
    assert not_steady(SPEC, state_of(crm=lost)) is not None
    # Whoever else starts an agent would start it beside Pacemaker.
    both = judged("agents", state_of(first=FIRST))
    assert both.verdict is Verdict.WARN and "starts at boot, where Pacemaker alone is to start it" in both.reason
    assert "does not start at boot" in judged("agents", state_of(), PLAIN).reason


def test_a_node_is_drained_of_its_agents_and_then_of_its_routers() -> None:
    view = View(SPEC, state_of(), Path("inventory.py"))
    mine = [one for one in on(SPEC, "net1") if one in (HANDLINGS["network_pacemaker"], HANDLING)]
    steps = [step.name for one in mine for step in one.drained(view, "net1").steps]
    assert steps == [
        "net1 hands its resources over (standby)",
        "the routers of net1 go to the other network nodes",
    ]
    assert HANDLING.drained(view, "net2").steps == ()
    standby = replace(CRM, nodes=(replace(CRM.nodes[0], standby=True), CRM.nodes[1]))
    back = View(SPEC, state_of(crm=standby), Path("inventory.py"))
    (step,) = HANDLINGS["network_pacemaker"].given_back(back, "net1").steps
    assert step.name == "net1 may run resources again (online)"
    assert HANDLINGS["network_pacemaker"].taken_out(back.state) == {"net1"}
    assert HANDLINGS["pacemaker"].taken_out(back.state) == set()


def test_routers_go_only_where_there_is_a_backup_and_no_agent_that_starts_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert without_heir({"net1": FIRST, "net2": SECOND}, "net1") is None
    said = without_heir({"net1": FIRST, "net2": replace(WELL, dead=(ROUTER,))}, "net1")
    assert said == f"1 router ({ROUTER}) of net1 without a backup on another network node"
    seen = {"net1": FIRST}
    done: list[str] = []
    monkeypatch.setattr(agents, "look", lambda name, _: seen[name])
    monkeypatch.setattr(agents, "shell", lambda _, words, **__: done.append(words))
    for seen["net1"] in (FIRST, without(FIRST, "neutron-dhcp-agent.service")):
        with pytest.raises(Refused, match="would start what is ended there"):
            agents.let_go(NODES, "net1").act()
    seen["net1"] = without(FIRST, L3_UNIT)
    agents.let_go(NODES, "net1").act()
    assert "kill -TERM" in done[0]
    said = "net1 is the primary of 1 router"
    assert agents.carries_routers("net1") == HANDLING.carried(SPEC, "net1") == said
    # Where hatui has ended nothing, routers come and go by themselves.
    assert HANDLING.carried(PLAIN, "net1") is None
    seen["net1"] = SECOND
    assert agents.carries_routers("net1") is None


def test_what_pacemaker_has_stopped_is_started_by_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = without(disabled(FIRST), L3_UNIT)
    assert HANDLING.restart is not None
    view = View(SPEC, state_of(first=stopped), Path("inventory.py"))
    assert "Pacemaker is to start it first (`hatui undrain net1`)" in HANDLING.restart.planned(view, False).refused
    assert HANDLING.restart.planned(View(PLAIN, view.state, Path("inventory.py")), False).refused == ""
    restarts: list[tuple[str, ...]] = []
    monkeypatch.setattr(agents, "look", lambda *_: stopped)
    monkeypatch.setattr(agents, "silent", lambda _: None)
    monkeypatch.setattr(agents, "restart", lambda _, units, **__: restarts.append(tuple(units)))
    agents.brought_back("net1", clustered=True)
    assert restarts == []
    agents.brought_back("net1", clustered=False)
    assert restarts == [(L3_UNIT,)]


def test_only_a_cluster_that_hatui_has_made_is_disbanded(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    running = CRM
    monkeypatch.setattr(pacemaker, "host", SimpleNamespace(name="net1", get_fact=lambda *_, **__: seen))
    monkeypatch.setattr(pacemaker, "_status", lambda _: running)
    assert list(pacemaker.disbanded._inner(["/etc/corosync/authkey"])) == []
    seen[drop_in_path(COROSYNC)] = ()
    (step,) = pacemaker.disbanded._inner([])
    assert isinstance(step, Step)
    with pytest.raises(Refused, match="fence-net2 runs in it, and is not hatui's: take it out first"):
        step.act()
    running = replace(CRM, resources=())
    told, key, last = map(str, pacemaker.disbanded._inner(["/etc/corosync/authkey"]))
    assert "systemctl disable --quiet --now pacemaker.service corosync.service" in told
    # What tells whose it is goes last: what broke off is done again.
    assert "rm -f -- /etc/corosync/authkey" in key and f"rm -f -- {drop_in_path(COROSYNC)}" in last


def test_a_change_is_tried_only_where_all_are_online(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of those that have just started, the scheduler thinks that they are to be fenced.
    seen = CRM
    monkeypatch.setattr(
        pacemaker,
        "look_all",
        lambda hosts, fact: dict.fromkeys(hosts, "<configuration/>" if fact is CrmConfiguration else seen),
    )

    def tried(*_: object) -> tuple[()]:
        raise Refused("it would fence net2")

    monkeypatch.setattr(pacemaker, "tried", tried)
    (step,) = pacemaker.configured._inner(NODES, wanted_configuration(SPEC, NETWORK))
    assert isinstance(step, Step)
    with pytest.raises(Refused, match="it would fence net2"):
        step.act()
    seen = replace(CRM, nodes=(CRM.nodes[0], replace(CRM.nodes[1], online=False)))
    (step,) = pacemaker.configured._inner(NODES, wanted_configuration(SPEC, NETWORK))
    assert isinstance(step, Step) and step.difference
