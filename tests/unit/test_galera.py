"""Galera: the record from real answers, the gates, the server's settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pyinfra.api.exceptions import PyinfraError

from cluster.galera.gates import (
    incomplete,
    is_synced,
    may_bootstrap,
    may_drain,
    may_join,
    may_restart_galera,
    takes_no_sessions,
)
from cluster.galera.record import GaleraNode
from cluster.galera.recovery import finds_up
from cluster.galera.recovery_record import GaleraPosition
from cluster.galera.verdict import _needs_recovery
from cluster.haproxy.record import ProxyNode, ProxyServer
from cluster.spec import Cluster, Galera, Host, Keepalived, Pacemaker, Role, Ssh
from cluster.state import ServiceState, Unknown
from deploy.galera_files import arbitrator_files, node_files, server_settings
from facts.galera import UserDatabases, parse_wsrep_status
from tests.unit.test_health import GALERA, unit

FIXTURES = Path(__file__).parent / "fixtures" / "galera"


def seen(fixture: str) -> GaleraNode:
    node = parse_wsrep_status((FIXTURES / f"{fixture}.txt").read_text())
    assert isinstance(node, GaleraNode), node
    return node


def test_a_synced_node() -> None:
    node = seen("synced")
    assert (node.running, node.answers, node.ready, node.connected) == (True, True, True, True)
    assert (node.cluster_status, node.state, node.size, node.conf_id) == ("Primary", "Synced", 3, 3)
    assert len(node.uuid) == 36
    assert node.service is not None and node.service.restart_due is False
    assert node.check is not None and node.check.active == "active"


def test_the_state_transfer_window_is_what_the_cache_holds() -> None:
    node = seen("cached")
    assert (node.seqno, node.cached_downto) == (775, 2)
    empty = parse_wsrep_status(
        (FIXTURES / "cached.txt").read_text().replace("cached_downto\t2", f"cached_downto\t{2**64 - 1}")
    )
    assert isinstance(empty, GaleraNode) and (empty.ready, empty.cached_downto) == (True, None)
    # A node that is down, and what a former fact's command said.
    assert seen("down").cached_downto is seen("synced").cached_downto is None


def test_a_server_that_is_stopped_by_a_signal_runs_and_does_not_answer() -> None:
    node = seen("stopped")
    assert (node.running, node.answers, node.state) == (True, False, "")


def test_a_killed_server_that_systemd_will_start_again_is_down_and_crashed() -> None:
    node = seen("restarting")
    assert (node.running, node.seqno, node.safe_to_bootstrap) == (False, -1, False)
    assert node.uuid


def test_a_server_that_starts_is_joining() -> None:
    text = (FIXTURES / "restarting.txt").read_text().replace("SubState=auto-restart", "SubState=start")
    node = parse_wsrep_status(text)
    assert isinstance(node, GaleraNode)
    assert (node.running, node.answers, node.state) == (True, False, "Joining")


def test_a_node_in_the_minority() -> None:
    node = seen("nonprimary")
    assert (node.running, node.answers, node.ready) == (True, True, False)
    assert (node.cluster_status, node.conf_id) == ("non-Primary", -1)


def test_a_node_that_was_stopped_cleanly() -> None:
    node = seen("down")
    assert not node.running and node.seqno > 0 and node.safe_to_bootstrap is True
    assert node.service is not None and node.service.active == "inactive"


def test_nodes_without_data_of_a_cluster() -> None:
    for fixture in ("wiped", "nothing-installed"):
        node = seen(fixture)
        assert (node.running, node.uuid, node.seqno, node.safe_to_bootstrap) == (False, "", -1, None)


def test_a_server_without_galera() -> None:
    node = seen("standalone")
    assert node.running and node.standalone and not node.uuid and not is_synced(node)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bash: line 1: mariadb: command not found\n",
        "Exit=",
        "Exit=x\n",
        "\x00\x1b[31m\nExit=0\n",
        "wsrep_on\tON\nExit=0\n",
    ],
)
def test_garbage_is_unknown_and_harmless(text: str) -> None:
    node = parse_wsrep_status(text)
    assert isinstance(node, Unknown)
    assert node.reason.isprintable()


def test_a_server_that_refuses_root_is_unknown() -> None:
    text = "ERROR 1045 (28000): Access denied for user 'root'@'localhost'\nExit=1\nProcesses=1\n"
    node = parse_wsrep_status(text)
    assert isinstance(node, Unknown) and "1045" in node.reason


def test_control_characters_do_not_get_into_a_record() -> None:
    text = (FIXTURES / "synced.txt").read_text().replace("\tSynced", "\tSyn\x1b[2Jced\u202e")
    node = parse_wsrep_status(text)
    assert isinstance(node, GaleraNode) and node.state == "Syn[2Jced"


def test_user_databases_leave_the_servers_own_out() -> None:
    lines = ["/var/lib/mysql/sys", "/var/lib/mysql/nova", "/var/lib/mysql/mysql", "/var/lib/mysql/glance"]
    assert UserDatabases().process(lines) == ("glance", "nova")


# -- gates -----------------------------------------------------------------------------------------------------------

SYNCED = GaleraNode(
    running=True,
    uuid="u",
    seqno=9,
    ready=True,
    connected=True,
    cluster_status="Primary",
    state="Synced",
    size=3,
    conf_id=7,
)
FRESH = GaleraNode(running=False, uuid="", seqno=-1)
DOWN = GaleraNode(running=False, uuid="u", seqno=9, safe_to_bootstrap=False)


def three(a: GaleraNode | Unknown, b: GaleraNode | Unknown, c: GaleraNode | Unknown) -> dict[str, GaleraNode | Unknown]:
    return {"mysql1": a, "mysql2": b, "mysql3": c}


def test_a_cluster_is_created_where_none_ever_was() -> None:
    assert may_bootstrap(three(FRESH, FRESH, FRESH), {}, "mysql1") is None
    standalone = replace(FRESH, running=True, standalone=True)
    assert may_bootstrap(three(standalone, FRESH, standalone), {"mysql1": ("nova",)}, "mysql1") is None


def test_a_member_that_cannot_be_asked_is_named_and_nothing_is_created() -> None:
    reason = may_bootstrap(three(FRESH, Unknown("can't be reached (timed out)."), FRESH), {}, "mysql1")
    assert reason is not None and "mysql2 can't be reached (timed out)" in reason


def test_data_of_a_cluster_on_any_node_means_no_new_cluster_and_names_the_way_to_recover_it() -> None:
    newest = replace(DOWN, seqno=12, safe_to_bootstrap=True)
    reason = may_bootstrap(three(FRESH, DOWN, newest), {}, "mysql1")
    assert reason is not None
    assert "mysql3: down, uuid u, seqno 12, safe_to_bootstrap 1" in reason
    assert "`hatui recover galera`" in reason


@pytest.mark.parametrize(
    "node",
    [
        replace(SYNCED, cluster_status="non-Primary", ready=False, state="Initialized"),
        GaleraNode(running=True, answers=False, uuid="", seqno=-1),
        GaleraNode(running=True, answers=False, uuid="", seqno=-1, state="Joining"),
    ],
)
def test_a_server_that_runs_outside_of_the_primary_component_forbids_a_new_one(node: GaleraNode) -> None:
    reason = may_bootstrap(three(FRESH, FRESH, node), {}, "mysql1")
    assert reason is not None and "mysql3: its server runs" in reason


def test_databases_of_a_future_joiner_are_never_overwritten() -> None:
    reason = may_bootstrap(three(FRESH, FRESH, FRESH), {"mysql2": ("nova",)}, "mysql1")
    assert reason is not None and "mysql2 holds databases (nova)" in reason
    reason = may_join(three(SYNCED, FRESH, SYNCED), {"mysql2": ("nova",)}, "mysql2")
    assert reason is not None and "nova" in reason


def test_who_may_join() -> None:
    assert may_join(three(SYNCED, FRESH, FRESH), {}, "mysql2") is None
    assert may_join(three(SYNCED, DOWN, SYNCED), {"mysql2": ("nova",)}, "mysql2") is None
    for nodes, words in (
        (three(FRESH, FRESH, FRESH), "no Primary component"),
        (three(SYNCED, FRESH, replace(FRESH, running=True, answers=False, state="Joining")), "mysql3 is receiving"),
        (three(replace(SYNCED, state="Donor/Desynced"), FRESH, SYNCED), "mysql1 sends its state"),
        (three(SYNCED, replace(DOWN, uuid="other"), SYNCED), "another cluster (uuid other"),
        (three(SYNCED, replace(DOWN, seqno=10), SYNCED), "seqno 10; the cluster is at 9"),
        (three(SYNCED, Unknown("no answer"), SYNCED), "mysql2"),
    ):
        reason = may_join(nodes, {}, "mysql2")
        assert reason is not None and words in reason


def test_what_the_tablespace_says_counts_only_where_the_state_file_names_no_cluster() -> None:
    other = GaleraPosition("other", 99, filed_uuid=None, filed_seqno=-1)
    assert may_join(three(SYNCED, DOWN, SYNCED), {}, "mysql2", other) is None
    reason = may_join(three(SYNCED, replace(DOWN, uuid=""), SYNCED), {}, "mysql2", other)
    assert reason is not None and "another cluster (uuid other" in reason


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (Unknown("can't be reached"), "mysql3 can't be read: can't be reached"),
        (DOWN, "mysql3 is down"),
        (replace(SYNCED, answers=False, state=""), "mysql3 does not answer"),
        (replace(SYNCED, answers=False, state="Joining"), "mysql3 is receiving its state"),
        (replace(SYNCED, running=True, standalone=True), "mysql3 runs without Galera"),
        (replace(SYNCED, state="Donor/Desynced"), "mysql3 is Donor/Desynced"),
        (replace(SYNCED, state="Joined"), "mysql3 is Joined"),
        (replace(SYNCED, cluster_status="non-Primary"), "mysql3 is not in the Primary component (non-Primary)"),
        (replace(SYNCED, cluster_status=""), "mysql3 is not in the Primary component (no component)"),
        (replace(SYNCED, size=2), "mysql3 sees 2 of 3 members"),
        (replace(SYNCED, conf_id=8), "mysql3 8"),
        (replace(SYNCED, ready=False), "mysql3 is not ready"),
    ],
)
def test_no_restart_unless_every_node_is_at_rest(node: GaleraNode | Unknown, words: str) -> None:
    reason = may_restart_galera(three(SYNCED, SYNCED, node), "mysql1", 3)
    assert reason is not None and reason.startswith("mysql1 is not restarted: ")
    assert words in reason


def test_a_restart_when_all_is_well_and_nobody_left_in_between() -> None:
    whole = three(SYNCED, SYNCED, SYNCED)
    assert may_restart_galera(whole, "mysql1", 3) is None


def test_an_arbitrator_counts() -> None:
    two = {"mysql1": SYNCED, "mysql2": SYNCED}
    assert incomplete(two, 3) is None
    assert incomplete({name: replace(SYNCED, size=2) for name in two}, 3) == "mysql1 sees 2 of 3 members"


def proxy(**statuses: str) -> ProxyNode:
    servers = tuple(ProxyServer("galera", name, "", status, "", 0, False, 0, 0) for name, status in statuses.items())
    return ProxyNode("2.6", 1, servers, {}, ServiceState("haproxy.service", "active", "running", True))


def test_a_node_takes_sessions_again_when_every_balancer_finds_it_up() -> None:
    good = proxy(mysql1="UP", mysql2="UP 1/3")
    assert takes_no_sessions({"haproxy1": good, "haproxy2": good}, "mysql1") is None
    reason = takes_no_sessions({"haproxy1": good, "haproxy2": proxy(mysql1="DRAIN")}, "mysql1")
    assert reason == "mysql1 is DRAIN on haproxy2, not UP"
    assert takes_no_sessions({"haproxy1": good}, "mysql3") == "mysql3 is absent on haproxy1, not UP"
    assert takes_no_sessions({}, "mysql1") is None


def test_a_node_that_is_up_with_weight_0_takes_no_sessions_and_one_that_nobody_checks_does() -> None:
    node = proxy(mysql1="UP", mysql2="UP", mysql3="no check")
    node = replace(node, servers=(node.servers[0], replace(node.servers[1], weight=0), node.servers[2]))
    assert takes_no_sessions({"haproxy1": node}, "mysql2") == "mysql2 is UP with weight 0 on haproxy1"
    assert takes_no_sessions({"haproxy1": node}, "mysql3") is None
    assert may_drain({"haproxy1": node}, "mysql1") is None
    alone = replace(node, servers=node.servers[:2])
    assert "UP (mysql2 UP with weight 0)" in str(may_drain({"haproxy1": alone}, "mysql1"))
    # Who is sent nothing lives all the same: nothing is begun beside it.
    assert finds_up({"haproxy1": node}, "mysql2") == "haproxy1"
    assert finds_up({"haproxy1": node}, "mysql3") is None


def test_the_last_node_that_is_up_is_not_drained() -> None:
    assert may_drain({"haproxy1": proxy(mysql1="UP", mysql2="UP")}, "mysql1") is None
    reason = may_drain({"haproxy1": proxy(mysql1="UP", mysql2="DOWN")}, "mysql1")
    assert reason is not None and "haproxy1 has no other database node that is UP (mysql2 DOWN)" in reason


# -- settings --------------------------------------------------------------------------------------------------------


def cluster(galera: Galera) -> Cluster:
    hosts = {f"mysql{n}": Host(f"mysql{n}", f"10.0.0.{n}", Role.GALERA) for n in (1, 2, 3)}
    hosts["net01"] = Host("net01", "10.0.0.9", Role.NETWORK)
    return Cluster(
        "c", "10.0.0.0/24", "bookworm", hosts, Ssh(), Keepalived("10.0.0.47"), Pacemaker("10.0.0.48"), galera=galera
    )


def test_every_node_has_the_full_list_always() -> None:
    for name in ("mysql1", "mysql2", "mysql3"):
        settings = server_settings(cluster(Galera()), name)
        assert settings["wsrep_cluster_address"] == "gcomm://10.0.0.1,10.0.0.2,10.0.0.3"
        assert settings["wsrep_node_name"] == name
        assert settings["bind_address"] == settings["wsrep_node_address"]


def test_settings_of_the_inventory_come_last_and_once() -> None:
    galera = Galera(settings={"max-connections": 500, "gcache.size": "64M", "init_connect": 'SET @a="\\"'})
    settings = server_settings(cluster(galera), "mysql1")
    assert settings["max_connections"] == "500" and "max-connections" not in settings
    assert settings["init_connect"] == '"SET @a=\\"\\\\\\""'
    assert "gcache.size=64M" in settings["wsrep_provider_options"]
    assert "gcache.size=1G" not in settings["wsrep_provider_options"]


@pytest.mark.parametrize(
    "settings", [{"a b": 1}, {"x\ny": 1}, {"init_connect": "a\nwsrep_on=OFF"}, {"gcache.size": "1; pc.bootstrap=yes"}]
)
def test_settings_that_would_become_other_settings_are_refused(settings: dict[str, str | int]) -> None:
    with pytest.raises(PyinfraError, match=r"galera\.settings"):
        server_settings(cluster(Galera(settings=settings)), "mysql1")


def test_the_timeouts_keep_galeras_rule() -> None:
    options = server_settings(cluster(Galera()), "mysql1")["wsrep_provider_options"].strip('"')
    seconds = {
        key: float(value.removeprefix("PT").removesuffix("S"))
        for key, _, value in (option.partition("=") for option in options.split("; "))
        if key.startswith("evs.")
    }
    assert seconds["evs.keepalive_period"] <= seconds["evs.suspect_timeout"] / 3
    assert seconds["evs.inactive_check_period"] <= seconds["evs.suspect_timeout"] / 2
    assert seconds["evs.suspect_timeout"] < seconds["evs.inactive_timeout"]


def test_the_arbitrators_file_leaves_nothing_for_a_shell_to_read() -> None:
    file = arbitrator_files(cluster(Galera(arbitrator="net01")), "net01")[0]
    assert b"GALERA_NODES='10.0.0.1:4567 10.0.0.2:4567 10.0.0.3:4567'" in file.content
    with pytest.raises(PyinfraError, match="GALERA_GROUP"):
        arbitrator_files(cluster(Galera(cluster_name="a'; reboot; '")), "net01")


def test_the_servers_file_is_judged_by_mariadbd_itself() -> None:
    file = node_files(cluster(Galera()), "mysql1")[0]
    assert file.check is not None and "--defaults-file={}" in file.check and "runuser -u mysql" in file.check


@pytest.mark.parametrize(
    ("down", "of", "needed"), [(1, 3, False), (2, 3, True), (1, 2, False), (2, 4, False), (3, 4, True)]
)
def test_a_recovery_is_due_once_more_than_half_of_the_servers_are_down(down: int, of: int, *, needed: bool) -> None:
    up = replace(GALERA, cluster_status="non-Primary", state="Initialized", ready=False)
    ended = replace(GALERA, running=False, answers=False, service=unit("mariadb.service", "inactive"))
    nodes = {f"db{number}": ended if number < down else up for number in range(of)}
    assert _needs_recovery(nodes) is needed
