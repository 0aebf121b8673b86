"""The controllers' cluster: records from real answers, the gates, what is written into the CIB."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster.corosync.record import QuorumNode
from cluster.pacemaker.gates import is_settled, may_configure, may_reload
from cluster.pacemaker.record import CrmFailure, CrmStatus
from cluster.spec import Cluster, Corosync, FencingDevice, Host, Keepalived, Pacemaker, Role, Ssh
from cluster.stacks import CONTROLLERS
from cluster.state import Unknown
from deploy.pacemaker_cib import wanted_configuration
from deploy.pacemaker_files import BMC_PASSWORD, IPMITOOL, corosync_files, fencing_files
from facts.corosync import parse_corosync
from facts.pacemaker import lacking, parse_crm_mon

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = ("cc01", "cc02", "cc03")
SPEC = Cluster(
    name="test",
    network="192.168.54.0/24",
    release="bookworm",
    hosts={name: Host(name, f"192.168.54.{100 + n}", Role.CONTROLLER) for n, name in enumerate(NAMES)},
    ssh=Ssh(),
    keepalived=Keepalived(vip="192.168.54.47"),
    pacemaker=Pacemaker(
        vip="192.168.54.48",
        fencing={name: FencingDevice(f"192.168.54.{200 + n}", "halab") for n, name in enumerate(NAMES)},
    ),
)


def crm(fixture: str) -> CrmStatus:
    status = parse_crm_mon((FIXTURES / "pacemaker" / f"{fixture}.txt").read_text())
    assert isinstance(status, CrmStatus), status
    return status


def quorum(fixture: str) -> QuorumNode:
    node = parse_corosync((FIXTURES / "corosync" / f"{fixture}.txt").read_text())
    assert isinstance(node, QuorumNode), node
    return node


def test_a_healthy_cluster() -> None:
    status = crm("healthy")
    assert status.running and status.quorate and status.stonith_enabled and not status.maintenance_mode
    assert [(node.name, node.online, node.unclean) for node in status.nodes] == [(name, True, False) for name in NAMES]
    assert sum(node.is_dc for node in status.nodes) == 1
    assert next(node.name for node in status.nodes if node.is_dc) == status.dc
    assert {resource.id: resource.agent for resource in status.resources} == {
        "controller-vip": "ocf:heartbeat:IPaddr2",
        **{f"fence-{name}": "stonith:fence_ipmilan" for name in NAMES},
    }
    assert all(resource.active and len(resource.nodes) == 1 for resource in status.resources)
    assert (status.bans, status.failures) == ((), ())
    assert status.service is not None and status.service.active == "active"


def test_a_controller_that_is_being_fenced_is_unclean() -> None:
    status = crm("fencing")
    assert [(node.name, node.online, node.unclean) for node in status.nodes if node.unclean] == [("cc01", False, True)]


def test_a_fenced_controller_is_offline_its_vip_elsewhere_and_the_fencing_told_of() -> None:
    status = crm("fenced")
    assert [node.name for node in status.nodes if not node.online] == ["cc01"]
    assert next(one.nodes for one in status.resources if one.id == "controller-vip") == ("cc02",)
    assert [(event.target, event.status) for event in status.fencing[:1]] == [("cc01", "success")]


def test_a_constraint_that_a_move_left_is_told_of() -> None:
    assert crm("banned").bans == ("cli-ban-controller-vip-on-cc01",)


def test_how_often_a_resource_failed_and_how_often_it_may() -> None:
    resources = {resource.id: resource for resource in crm("failcounts").resources}
    assert {name: dict(one.fail_counts) for name, one in resources.items() if one.fail_counts} == {
        "controller-vip": {"cc01": 2},
        "fence-cc01": {"cc02": 1_000_000},
    }
    assert {name: one.migration_threshold for name, one in resources.items()} == {
        "controller-vip": 3,
        **dict.fromkeys((f"fence-{name}" for name in NAMES), None),
    }


@pytest.mark.parametrize("count", ["many", "-1", "2.5", "9" * 5000, ""])
def test_a_fail_count_that_can_not_be_read_hides_nothing_else(count: str) -> None:
    text = (FIXTURES / "pacemaker" / "failcounts.txt").read_text().replace('fail-count="2"', f'fail-count="{count}"')
    status = parse_crm_mon(text)
    assert isinstance(status, CrmStatus) and len(status.resources) == 4
    assert status.resources[0].fail_counts == {}


def test_where_resources_may_not_run_or_had_better_is_told_in_words() -> None:
    status = crm("failcounts")
    assert status.constraints == (
        *(f"fence-{name} not on {name}" for name in NAMES),
        "controller-vip on cc03, score 50",
        "controller-vip not on cc02",
        "controller-vip by a rule, ruled",
    )
    # Only what a move left is to be taken away.
    assert status.bans == ("cli-ban-controller-vip-on-cc02",)
    assert crm("banned").constraints == ("controller-vip not on cc01",)


def test_no_more_than_a_hundred_constraints_are_told() -> None:
    text = (FIXTURES / "pacemaker" / "failcounts.txt").read_text()
    one = '<rsc_location id="near" rsc="controller-vip" node="cc03" score="50"/>'
    assert one in text
    status = parse_crm_mon(text.replace(one, one * 5000))
    assert isinstance(status, CrmStatus) and len(status.constraints) == 100
    assert status.bans == ("cli-ban-controller-vip-on-cc02",)


def test_pacemaker_that_is_down() -> None:
    status = crm("down")
    assert (status.running, status.service is not None and status.service.active) == (False, "inactive")


def test_one_that_hangs_could_not_be_asked() -> None:
    hung = parse_crm_mon((FIXTURES / "pacemaker" / "hung.txt").read_text())
    assert isinstance(hung, Unknown) and "pacemaker is active, and crm_mon gave no answer" in hung.reason


HOSTILE = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><pacemaker-result>&b;</pacemaker-result>'


@pytest.mark.parametrize(
    "text", ["", "no XML\nLeft=\n\nServices=\n", f"{HOSTILE}\nLeft=\n\nServices=\n", "<a><b></a>\nLeft=\n\nServices=\n"]
)
def test_what_can_not_be_read_is_unknown(text: str) -> None:
    assert isinstance(parse_crm_mon(text), Unknown)
    assert isinstance(parse_corosync(text.replace("\nServices=", "")), Unknown)


def test_text_from_a_host_is_harmless() -> None:
    text = (FIXTURES / "pacemaker" / "healthy.txt").read_text().replace('name="cc02"', 'name="&#x202e;c&#x9b;c02"')
    status = parse_crm_mon(text)
    assert isinstance(status, CrmStatus) and status.nodes[1].name == "cc02"


def test_membership() -> None:
    node = quorum("healthy")
    assert (node.running, node.quorate, node.votes, node.expected, node.members) == (True, True, 3, 3, NAMES)
    assert node.service.restart_due is False
    node = quorum("degraded")
    assert (node.quorate, node.votes, node.expected, node.members) == (True, 2, 3, NAMES[1:])
    node = quorum("down")
    assert (node.running, node.quorate, node.service.active) == (False, False, "inactive")


GOOD = dict.fromkeys(NAMES, crm("healthy"))


def with_node(**changes: Any) -> CrmStatus:
    healthy = crm("healthy")
    return replace(healthy, nodes=(*healthy.nodes[:2], replace(healthy.nodes[2], **changes)))


@pytest.mark.parametrize(
    "node,words",
    [
        (Unknown("can't be reached"), "cc02 can't be reached"),
        (crm("down"), "cc02: Pacemaker does not run"),
        (replace(crm("healthy"), quorate=False), "cc02 is in no cluster with quorum"),
        (with_node(online=False), "cc02 does not see cc03 online"),
        (with_node(pending=True), "cc02 does not see cc03 online"),
        (replace(crm("healthy"), dc="cc03"), "do not agree on the DC"),
    ],
)
def test_the_configuration_is_written_only_with_all_online(node: CrmStatus | Unknown, words: str) -> None:
    assert may_configure(GOOD) is None
    assert words in (may_configure({**GOOD, "cc02": node}) or "")


def test_configured_is_what_runs() -> None:
    status = crm("healthy")
    assert is_settled(status) is None
    stopped = replace(status.resources[1], active=False)
    assert "fence-cc01 runs nowhere" in (is_settled(replace(status, resources=(stopped, *status.resources[2:]))) or "")
    failed = replace(status, failures=(CrmFailure("fence-cc01_start_0", "cc02", "no answer"),))
    assert is_settled(failed) == "fence-cc01_start_0 on cc02: no answer"


@pytest.mark.parametrize(
    "node,words",
    [(quorum("degraded"), "cc02 sees 2 of 3"), (quorum("down"), "not in a membership"), (Unknown("x"), "cc02 x")],
)
def test_new_settings_are_taken_over_only_with_all_members(node: QuorumNode | Unknown, words: str) -> None:
    nodes: dict[str, QuorumNode | Unknown] = dict.fromkeys(NAMES, quorum("healthy"))
    assert may_reload(nodes) is None
    assert words in (may_reload({**nodes, "cc02": node}) or "")


def test_what_is_wanted_is_found_in_the_cib_that_it_made() -> None:
    seen = (FIXTURES / "pacemaker" / "configuration.xml").read_text()
    assert lacking(wanted_configuration(SPEC, CONTROLLERS), seen) == ()
    moved = replace(SPEC, pacemaker=replace(SPEC.pacemaker, vip="192.168.54.49"))
    assert lacking(wanted_configuration(moved, CONTROLLERS), seen) == (
        "~ nvpair controller-vip-instance_attributes-ip: value 192.168.54.48 -> 192.168.54.49",
    )
    assert "+ primitive id=controller-vip class=ocf provider=heartbeat type=IPaddr2" in lacking(
        wanted_configuration(SPEC, CONTROLLERS), ""
    )
    other = lacking(wanted_configuration(SPEC, CONTROLLERS), seen.replace("fence-cc03", "fence-cc04"))
    assert "+ primitive id=fence-cc03 class=stonith type=fence_ipmilan" in other
    assert lacking(wanted_configuration(SPEC, CONTROLLERS), "no XML")


def test_fencing_is_off_only_without_any_device() -> None:
    off, on = 'name="stonith-enabled" value="false"', 'name="stonith-enabled" value="true"'
    assert on in wanted_configuration(SPEC, CONTROLLERS)
    assert off in wanted_configuration(replace(SPEC, pacemaker=Pacemaker(vip="192.168.54.48")), CONTROLLERS)


def test_an_inventory_value_stays_a_value_in_the_cib() -> None:
    device = FencingDevice("192.168.54.200", '"/><primitive id="evil')
    text = wanted_configuration(
        replace(SPEC, pacemaker=Pacemaker(vip="192.168.54.48", fencing={"cc01": device})), CONTROLLERS
    )
    assert text.count("<primitive") == 2


KEY = "QUJDRA=="


def test_corosync_is_encrypted_on_knet_and_the_key_is_roots_alone() -> None:
    key, settings, _ = corosync_files(SPEC, CONTROLLERS, KEY)
    assert (key.content, key.mode, key.user) == (b"ABCD", "0400", "root")
    # Not the file that is there (corosync(8)).
    assert settings.check == "corosync -t -c {}"
    text = settings.content.decode()
    assert "crypto_cipher: aes256" in text and "crypto_hash: sha256" in text and "token: 1000" in text
    assert [line.strip() for line in text.splitlines() if "ring0" in line] == [
        f"ring0_addr: 192.168.54.10{n}" for n in range(3)
    ]
    multicast = corosync_files(replace(SPEC, corosync=Corosync(transport="udp")), CONTROLLERS, KEY)[1].content.decode()
    assert "mcastaddr: 239.225.47.10" in multicast and "bindnetaddr: 192.168.54.0" in multicast
    assert "crypto_cipher: none" in multicast


def test_the_bmcs_password_reaches_ipmitool_by_a_file_alone(tmp_path: Path) -> None:
    password, wrapper = fencing_files("s3cret pass")
    assert (password.path, password.mode, wrapper.path) == (BMC_PASSWORD, "0400", IPMITOOL)
    assert b"s3cret" not in wrapper.content
    program = tmp_path / "ipmitool"
    # The real one is replaced by one that shows its arguments.
    program.write_bytes(wrapper.content.replace(b"exec /usr/bin/ipmitool", b"printf '[%s]'"))
    program.chmod(0o755)
    given = ["-I", "lanplus", "-H", "h", "-U", "a b", "-P", "", "-L", "administrator", "chassis", "power", "status"]
    shown = subprocess.run([program, *given], capture_output=True, text=True, check=True).stdout
    assert shown == f"[-f][{BMC_PASSWORD}][-I][lanplus][-H][h][-U][a b][-L][administrator][chassis][power][status]"
