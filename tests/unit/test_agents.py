"""Neutron's agents on the network nodes: what a node's answer says, how that is judged, and what a node gets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cluster.agents.names import AGENTS, NEUTRON_CONFIG, SWITCH_CONFIG, SWITCH_UNIT, VSWITCHD_UNIT
from cluster.agents.record import AgentsNode
from cluster.agents.settings import Agents
from cluster.assess import assess
from cluster.health.verdict import LayerHealth, Verdict
from cluster.layers import unit_of
from cluster.layers.agents import AGENTS_LAYER
from cluster.openstack.table import NEUTRON, NOVA
from cluster.picture import picture
from cluster.ports.rules import guarded
from cluster.spec import Cluster
from cluster.starts import starts
from cluster.state import ClusterState, Unknown
from cluster.steady import gates
from cluster.validate import SpecError, cluster_spec
from deploy import agents_files, openstack_own, openstack_settings
from engine.layers.agents import HANDLING
from engine.runbook import View
from facts.agents import AgentsServe, SwitchBridges
from operations import agents, service
from operations.files import masked
from tests.unit.inventories import Change, inventory
from tests.unit.test_health import unit
from tui.console.depth.agents import lines, numbers

ROUTER, OTHER = "3f1c2a7e-0000-4000-8000-000000000001", "3f1c2a7e-0000-4000-8000-000000000002"
WELL = AgentsNode(unit(SWITCH_UNIT), tuple(unit(name) for name in (VSWITCHD_UNIT, *AGENTS)))
FIRST = replace(WELL, primary=(ROUTER,), networks=1)
SECOND = replace(WELL, backup=(ROUTER,), networks=1)
USERSPACE = {"physical": "physnet1:eth1", "vlans": "physnet1:100:199", "datapath": "netdev"}


def spec_of(**given: str) -> Cluster:
    """A cluster with two network nodes and these settings of their agents."""
    return cluster_spec(inventory(*_openstack(), (("agents",), given)))


def _openstack() -> list[Change]:
    return [
        (("hosts", "network"), {"net1": "127.8.0.41", "net2": "127.8.0.42"}),
        *((((name,), {})) for name in ("keystone", "placement", "nova", "neutron")),
        (("glance",), {"shared": True}),
    ]


SPEC = spec_of()


def state_of(*nodes: AgentsNode | Unknown) -> ClusterState:
    return ClusterState({"agents": dict(zip(("net1", "net2"), nodes, strict=True))})


def judged(*nodes: AgentsNode | Unknown) -> LayerHealth:
    return next(one for one in assess(SPEC, state_of(*nodes)) if one.layer == "agents")


def without(node: AgentsNode, name: str) -> AgentsNode:
    """The same with that unit failed."""
    away = [replace(one, active="failed", sub="failed") if one.unit == name else one for one in node.units]
    return replace(node, units=tuple(away))


def test_both_nodes_run_all_and_each_router_has_one_primary() -> None:
    layer = judged(FIRST, SECOND)
    assert (layer.verdict, layer.reason) == (Verdict.OK, "2 of 2 hosts run all agents, 1 router with a primary")
    assert [host.shows for host in layer.hosts] == [
        "primary of 1 of 1 router, 1 network",
        "primary of 0 of 1 router, 1 network",
    ]


def test_an_agent_that_is_down_is_the_hosts_failure_and_all_of_them_the_layers() -> None:
    down = without(FIRST, "neutron-dhcp-agent.service")
    layer = judged(down, SECOND)
    assert (layer.verdict, [host.verdict for host in layer.hosts]) == (Verdict.WARN, [Verdict.FAIL, Verdict.OK])
    assert "net1: neutron-dhcp-agent is failed (failed)" in layer.reason
    assert judged(down, without(SECOND, VSWITCHD_UNIT)).verdict is Verdict.FAIL
    # While one can't be asked, it is not known that none runs.
    assert judged(down, Unknown("can't be reached")).verdict is not Verdict.FAIL


def test_a_router_without_a_primary_or_with_two_is_told() -> None:
    layer = judged(replace(FIRST, primary=(), backup=(ROUTER,)), SECOND)
    assert layer.verdict is Verdict.WARN and f"1 router ({ROUTER}) without a primary" in layer.reason
    layer = judged(FIRST, replace(SECOND, primary=(ROUTER, OTHER), backup=()))
    assert layer.verdict is Verdict.WARN and f"1 router ({ROUTER}) with more than one primary" in layer.reason
    # Who can't be asked may be the primary.
    assert (
        "primary:" not in judged(Unknown("x"), SECOND).reason and "without" not in judged(Unknown("x"), SECOND).reason
    )
    many = tuple(f"r{number}" for number in range(5))
    assert "5 routers (r0, r1, r2 and 2 more) without a primary" in judged(replace(WELL, backup=many), WELL).reason


def test_what_an_agent_has_not_started_is_told() -> None:
    layer = judged(FIRST, replace(SECOND, backup=(), dead=(ROUTER,), unserved=2))
    assert layer.verdict is Verdict.WARN and layer.hosts[1].verdict is Verdict.WARN
    assert "net2: 1 router without a keepalived" in layer.reason and "2 networks without a dnsmasq" in layer.reason


def test_a_router_of_which_nothing_is_told_is_no_router_without_a_primary() -> None:
    layer = judged(replace(FIRST, primary=(), mute=(ROUTER,)), SECOND)
    assert layer.verdict is Verdict.WARN and "without a primary" not in layer.reason
    assert "net1: 1 router of which neutron-keepalived-state-change has not told" in layer.reason
    assert layer.hosts[0].shows == "primary of 0 of 1 router, 1 network"


def test_units_that_do_not_start_at_boot_or_run_with_former_settings_are_told() -> None:
    lazy = replace(FIRST, switch=replace(FIRST.switch, enabled=False))
    assert "openvswitch-switch does not start at boot" in judged(lazy, SECOND).reason
    # What forwards is started by that one, and is never enabled itself.
    static = replace(FIRST, units=tuple(replace(one, enabled=one.unit != VSWITCHD_UNIT) for one in FIRST.units))
    assert judged(static, SECOND).verdict is Verdict.OK
    due = replace(FIRST, units=tuple(replace(one, restart_due=one.unit != VSWITCHD_UNIT) for one in FIRST.units))
    assert "neutron-l3-agent runs with former settings, restart due" in judged(due, SECOND).reason


def test_the_gate_the_events_and_the_starts_tell_of_them() -> None:
    down = without(SECOND, "neutron-l3-agent.service")
    gate = next(one for one in gates(SPEC, state_of(FIRST, down)) if one.name == "agents")
    assert gate.need == "2 run all agents"
    assert gate.now.startswith("1 run all agents: neutron-l3-agent is failed (failed) on net2")
    torn = next(one for one in gates(SPEC, state_of(FIRST, FIRST)) if one.name == "agents")
    assert "with more than one primary" in torn.now
    told = {thing.host: how for thing, how in picture(SPEC, state_of(FIRST, down)).items() if thing.fact == "agents"}
    assert told == {"net1": "running, primary of routers", "net2": "neutron-l3-agent is failed (failed)"}
    started = replace(FIRST, units=tuple(replace(one, started="a") for one in FIRST.units))
    assert {one.unit for one in starts(state_of(started, SECOND))} >= set(AGENTS)


SHOWN = "\n\n".join(
    f"Id={name}\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNeedDaemonReload=no"
    for name in (SWITCH_UNIT, VSWITCHD_UNIT, *AGENTS)
)


def read(said: str) -> AgentsNode | Unknown:
    return AgentsServe().process(f"{SHOWN}\n\n{said}".splitlines())


def test_what_a_node_says_is_read() -> None:
    said = (
        f"Router={ROUTER} primary keepalived\nRouter={OTHER} backup keepalived\nRouter=x primary none\n"
        "Router=y master keepalived\nRouter=z none keepalived\nNetwork=dnsmasq\nNetwork=none\nAgents=end"
    )
    node = read(said)
    assert isinstance(node, AgentsNode)
    assert (node.primary, node.backup, node.dead, node.mute) == ((ROUTER, "y"), (OTHER,), ("x",), ("z",))
    assert (node.networks, node.unserved, node.away) == (1, 1, ())
    assert [one.unit for one in node.units] == [VSWITCHD_UNIT, *AGENTS]


@pytest.mark.parametrize("said", ["", f"Router={ROUTER}\nAgents=end", "Network=dnsmasq"])
def test_an_answer_that_breaks_off_is_none(said: str) -> None:
    assert isinstance(read(said), Unknown)
    assert isinstance(AgentsServe().process(["Agents=end"]), Unknown)


def test_the_switchs_bridges_are_read() -> None:
    said = ["br-int netdev patch-tun", "br-physnet1 netdev eth1 phy-br-physnet1", "br-x", ""]
    assert SwitchBridges().process(said) == {
        "br-int": ("netdev", ("patch-tun",)),
        "br-physnet1": ("netdev", ("eth1", "phy-br-physnet1")),
    }
    assert SwitchBridges().process([]) == {}


def test_what_is_so_on_a_node_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bridges = {"br-physnet1": ("netdev", ("eth1", "phy-br-physnet1")), "br-x": ("system", ("eth2",))}
    host = SimpleNamespace(get_fact=lambda *_, **__: bridges)
    monkeypatch.setattr(agents, "host", host)
    said = [step.what for step in agents.bridged._inner({"br-physnet1": "eth1", "br-x": "eth2"}, "netdev")]
    # Another datapath, another interface, none at all.
    assert said == ["put eth2 into the bridge br-x"]
    (step,) = agents.bridged._inner({"br-physnet1": "eth9"}, "netdev")
    assert "-- set bridge br-physnet1 datapath_type=netdev -- --may-exist add-port br-physnet1 eth9" in str(step)
    assert len(list(agents.bridged._inner({"br-new": "eth1"}, "system"))) == 1
    seen = {one.unit: one for one in (unit("a"), unit("b", "inactive"), replace(unit("c", "failed"), enabled=False))}
    monkeypatch.setattr(service, "host", SimpleNamespace(get_fact=lambda *_, **__: seen))
    rests = [step.what for step in service.resting._inner(["a", "b", "c", "d"])]
    assert rests == ["stop a, and have it not start", "stop b, and have it not start"]


def test_what_runs_with_former_settings_is_restarted_node_by_node_and_only_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    due = replace(FIRST, units=tuple(replace(one, restart_due="l3" in one.unit) for one in FIRST.units))
    nodes: dict[str, AgentsNode | Unknown] = {"net1": due, "net2": SECOND, "net3": Unknown("can't be reached")}
    monkeypatch.setattr(agents, "taking_part", lambda hosts: hosts)
    monkeypatch.setattr(agents, "look_all", lambda hosts, _: {name: nodes[name] for name in hosts})
    (one,) = agents.rolled._inner(["net1", "net2"], False)
    assert one.name == "net1: restart neutron-l3-agent.service" and one.on == "net1"
    assert len(list(agents.rolled._inner(["net1", "net3"], False))) == 2


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (FIRST, None),
        (
            without(FIRST, "neutron-l3-agent.service"),
            "net1: neutron-l3-agent is failed (failed), see /var/log/neutron there",
        ),
        (replace(FIRST, unserved=1), "net1: 1 network without a dnsmasq, see /var/log/neutron there"),
        (Unknown("can't be reached"), "net1: can't be reached"),
    ],
)
def test_a_node_is_back_once_all_is_served_again(
    monkeypatch: pytest.MonkeyPatch, node: AgentsNode | Unknown, why: str | None
) -> None:
    monkeypatch.setattr(agents, "look", lambda *_: node)
    assert agents.silent("net1") == why


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"physical": "physnet1"}, "agents.physical has 'physnet1'"),
        ({"physical": "a-name-of-13-x:eth1"}, "agents.physical has"),
        ({"physical": "physnet1:eth1", "vlans": "physnet1:200:100"}, "agents.vlans has 'physnet1:200:100'"),
        ({"physical": "physnet1:eth1", "vlans": "physnet1:1:4095"}, "agents.vlans has"),
        ({"vlans": "physnet2:1:2"}, "agents.vlans names physnet2, which is no physical network"),
        ({"datapath": "dpdk"}, "agents.datapath is 'dpdk': it must be system or netdev"),
        ({"datapath": "netdev"}, "agents.vlans is not given: with the datapath netdev there are no tunnels"),
    ],
)
def test_what_they_can_not_be_made_of_is_named(given: dict[str, str], said: str) -> None:
    with pytest.raises(SpecError) as raised:
        spec_of(**given)
    assert said in str(raised.value)


def test_they_need_neutron() -> None:
    with pytest.raises(SpecError, match="agents needs neutron"):
        cluster_spec(inventory((("agents",), {})))
    assert "agents" not in [layer.layer for layer in assess(cluster_spec(inventory()), ClusterState({}))]


def test_the_edges_of_what_is_allowed() -> None:
    mine = Agents(physical="physnet1:eth1, dc-2:bond0.7", vlans="physnet1:1:4094")
    spec_of(physical=mine.physical, vlans=mine.vlans)
    assert mine.bridges == {"br-physnet1": "eth1", "br-dc-2": "bond0.7"}
    # An administrator may make a network of any VLAN of the other one.
    assert mine.ranges == ("dc-2", "physnet1:1:4094")


@pytest.fixture
def known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openstack_settings, "secret", lambda _, name: f"pass$/{name}")


@pytest.mark.usefixtures("known_secrets")
def test_tunnels_begin_at_the_hosts_own_address_and_come_from_any_host_that_computes() -> None:
    files = agents_files.settings(SPEC, "net2")
    switch = files[SWITCH_CONFIG]
    assert switch["ovs"] == {"datapath_type": "system", "bridge_mappings": "", "local_ip": "127.8.0.42"}
    assert switch["agent"]["tunnel_types"] == "vxlan"
    assert files["/etc/neutron/l3_agent.ini"]["DEFAULT"]["ovs_use_veth"] == "false"
    # The other ends are hosts that compute, which the inventory does not have.
    assert guarded(SPEC, "net1") == ()
    ml2 = openstack_own.settings(SPEC, NEUTRON, "ctl1")["/etc/neutron/plugins/ml2/ml2_conf.ini"]
    assert (
        ml2["ml2"]["mechanism_drivers"] == "openvswitch,l2population" and ml2["ml2"]["tenant_network_types"] == "vxlan"
    )


@pytest.mark.usefixtures("known_secrets")
def test_without_a_kernel_that_switches_networks_are_vlans() -> None:
    spec = spec_of(**USERSPACE)
    files = agents_files.settings(spec, "net1")
    assert files[SWITCH_CONFIG]["ovs"] == {
        "datapath_type": "netdev",
        "bridge_mappings": "physnet1:br-physnet1",
        "local_ip": None,
    }
    assert files[SWITCH_CONFIG]["agent"] == {"tunnel_types": "", "l2_population": None}
    assert files["/etc/neutron/dhcp_agent.ini"]["DEFAULT"]["ovs_use_veth"] == "true"
    assert guarded(spec, "net1") == ()
    ml2 = openstack_own.settings(spec, NEUTRON, "ctl1")["/etc/neutron/plugins/ml2/ml2_conf.ini"]
    assert ml2["ml2"]["tenant_network_types"] == "vlan"
    assert ml2["ml2_type_vlan"]["network_vlan_ranges"] == "physnet1:100:199"


@pytest.mark.usefixtures("known_secrets")
def test_a_network_is_taken_from_a_silent_node_only_where_a_third_one_can_have_it() -> None:
    third: Change = (("hosts", "network", "net3"), "127.8.0.43")
    for spec, moves in ((SPEC, "false"), (cluster_spec(inventory(*_openstack(), third)), "true")):
        main = openstack_own.settings(spec, NEUTRON, "ctl1")[NEUTRON.config]["DEFAULT"]
        assert main["allow_automatic_dhcp_failover"] == moves


@pytest.mark.usefixtures("known_secrets")
def test_no_secret_is_shown_and_nova_knows_the_agents_by_theirs() -> None:
    files = agents_files.settings(SPEC, "net1")
    said = "\n".join(f"{value}" for keys in files.values() for section in keys.values() for value in section.values())
    assert "pass" in said and "pass" not in masked(said, agents_files.hidden(SPEC))
    nova = openstack_own.settings(SPEC, NOVA, "ctl1")[NOVA.config]
    mine = files["/etc/neutron/metadata_agent.ini"]["DEFAULT"]
    assert nova["neutron"]["metadata_proxy_shared_secret"] == mine["metadata_proxy_shared_secret"] == "pass$$/metadata"
    shown = masked(
        "\n".join(f"{value}" for value in nova["neutron"].values()), openstack_settings.secrets_in(SPEC, NOVA)
    )
    assert "pass" not in shown.replace("password", "")
    alone = cluster_spec(inventory(*_openstack()))
    # Whose network nodes are not in the inventory gives them the secret; who asks without it is given nothing.
    assert openstack_own.settings(alone, NOVA, "ctl1")[NOVA.config]["neutron"] == nova["neutron"]


def test_a_file_that_others_read_too_is_the_agents_on_their_nodes() -> None:
    assert unit_of(NEUTRON_CONFIG) == "neutron-api.service"
    assert unit_of(NEUTRON_CONFIG, "agents") == next(iter(AGENTS))
    assert unit_of("/etc/hosts", "agents") == unit_of("/etc/hosts", "of another") == ""


def test_what_serves_outlives_the_agent_that_has_started_it() -> None:
    made = {file.path: file.content.decode() for file in agents_files.drop_ins(SPEC)}
    kept = {path for path, text in made.items() if "KillMode=process\n" in text}
    assert len(made) == 4 and {path.split("/")[4] for path in kept} == {
        "neutron-l3-agent.service.d",
        "neutron-dhcp-agent.service.d",
    }
    assert all("RuntimeDirectoryPreserve=yes\n" in text for text in made.values())


def test_who_has_the_primaries_is_not_drained_and_restarts_last() -> None:
    view = View(SPEC, state_of(FIRST, SECOND), Path("inventory.py"))
    assert "net1 is the primary of 1 router" in HANDLING.drained(view, "net1").refused
    assert HANDLING.drained(view, "net2").refused == ""
    assert HANDLING.here(view, "net1") == "primary of 1 of 1 router, 1 network"
    assert HANDLING.restart is not None
    planned = HANDLING.restart.planned(view, False)
    assert [step.on for step in planned.steps] == ["net2", "net1"]
    assert AGENTS_LAYER.loads is not None
    (load,) = AGENTS_LAYER.loads(SPEC, view.state).values()
    assert load.words == "the primary of 1 router"


def test_the_screen_shows_each_node() -> None:
    text = "\n".join(f"{line}" for line in lines(state_of(FIRST, Unknown("can't be reached"))))
    assert "net1" in text and "can't be reached" in text
    assert dict(numbers(state_of(FIRST, SECOND))) == {"routers with a primary": 1, "networks served": 2}
    assert dict(numbers(state_of(Unknown("x"), Unknown("x")))) == {
        "routers with a primary": None,
        "networks served": None,
    }
