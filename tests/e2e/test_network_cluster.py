"""The network nodes' own cluster: Pacemaker keeps neutron's agents, and what serves there never notices."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from cluster.agents.names import AGENTS
from tests.e2e import lab
from tests.e2e.conftest import Deployment
from tests.e2e.dhcp import Guest
from tests.e2e.kept import Kept
from tests.e2e.test_network_nodes import NODES, loses_its_power, primary, router_and_network
from tests.pace import slower, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.openstack]
INVENTORY = """
import runpy
from cluster.spec import Role
from deploy.inventory import cluster_of, members
DATA = runpy.run_path("inventory.py")["DATA"]
DATA["agents"] = {**DATA["agents"], "availability": "pacemaker"}
CLUSTER = cluster_of(DATA)
haproxy, galera, controller, network = (members(CLUSTER, role) for role in Role)
"""
LAYERS = ("network_pacemaker", "agents", "ports")


@pytest.fixture(scope="module")
def clustered(cluster: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    path = tmp_path_factory.mktemp("clustered") / "changed.py"
    path.write_text(INVENTORY)
    found = Kept(path, LAYERS)
    try:
        for layer in LAYERS:
            found.deploy(layer)
        found.all_ok(within=300)
        yield found
    finally:
        for layer in LAYERS:
            lab.deploy(layer)
        lab.all_ok(within=300)


@pytest.fixture(scope="module")
def routed(clustered: Kept) -> Iterator[tuple[str, str]]:
    with router_and_network() as found:
        yield found


def main_pid(node: str, unit: str) -> str:
    return lab.ssh(node, f"systemctl show -p MainPID --value {unit}").strip()


def runs(node: str, unit: str, former: str = "0") -> bool:
    """Whether the unit's own process is there, is another than `former`, and is not stopped."""
    said = lab.ssh(node, f"pid=$(systemctl show -p MainPID --value {unit}); echo $pid; cat /proc/$pid/stat; true")
    pid, _, stat = said.strip().partition("\n")
    return pid not in ("0", former) and ") T " not in stat


def routing(node: str) -> str:
    """The processes that serve routers, which no agent may take along. A network's is started anew by its agent."""
    return lab.ssh(node, "pgrep -x keepalived | sort; true")


def boots() -> list[str]:
    """When each node has booted: who is fenced boots anew."""
    return [lab.ssh(node, "stat -c %Y /proc/1") for node in NODES]


def failures() -> str:
    return lab.ssh(NODES[0], "crm_mon -1 --include=none,failcounts,failures 2>/dev/null; true")


def forget() -> None:
    lab.ssh(NODES[0], "crm_resource --cleanup >/dev/null 2>&1; true", timeout=120)


def test_pacemaker_alone_starts_them_and_a_second_deploy_changes_nothing(clustered: Kept) -> None:
    layers = clustered.layers()
    assert layers["network_corosync"]["reason"] == "2 of 2 network nodes are quorate"
    assert "all network nodes are fenced" in layers["network_pacemaker"]["reason"]
    for node in NODES:
        assert set(lab.ssh(node, f"systemctl is-enabled {' '.join(AGENTS)}; true").split()) == {"disabled"}
        assert all(runs(node, unit) for unit in AGENTS)
    for layer in LAYERS:
        assert clustered.deploy(layer) == []


@pytest.mark.parametrize("signal", ["KILL", "STOP"])
@pytest.mark.parametrize("unit", list(AGENTS))
def test_an_agent_that_falls_out_is_noticed_and_started_anew(
    routed: tuple[str, str], clustered: Kept, unit: str, signal: str
) -> None:
    clustered.all_ok()
    (node,) = primary(routed[0])
    former, before, booted = main_pid(node, unit), routing(node), boots()
    lab.ssh(node, f"kill -{signal} {former}")
    begun = time.monotonic()
    name = f"hatui-{unit.removesuffix('.service')}"
    wait_until(lambda: name in failures(), 60, "Pacemaker has noticed", every=0.2)
    noticed = time.monotonic() - begun
    wait_until(lambda: runs(node, unit, former), 120, "it was started anew", every=0.2)
    repaired = time.monotonic() - begun
    print(f"{unit} {signal}: noticed after {noticed:.1f} s, started anew after {repaired:.1f} s")
    assert noticed <= 10 * slower() and repaired <= 45 * slower(), (noticed, repaired)
    assert before and routing(node) == before and boots() == booted and primary(routed[0]) == [node]
    forget()


def test_a_node_that_loses_its_power_gives_its_router_away_and_addresses_are_given_throughout(
    routed: tuple[str, str], clustered: Kept
) -> None:
    clustered.all_ok()
    lost = loses_its_power(routed, lambda: clustered.all_ok(within=300))
    other = next(node for node in NODES if node != lost)
    assert f"of {lost} successful" in lab.ssh(other, f"stonith_admin -H {lost}")


def test_a_node_that_is_drained_gives_its_routers_away_and_is_given_back(
    routed: tuple[str, str], clustered: Kept
) -> None:
    clustered.all_ok()
    router, network = routed
    (node,) = primary(router)
    other = next(one for one in NODES if one != node)
    with Guest(other, network) as guest:
        clustered.verb("drain", node)
        assert primary(router) == [other]
        assert not any(runs(node, unit) for unit in AGENTS)
        guest.wait_for_acks(3, 20)
        clustered.verb("undrain", node)
        clustered.all_ok(within=300)
    assert guest.gap <= 3 * slower() and primary(router) == [other]


def test_the_agents_and_their_cluster_are_restarted_while_what_serves_goes_on(
    routed: tuple[str, str], clustered: Kept
) -> None:
    clustered.all_ok()
    router, _ = routed
    before = primary(router)
    clustered.verb("restart", "agents")
    assert primary(router) == before and "hatui-" not in failures()
    clustered.verb("restart", "network_pacemaker")
    assert primary(router) == before
    clustered.all_ok(within=300)


def test_nobody_is_fenced_while_the_nodes_are_busy(routed: tuple[str, str], clustered: Kept) -> None:
    clustered.all_ok()
    booted = boots()
    with lab.fault("load", *NODES, processes=8):
        time.sleep(30)
        for node in NODES:
            lab.ssh(node, "kill -STOP $(systemctl show -p MainPID --value neutron-l3-agent)")
        wait_until(lambda: all(runs(node, "neutron-l3-agent") for node in NODES), 120, "they were started anew")
        clustered.deploy("agents")
    assert boots() == booted
    forget()
    clustered.all_ok(within=300)


def test_the_way_back_leaves_nothing_of_the_cluster(routed: tuple[str, str], clustered: Kept) -> None:
    clustered.all_ok()
    router, network = routed
    before = primary(router)
    (node,) = before
    with Guest(next(one for one in NODES if one != node), network) as guest:
        for layer in LAYERS:
            lab.deploy(layer)
        guest.wait_for_acks(3, 20)
        assert guest.gap <= 3 * slower(), guest.gap
    lab.all_ok(within=300)
    for name in NODES:
        assert set(lab.ssh(name, f"systemctl is-enabled {' '.join(AGENTS)}; true").split()) == {"enabled"}
        assert set(lab.ssh(name, "systemctl is-active corosync pacemaker; true").split()) == {"inactive"}
        assert set(lab.ssh(name, "systemctl is-enabled corosync pacemaker; true").split()) == {"disabled"}
    assert primary(router) == before
    for layer in LAYERS:
        assert lab.changes(lab.deploy(layer)) == []
    # And back again, as whoever has this cluster has it.
    for layer in LAYERS:
        clustered.deploy(layer)
    clustered.all_ok(within=300)
