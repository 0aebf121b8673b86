"""Corosync and Pacemaker that give no answer: down on proof alone, and else what was missing. And Corosync's rings."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.assess import assess
from cluster.corosync.record import COROSYNC_QUORUM, QuorumNode, Ring
from cluster.health.verdict import Verdict
from cluster.pacemaker.record import CRM_MON, CrmStatus
from cluster.state import Unknown
from facts.corosync import corosync_command, parse_corosync, parse_rings
from facts.pacemaker import pacemaker_command, parse_crm_mon
from tests.unit.test_health import CONTROLLERS, HEALTHY, QUORUM, SPEC

FIXTURES = Path(__file__).parent / "fixtures"
NOT_CONNECTED = '<pacemaker-result><status code="102" message="Not connected"/></pacemaker-result>'
FORBIDDEN = '<pacemaker-result><status code="4" message="Insufficient privileges"/></pacemaker-result>'
TIMEOUT = "timeout: failed to run command 'corosync-quorumtool': {}"


def unit(name: str, active: str, file: str = "enabled") -> str:
    return f"Id={name}.service\nActiveState={active}\nSubState=x\nUnitFileState={file}\nNeedDaemonReload=no\n"


def crm(said: str, active: str, asked: str = "", file: str = "enabled") -> CrmStatus | Unknown:
    return parse_crm_mon(f"{said}\nLeft=\n\nServices=\n{unit('pacemaker', active, file)}{asked}")


def quorum(said: str, active: str, asked: str = "", file: str = "enabled") -> QuorumNode | Unknown:
    return parse_corosync(f"{said}\n\nServices=\n{unit('corosync', active, file)}{asked}")


@pytest.mark.parametrize(
    ("said", "active", "file", "asked", "words"),
    [
        ("", "inactive", "", "\nAsked=127\nProcess=1\n", "there is no crm_mon"),
        ("", "active", "enabled", "\nAsked=127\nProcess=0\n", "there is no crm_mon"),
        ("", "inactive", "", "", "crm_mon gave no answer, and there is no pacemaker.service"),
        ("", "active", "enabled", "\nAsked=124\nProcess=0\n", "pacemaker is active, and crm_mon got no answer in time"),
        ("", "active", "enabled", "\nAsked=64\nProcess=0\n", "neither of the options --output-as and --as-xml"),
        ("", "active", "enabled", "\nAsked=126\nProcess=0\n", "crm_mon is not permitted"),
        (FORBIDDEN, "active", "enabled", "", "crm_mon is not permitted (Insufficient privileges)"),
        (FORBIDDEN, "inactive", "enabled", "\nAsked=4\nProcess=1\n", "crm_mon is not permitted"),
        (NOT_CONNECTED, "active", "enabled", "\nAsked=102\nProcess=0\n", "is active, and crm_mon says: Not connected"),
        (NOT_CONNECTED, "activating", "enabled", "", "pacemaker is activating, and crm_mon says: Not connected"),
        (NOT_CONNECTED, "inactive", "disabled", "\nAsked=102\nProcess=0\n", "a process of it runs, outside of pace"),
        ("", "active", "enabled", "\nAsked=1\nProcess=0\n", "crm_mon gave no answer (exit code 1)"),
    ],
)
def test_pacemaker_that_could_not_be_asked(said: str, active: str, file: str, asked: str, words: str) -> None:
    answer = crm(said, active, asked, file)
    assert isinstance(answer, Unknown) and words in answer.reason
    nodes = {**HEALTHY[CRM_MON], "cc03": answer}
    layer = next(one for one in assess(SPEC, HEALTHY.having({CRM_MON: nodes})) if one.layer == "pacemaker")
    assert layer.verdict is Verdict.UNKNOWN and "cc03 can't be asked: " in layer.reason


@pytest.mark.parametrize(
    ("said", "active", "file", "asked"),
    [
        (NOT_CONNECTED, "inactive", "enabled", ""),
        (NOT_CONNECTED, "inactive", "enabled", "\nAsked=102\nProcess=1\n"),
        (NOT_CONNECTED, "failed", "disabled", "\nAsked=102\nProcess=1\n"),
        ("", "inactive", "enabled", ""),
        # No unit of that name, but its own client is there, and no process.
        (NOT_CONNECTED, "inactive", "", "\nAsked=102\nProcess=1\n"),
    ],
)
def test_pacemaker_that_is_seen_not_to_run(said: str, active: str, file: str, asked: str) -> None:
    answer = crm(said, active, asked, file)
    assert isinstance(answer, CrmStatus) and not answer.running


@pytest.mark.parametrize(
    ("said", "active", "file", "asked", "words"),
    [
        (TIMEOUT.format("No such file or directory"), "inactive", "", "", "there is no corosync-quorumtool"),
        (TIMEOUT.format("Permission denied"), "active", "enabled", "", "corosync-quorumtool is not permitted"),
        ("sh: 1: corosync-quorumtool: not found", "inactive", "", "", "there is no corosync-quorumtool"),
        ("", "active", "enabled", "\nAsked=124\nProcess=0\n", "corosync-quorumtool got no answer in time"),
        ("Cannot initialize QUORUM service", "active", "enabled", "", "says: Cannot initialize QUORUM service"),
        ("Cannot initialize CMAP service", "inactive", "", "\nAsked=1\nProcess=0\n", "a process of it runs, outside"),
    ],
)
def test_corosync_that_could_not_be_asked(said: str, active: str, file: str, asked: str, words: str) -> None:
    answer = quorum(said, active, asked, file)
    assert isinstance(answer, Unknown) and words in answer.reason


def test_corosync_that_is_seen_not_to_run() -> None:
    for asked in ("", "\nAsked=1\nProcess=1\n", "\nAsked=1\nProcess=127\n"):
        answer = quorum("Cannot initialize CMAP service", "inactive", asked)
        assert isinstance(answer, QuorumNode) and not answer.running


def test_an_answer_without_a_word_of_systemd_is_no_proof() -> None:
    assert parse_crm_mon("\nLeft=\n\nServices=\n") == Unknown("can't be asked: crm_mon gave no answer, nor systemctl")


CLIENTS = {
    # Of Pacemaker 1.1 and 2.0.0 to 2.0.2.
    "crm_mon": """case $* in
