"""crm_mon's XML, where versions differ and where one field is odd: it costs that field alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster.assess import assess
from cluster.health.verdict import Verdict
from cluster.pacemaker.record import CRM_MON, CrmFailure, CrmNode, CrmStatus, FencingEvent
from cluster.steady import not_steady
from facts.pacemaker import parse_crm_mon
from tests.unit.test_health import CONTROLLERS, CRM, SPEC
from tests.unit.test_rest import REST

HEALTHY = (Path(__file__).parent / "fixtures" / "pacemaker" / "healthy.txt").read_text()
VIP = '<resource id="controller-vip" resource_agent="ocf:heartbeat:IPaddr2" role="Started" active="true"'


def read(was: str = "", now: str = "") -> CrmStatus:
    assert was in HEALTHY
    status = parse_crm_mon(HEALTHY.replace(was, now, 1))
    assert isinstance(status, CrmStatus), status
    return status


NODE = '<node name="cc02" id="2" online="true"'


@pytest.mark.parametrize(
    ("was", "now", "unread"),
    [
        (NODE, '<node name="cc02" id="2" online="perhaps"', "online of cc02"),
        (NODE, '<node name="cc02" id="2"', "online of cc02"),
        (VIP, VIP.replace('active="true"', 'active="2"'), "active of controller-vip"),
        ('managed="true"', 'managed="TRUE"', "managed of controller-vip"),
        ('with_quorum="true"', 'with_quorum="1"', "with_quorum of the DC"),
        ('stonith-enabled="true"', 'stonith-enabled="yes"', "stonith-enabled of the options"),
        ("\nLeft=\n", "\nLeft=\n<rsc_location", "the constraints of the CIB"),
    ],
)
def test_an_odd_field_that_decides_is_unknown_with_its_name_and_the_rest_is_read(
    was: str, now: str, unread: str
) -> None:
    status = read(was, now)
    assert status.unread == (unread,)
    assert len(status.nodes) == 3 and len(status.resources) == 4
    state = REST.having({CRM_MON: dict.fromkeys(CONTROLLERS, status)})
    layer = next(one for one in assess(SPEC, state) if one.layer == "pacemaker")
    assert f"{unread} could not be read in Pacemaker's answer" in layer.reason
    assert layer.verdict is Verdict.UNKNOWN
    assert not_steady(SPEC, state) is not None


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (' managed="true"', ""),
        (' blocked="false"', ""),
        (' active="true"', ""),
        (' failed="false"', ""),
        (' health="green"', ""),
        (' shutdown="false"', ""),
        (' type="member"', ""),
        (' maintenance-mode="false"', ""),
        (' stop-all-resources="false"', ""),
    ],
)
def test_what_a_version_leaves_out_is_as_it_is_without(was: str, now: str) -> None:
    text = HEALTHY.replace(was, now)
    assert text != HEALTHY and parse_crm_mon(text) == parse_crm_mon(HEALTHY)


def resources(xml: str) -> dict[str, tuple[str, bool, str]]:
    """Name of each resource to its common name, whether it is promotable, and its target role."""
    start, end = HEALTHY.index("  <resources>"), HEALTHY.index("  <node_history>")
    status = parse_crm_mon(f"{HEALTHY[:start]}<resources>{xml}</resources>{HEALTHY[end:]}")
    assert isinstance(status, CrmStatus), status
    return {one.id: (one.common, one.promotable, one.target_role) for one in status.resources}


@pytest.mark.parametrize(
    ("xml", "found"),
    [
        ('<resource id="a"/>', {"a": ("", False, "")}),
        ('<resource id="a:0"/>', {"a:0": ("", False, "")}),
        ('<resource id="a" target_role="STOPPED"/>', {"a": ("", False, "stopped")}),
        ('<resource id="a" target_role="Slave"/>', {"a": ("", False, "unpromoted")}),
        ('<resource id="a" target_role="Master"/>', {"a": ("", False, "promoted")}),
        ('<resource id="a" role="Slave"/>', {"a": ("", True, "")}),
        ('<clone id="c" multi_state="true"><resource id="a:0"/></clone>', {"a:0": ("a", True, "")}),
        ('<clone id="c" target_role="Stopped"><resource id="a"/></clone>', {"a": ("a", False, "stopped")}),
        (
            '<clone id="c" disabled="true"><resource id="a" target_role="Started"/></clone>',
            {"a": ("a", False, "stopped")},
        ),
        ('<clone id="c"><group id="g:0"><resource id="a"/></group></clone>', {"a": ("a", False, "")}),
        (
            '<group id="g"><resource id="a" target_role="Stopped"/><resource id="b" target_role="Started"/></group>'
            '<resource id="c"/>',
            {"a": ("", False, "stopped"), "b": ("", False, "stopped"), "c": ("", False, "")},
        ),
        (
            '<group id="g"><resource id="a"/><resource id="b" target_role="Stopped"/></group>',
            {"a": ("", False, ""), "b": ("", False, "stopped")},
        ),
        # A clone's first instance says nothing of the next.
        (
            '<clone id="c"><resource id="a:0" target_role="Stopped"/><resource id="a:1"/></clone>',
            {"a:0": ("a", False, "stopped"), "a:1": ("a", False, "")},
        ),
        (
            '<bundle id="x"><replica id="12"><resource id="x-podman-12"/><resource id="x-12"/>'
            '<resource id="x-ip-192.0.2.90"/><resource id="x-ip-fe80::12"/><resource id="a"/></replica></bundle>',
            {
                "x-podman-12": ("x-podman", False, ""),
                "x-12": ("x", False, ""),
                "a": ("a", False, ""),
                "x-ip-192.0.2.90": ("x-ip", False, ""),
                "x-ip-fe80::12": ("x-ip", False, ""),
            },
        ),
    ],
)
def test_what_a_resource_is_part_of(xml: str, found: dict[str, tuple[str, bool, str]]) -> None:
    assert resources(xml) == found


def test_failures_and_fencing_in_each_versions_words() -> None:
    more = (
        '<failures><failure op_key="a_monitor_0" node="cc01" exitstatus="not running" exitreason="none"/>'
        '<failure id="b" node="cc02" exitstatus="error" exitreason="no route"/></failures>'
        '<fence_history><fence_event target="cc03" action="reboot" state="failed"/>'
        '<fence_event target="cc02" action="off" status="success" exit-reason="x" completed="t"/></fence_history>'
    )
    status = read('  <status code="0"', f'{more}<status code="0"')
    assert status.failures == (
        CrmFailure("a_monitor_0", "cc01", "not running"),
        CrmFailure("b", "cc02", "no route"),
    )
    assert status.fencing == (
        FencingEvent("cc03", "reboot", "failed", ""),
        FencingEvent("cc02", "off", "success", "t", "x"),
    )


def test_the_addresses_come_with_the_constraints() -> None:
    pair = '<nvpair id="{}" name="ip" value="{}"/>'
    inner = "<instance_attributes>{}</instance_attributes>"
    one = f'<primitive id="controller-vip">{inner.format(pair.format("i", "192.0.2.48"))}</primitive>'
    two = f'<primitive id="controller-vip">{inner.format(pair.format("i", "a") + pair.format("j", "b"))}</primitive>'
    assert read("\nLeft=\n", f"\nLeft=\n{one}\n").resources[0].address == "192.0.2.48"
    assert read("\nLeft=\n", f"\nLeft=\n<x>{two}</x>\n").resources[0].address is None
    assert read().resources[0].address is None


REMOTE = CrmNode("galera-0", False, True, True, True, False, False, kind="remote")


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"unclean": True}, "cc02 is unclean in Pacemaker, to be fenced"),
        ({"standby": True, "standby_onfail": True}, "cc02 is in standby in Pacemaker since something failed there"),
        ({"standby": True}, "cc02 is in standby in Pacemaker: `hatui undrain cc02`"),
        ({"maintenance": True}, "cc02 is in maintenance in Pacemaker: `crm node ready cc02`"),
        ({"shutdown": True}, "cc02 is shutting down in Pacemaker"),
        ({"health": "red"}, "cc02 is in red health in Pacemaker"),
        ({"health": "yellow"}, None),
    ],
)
def test_a_node_that_keeps_the_cluster_from_rest(node: dict[str, Any], words: str | None) -> None:
    nodes = (CRM.nodes[0], replace(CRM.nodes[1], **node), CRM.nodes[2])
    state = REST.having({CRM_MON: dict.fromkeys(CONTROLLERS, replace(CRM, nodes=nodes))})
    assert (not_steady(SPEC, state) or "").startswith(words or "")
    assert (not_steady(SPEC, state) is None) is (words is None)
    assert not_steady(SPEC, state, {"cc02"}) is None
    # A remote node keeps it only while it is to be fenced.
    for remote, rests in ((REMOTE, True), (replace(REMOTE, unclean=True), False)):
        state = REST.having({CRM_MON: dict.fromkeys(CONTROLLERS, replace(CRM, nodes=(*CRM.nodes, remote)))})
        assert (not_steady(SPEC, state) is None) is rests
