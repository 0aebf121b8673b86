"""Answers of controllers in other people's clusters: what they should be called, each test named after its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.assess import assess
from cluster.corosync.record import COROSYNC_QUORUM, QuorumNode
from cluster.health.verdict import LayerHealth, Verdict
from cluster.pacemaker.gates import may_reload, may_stand_by
from cluster.pacemaker.record import CONTROLLERS_VIP, CRM_MON, CrmStatus
from cluster.state import ClusterState, Unknown
from cluster.steady import gates, not_steady
from cluster.vip import VipNode
from facts.corosync import parse_corosync
from facts.pacemaker import pacemaker_command, parse_crm_mon
from tests.unit.test_health import CONTROLLER_VIP, CONTROLLERS, HEALTHY, SPEC
from tests.unit.test_rest import REST

FIELD = Path(__file__).parent / "fixtures" / "field"
HELD = VipNode({CONTROLLER_VIP: "host0"})


def said(case: str) -> str:
    return (FIELD / f"{case}.txt").read_text()


def crm(case: str) -> CrmStatus:
    status = parse_crm_mon(said(case))
    assert isinstance(status, CrmStatus), status
    return status


def with_view(case: str, **vips: VipNode | Unknown) -> ClusterState:
    """All controllers give this answer."""
    held = {**REST[CONTROLLERS_VIP], **vips}
    return REST.having({CRM_MON: dict.fromkeys(CONTROLLERS, crm(case)), CONTROLLERS_VIP: held})


def pacemaker(state: ClusterState) -> LayerHealth:
    return next(layer for layer in assess(SPEC, state) if layer.layer == "pacemaker")


def reasons(layer: LayerHealth, verdict: Verdict) -> list[str]:
    return [finding.reason for finding in layer.findings if finding.verdict is verdict]


def host(layer: LayerHealth, name: str) -> tuple[Verdict, str]:
    return next((one.verdict, one.shows) for one in layer.hosts if one.host == name)


def test_pacemaker_no_promoted_instance() -> None:
    layer = pacemaker(with_view("pacemaker-no-promoted-instance"))
    assert reasons(layer, Verdict.FAIL) == ["galera has no promoted instance, of 3 that run"]
    assert "galera has no promoted" in str(not_steady(SPEC, with_view("pacemaker-no-promoted-instance")))


def test_pacemaker_resource_on_unclean_node() -> None:
    layer = pacemaker(with_view("pacemaker-resource-on-unclean-node"))
    assert reasons(layer, Verdict.FAIL) == ["prmVM2 was on cc02, unclean: it is not recovered until cc02 is fenced"]
    assert host(layer, "cc02")[0] is Verdict.FAIL
    assert "cc02 is unclean" in str(may_stand_by(with_view("pacemaker-resource-on-unclean-node")[CRM_MON], "cc01"))


def test_pacemaker_unclean_but_online_host() -> None:
    layer = pacemaker(with_view("pacemaker-unclean-but-online-host"))
    assert host(layer, "cc02") == (Verdict.FAIL, "unclean, to be fenced, fence-cc01")
    assert layer.verdict is Verdict.WARN and "cc02 is unclean, to be fenced" in layer.reason
    # It does not know it itself.
    nodes = {**HEALTHY[CRM_MON], "cc01": crm("pacemaker-unclean-but-online-host")}
    assert host(pacemaker(HEALTHY.having({CRM_MON: nodes})), "cc02")[0] is Verdict.FAIL


def test_pacemaker_node_shutting_down() -> None:
    state = with_view("pacemaker-node-shutting-down")
    layer = pacemaker(state)
    assert (layer.verdict, layer.reason) == (Verdict.WARN, "cc02 is shutting down")
    assert host(layer, "cc02")[0] is Verdict.WARN
    assert "cc02 is shutting down" in str(not_steady(SPEC, state))
    assert may_stand_by(state[CRM_MON], "cc01") == "cc01 does not go: cc02 is shutting down"


def test_pacemaker_clone_spare_instance() -> None:
    layer = pacemaker(with_view("pacemaker-clone-spare-instance"))
    assert layer.verdict is Verdict.WARN
    assert {"node1 is offline", "haproxy runs on 3 of 4"} <= set(reasons(layer, Verdict.WARN))


def test_pacemaker_clone_on_remote_nodes() -> None:
    state = with_view("pacemaker-clone-on-remote-nodes")
    assert pacemaker(state).verdict is Verdict.OK
    assert not_steady(SPEC, state) is None
    assert next(gate.now for gate in gates(SPEC, state) if gate.name == "resources") == "3 online, 0 failed, 0 bans"


def test_pacemaker_disabled_on_purpose() -> None:
    state = with_view("pacemaker-disabled-on-purpose")
    layer = pacemaker(state)
    assert layer.verdict is Verdict.WARN
    assert reasons(layer, Verdict.WARN) == [
        "cinder-backup is disabled by hand (target-role Stopped)",
        "manila is disabled by hand (target-role Stopped)",
    ]
    assert not_steady(SPEC, state) is None


def test_pacemaker_stop_all_resources() -> None:
    state = with_view("pacemaker-stop-all-resources")
    layer = pacemaker(state)
    (only,) = (one for one in reasons(layer, Verdict.FAIL))
    assert only.startswith("stop-all-resources is true") and "runs nowhere" not in layer.reason
    assert "stop-all-resources is true" in str(not_steady(SPEC, state))


def test_pacemaker_1_1_no_output_as() -> None:
    answer = parse_crm_mon(said("pacemaker-1.1-no-output-as"))
    assert isinstance(answer, Unknown) and "--output-as" in answer.reason
    layer = pacemaker(HEALTHY.having({CRM_MON: dict.fromkeys(CONTROLLERS, answer)}))
    assert layer.verdict is Verdict.UNKNOWN and "does not" not in layer.reason
    # Where crm_mon does not know the option, it is asked in its former way.
    assert "crm_mon --as-xml" in pacemaker_command()


def test_pacemaker_two_vips() -> None:
    silent = Unknown("did not answer within 4 s")
    layer = pacemaker(with_view("pacemaker-two-vips", cc01=HELD, cc02=silent, cc03=HELD))
    (split,) = reasons(layer, Verdict.FAIL)
    assert "2 owners of 192.0.2.48: cc01, cc03" in split and "Pacemaker has it" not in split
    alone = pacemaker(with_view("pacemaker-two-vips", cc01=VipNode({}), cc03=HELD))
    assert alone.verdict is Verdict.WARN
    assert "192.0.2.48 is on cc03, and Pacemaker has it on cc01 or cc02" in alone.reason


def test_two_vips_whose_addresses_are_known() -> None:
    addresses = "".join(
        f'<primitive id="{name}" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="{name}-i">'
        f'<nvpair id="{name}-ip" name="ip" value="{ip}"/></instance_attributes></primitive>'
        for name, ip in (("vip-public", "192.0.2.60"), ("vip-internal", CONTROLLER_VIP))
    )
    text = said("pacemaker-two-vips").replace("\nLeft=\n", f"\nLeft=\n<xpath-query>{addresses}</xpath-query>\n")
    nodes = dict.fromkeys(CONTROLLERS, parse_crm_mon(text))
    state = REST.having({CRM_MON: nodes})
    silent = Unknown("did not answer within 4 s")
    both = state.having({CONTROLLERS_VIP: {"cc01": HELD, "cc02": silent, "cc03": HELD}})
    assert "Pacemaker has it on cc02: it must go from the others" in pacemaker(both).reason
    three = state.having({CONTROLLERS_VIP: dict.fromkeys(CONTROLLERS, HELD)})
    flush = [f"`ip addr flush dev host0 to {CONTROLLER_VIP}` on {name}" for name in ("cc01", "cc03")]
    assert f"Pacemaker has it on cc02. To end it: {', '.join(flush)}" in pacemaker(three).reason
    assert "192.0.2.48 is on cc01, and Pacemaker has it on cc02" in pacemaker(state).reason
    there = state.having({CONTROLLERS_VIP: {"cc01": VipNode({}), "cc02": HELD, "cc03": VipNode({})}})
    assert pacemaker(there).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("case", "hosts", "verdict", "words"),
    [
        ("corosync-qdevice-counted-as-third-member", CONTROLLERS, Verdict.WARN, "sees 2 of 3 members"),
        ("corosync-qdevice-whole", CONTROLLERS, Verdict.OK, "3 of 3 controllers are quorate"),
    ],
)
def test_corosync_qdevice_counted_as_third_member_and_corosync_qdevice_whole(
    case: str, hosts: tuple[str, ...], verdict: Verdict, words: str
) -> None:
    node = parse_corosync(said(case))
    assert isinstance(node, QuorumNode) and "Qdevice" not in node.members
    nodes = dict.fromkeys(hosts, node)
    layer = next(
        layer
        for layer in assess(SPEC, HEALTHY.having({COROSYNC_QUORUM: dict.fromkeys(hosts, node)}))
        if layer.layer == "corosync"
    )
    assert layer.verdict is verdict and words in layer.reason
    assert (may_reload(nodes) is None) is (verdict is Verdict.OK)