*--output-as*) echo "crm_mon: unrecognized option" >&2; exit 64;;
*--as-xml*) echo '<crm_mon version="1.1.18"><summary><current_dc present="true" name="cc01" with_quorum="true"/>'
echo '<cluster_options stonith-enabled="true"/></summary><nodes><node name="cc01" online="true"/></nodes></crm_mon>';;
esac""",
    "cibadmin": "exit 0",
    "systemctl": """printf 'Id=pacemaker.service\\nActiveState=active\\nSubState=running\\nUnitFileState=enabled\\n'""",
}


def run(command: str, folder: Path, **programs: str) -> str:
    """What a command prints where these programs are in its path, each a script; no other but the shell's own."""
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    for name in ("timeout", "pgrep", "cat", "sha256sum"):
        (folder / name).symlink_to(Path("/usr/bin") / name)
    done = subprocess.run(
        ["/bin/sh", "-c", command], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )
    # pyinfra takes any other end for a question that failed.
    assert done.returncode == 0
    return done.stdout


def test_a_crm_mon_of_before_output_as_is_asked_in_its_former_way(tmp_path: Path) -> None:
    answer = parse_crm_mon(run(pacemaker_command(), tmp_path, **CLIENTS))
    assert isinstance(answer, CrmStatus) and answer.running and answer.quorate
    assert [(node.name, node.online, node.health) for node in answer.nodes] == [("cc01", True, "green")]


def test_a_host_without_the_clients_says_so(tmp_path: Path) -> None:
    answer = parse_crm_mon(run(pacemaker_command(), tmp_path, systemctl=CLIENTS["systemctl"]))
    assert answer == Unknown("can't be asked: there is no crm_mon")
    (other := tmp_path / "other").mkdir()
    said = parse_corosync(run(corosync_command(), other, systemctl="echo Id=corosync.service; echo ActiveState=active"))
    assert said == Unknown("can't be asked: there is no corosync-quorumtool")


def test_the_rings_come_with_the_membership(tmp_path: Path) -> None:
    healthy = (FIXTURES / "corosync" / "healthy.txt").read_text().partition("\n\nServices=")[0]
    (tmp_path / "quorum").write_text(healthy)
    (tmp_path / "rings").write_text(KNET)
    answer = parse_corosync(
        run(
            corosync_command(),
            tmp_path,
            systemctl="echo Id=corosync.service; echo ActiveState=active",
            **{"corosync-quorumtool": f"cat {tmp_path}/quorum", "corosync-cfgtool": f"cat {tmp_path}/rings"},
        )
    )
    assert isinstance(answer, QuorumNode)
    assert answer.members == CONTROLLERS and answer.rings == (
        Ring(0, "192.0.2.101", faulty=False),
        Ring(1, "198.51.100.101", faulty=False, lost=("cc03",)),
    )
    assert answer.service.active == "active" and answer.service.restart_due is not None


# As of corosync 3.1 (Debian 12 and 13).
KNET = """Local node ID 1, transport knet
LINK ID 0 udp
	addr	= 192.0.2.101
	status:
		nodeid:          1:	localhost
		nodeid:          2:	connected
		nodeid:          3:	connected
LINK ID 1 udp
	addr	= 198.51.100.101
	status:
		nodeid:          1:	localhost
		nodeid:          2:	connected
		nodeid:          3:	disconnected
"""
# As of 3.0.
EARLIER = """Printing link status.
Local node ID 1
LINK ID 0
	addr	= 192.0.2.101
	status:
		nodeid  1:	link enabled:1	link connected:1
		nodeid  2:	link enabled:1	link connected:0
"""
# As of 2.x.
RRP = """Printing ring status.
Local node ID 1
RING ID 0
	id	= 192.0.2.101
	status	= ring 0 active with no faults
RING ID 1
	id	= 198.51.100.101
	status	= Marking ringid 1 interface 198.51.100.101 FAULTY
"""
UDPU = "Local node ID 1, transport udpu\nLINK ID 0 udp\n\taddr\t= 192.0.2.101\n\tstatus\t= OK\n"
NONE = "Could not initialize corosync configuration API error CS_ERR_LIBRARY\n"
MEMBERS = dict(enumerate(CONTROLLERS, 1))


@pytest.mark.parametrize(
    ("text", "rings"),
    [
        (KNET, (Ring(0, "192.0.2.101", faulty=False), Ring(1, "198.51.100.101", faulty=False, lost=("cc03",)))),
        (EARLIER, (Ring(0, "192.0.2.101", faulty=False, lost=("cc02",)),)),
        (RRP, (Ring(0, "192.0.2.101", faulty=False), Ring(1, "198.51.100.101", faulty=True))),
        (UDPU, (Ring(0, "192.0.2.101", faulty=False),)),
        (NONE, ()),
        ("", ()),
        ("LINK ID x udp\nLINK ID 1\n", (Ring(1, "", faulty=False),)),
        ("LINK ID 1\n" * 50, (Ring(1, "", faulty=False),) * 8),
    ],
    ids=["3.1", "3.0", "2.x", "udpu", "down", "not asked", "odd", "many"],
)
def test_each_versions_rings(text: str, rings: tuple[Ring, ...]) -> None:
    assert parse_rings(text, MEMBERS) == rings


def test_who_left_the_membership_is_not_told_of_as_a_lost_ring_too() -> None:
    assert parse_rings(KNET, {1: "cc01", 2: "cc02"})[1].lost == ()


@pytest.mark.parametrize(
    ("rings", "verdict", "words"),
    [
        ((Ring(0, "a", faulty=False), Ring(1, "b", faulty=False)), Verdict.OK, "3 of 3 controllers are quorate"),
        ((Ring(1, "198.51.100.101", faulty=True),), Verdict.WARN, "ring 1 (198.51.100.101) is faulty on cc02"),
        ((Ring(1, "b", faulty=False, lost=("cc01", "cc03")),), Verdict.WARN, "ring 1 is lost from cc02 to cc01, cc03"),
    ],
)
def test_a_lost_ring_is_told_with_its_nodes(rings: tuple[Ring, ...], verdict: Verdict, words: str) -> None:
    nodes = {**HEALTHY[COROSYNC_QUORUM], "cc02": replace(QUORUM, rings=rings)}
    layer = next(one for one in assess(SPEC, HEALTHY.having({COROSYNC_QUORUM: nodes})) if one.layer == "corosync")
    assert layer.verdict is verdict and words in layer.reason


def test_a_quorum_device_that_gives_no_vote_is_told_of() -> None:
    text = (FIXTURES / "field" / "corosync-qdevice-whole.txt").read_text()
    text = text.replace("Total votes:      5", "Total votes:      3").replace(
        "0          2            Qdevice", "0          0            Qdevice (votes 2)"
    )
    node = parse_corosync(text)
    assert isinstance(node, QuorumNode) and node.members == CONTROLLERS
    layer = next(
        one
        for one in assess(SPEC, HEALTHY.having({COROSYNC_QUORUM: dict.fromkeys(CONTROLLERS, node)}))
        if one.layer == "corosync"
    )
    assert layer.verdict is Verdict.WARN and "cc01 counts 3 of 5 votes with all members" in layer.reason


def test_members_whose_numbers_are_hexadecimal() -> None:
    text = (FIXTURES / "corosync" / "healthy.txt").read_text()
    for number in ("1", "2", "3"):
        text = text.replace(f"         {number}          1 cc", f"0x0000000{number}          1 cc")
    node = parse_corosync(text)
    assert isinstance(node, QuorumNode) and node.members == CONTROLLERS
