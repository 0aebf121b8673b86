"""What is said of Corosync and Pacemaker: each condition of the verdicts by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cluster.corosync.record import QuorumNode, Ring
from cluster.corosync.verdict import corosync_health
from cluster.health.verdict import LayerHealth, Verdict
from cluster.pacemaker.record import CrmNode, CrmStatus, FencingEvent
from cluster.pacemaker.verdict import pacemaker_health
from cluster.spec import FencingDevice, Pacemaker
from cluster.state import Unknown
from cluster.vip import VipNode
from tests.unit.test_controllers_gates import address, node, resource, view
from tests.unit.test_health import CONTROLLER_VIP, CONTROLLERS, CRM, DOWN, GONE, QUORUM, SPEC, unit

HELD = VipNode({CONTROLLER_VIP: "host0"})
FREE = VipNode({})
AT_CC01: Mapping[str, VipNode | Unknown] = {"cc01": HELD, "cc02": FREE, "cc03": FREE}


def judged(
    status: CrmStatus, vips: Mapping[str, VipNode | Unknown] = AT_CC01, **others: CrmStatus | Unknown
) -> LayerHealth:
    """The layer where all controllers say this, but those of `others`."""
    return pacemaker_health(SPEC, {**dict.fromkeys(CONTROLLERS, status), **others}, vips)


def reasons(layer: LayerHealth) -> list[str]:
    return [f"{finding.verdict} {finding.reason}" for finding in layer.findings]


def host(layer: LayerHealth, name: str) -> tuple[Verdict, str]:
    return next((one.verdict, one.shows) for one in layer.hosts if one.host == name)


def test_all_is_well() -> None:
    layer = judged(CRM)
    assert (layer.verdict, layer.findings) == (Verdict.OK, ())
    assert layer.reason == f"4 resources run, all controllers are fenced, {CONTROLLER_VIP} is on cc01"
    assert host(layer, "cc01") == (Verdict.OK, f"DC, online, owner of {CONTROLLER_VIP}, vip")
    assert host(layer, "cc02") == (Verdict.OK, "online, fence-cc01, fence-cc02, fence-cc03")
    # Whose addresses were not asked is none that holds it, and neither is one that can't be asked.
    assert (
        host(judged(CRM, {"cc02": GONE}), "cc01")
        == host(judged(CRM, {"cc01": GONE}), "cc01")
        == (Verdict.OK, "DC, online, vip")
    )
    # A clone is one resource, and what does not run is none that runs.
    clone = [resource("web", name, common="web") for name in CONTROLLERS]
    assert judged(view(*clone, resource("old", orphaned=True))).reason.startswith("5 resources run")


@pytest.mark.parametrize(
    ("more", "verdict", "shows", "said"),
    [
        ({"unclean": True}, Verdict.FAIL, "unclean, to be fenced", "WARN cc03 is unclean, to be fenced"),
        (
            {"unclean": True, "online": False},
            Verdict.FAIL,
            "unclean, to be fenced",
            "WARN cc03 is unclean, to be fenced",
        ),
        ({"online": False}, Verdict.FAIL, "not online", "WARN cc03 is offline"),
        ({"online": False, "shutdown": True}, Verdict.FAIL, "not online", "WARN cc03 is offline"),
        ({"shutdown": True}, Verdict.WARN, "shutting down", "WARN cc03 is shutting down"),
        ({"pending": True}, Verdict.WARN, "joining", "WARN cc03 is joining"),
        ({"standby": True}, Verdict.WARN, "standby", "WARN cc03 is in standby (`hatui undrain cc03` ends it)"),
        (
            {"standby": True, "standby_onfail": True},
            Verdict.WARN,
            "standby",
            "WARN cc03 is in standby since something failed there (on-fail=standby)",
        ),
        ({"maintenance": True}, Verdict.WARN, "maintenance", "WARN cc03 is in maintenance"),
        ({"health": "red"}, Verdict.WARN, "red health", "WARN cc03 is in red health"),
        ({"health": "yellow"}, Verdict.WARN, "yellow health", "WARN cc03 is in yellow health"),
    ],
)
def test_a_controller_that_is_not_simply_online(more: dict[str, Any], verdict: Verdict, shows: str, said: str) -> None:
    layer = judged(view(nodes=node("cc03", **more)))
    assert reasons(layer) == [said]
    assert host(layer, "cc03") == (verdict, shows)
    assert host(layer, "cc02")[0] is Verdict.OK
    # What the cluster says of it counts, and so does what it says itself.
    assert host(judged(view(nodes=node("cc03", **more)), cc03=CRM), "cc03")[0] is verdict
    assert host(judged(CRM, cc03=view(nodes=node("cc03", **more))), "cc03")[0] is verdict
    assert host(judged(view(nodes=CRM.nodes[:2])), "cc03") == (Verdict.FAIL, "not online")


def test_a_controller_without_quorum_or_with_former_settings() -> None:
    layer = judged(CRM, cc03=replace(CRM, quorate=False, dc=""))
    assert host(layer, "cc03") == (Verdict.FAIL, "no quorum, online")
    due = replace(CRM, service=unit("pacemaker.service", restart_due=True))
    assert host(judged(CRM, cc03=due), "cc03") == (Verdict.WARN, "online")
    gone = judged(CRM, cc03=GONE)
    assert (gone.verdict, host(gone, "cc03")[0]) == (Verdict.UNKNOWN, Verdict.UNKNOWN)
    down = judged(CRM, cc03=replace(CRM, running=False, service=DOWN))
    assert reasons(down) == ["WARN cc03: x is failed (dead)"]


def test_where_nobody_has_quorum_and_where_somebody_can_not_be_asked() -> None:
    lost = replace(CRM, quorate=False)
    assert "FAIL none of 3 controllers is in a cluster with quorum" in reasons(judged(lost))
    assert "none of 3" not in judged(lost, cc03=GONE).reason
    assert judged(lost).verdict is Verdict.FAIL


REMOTE = CrmNode("galera-0", True, False, False, False, False, False, kind="remote")
CONNECTION = resource("galera-0", "cc02", agent="ocf:pacemaker:remote")


@pytest.mark.parametrize(
    ("more", "connection", "said"),
    [
        ({}, CONNECTION, []),
        ({"online": False}, CONNECTION, ["WARN the remote node galera-0 is offline"]),
        (
            {"online": False},
            replace(CONNECTION, active=False, nodes=(), target_role="stopped"),
            ["WARN galera-0 is disabled by hand (target-role Stopped)"],
        ),
        ({"online": False, "guest_of": "vm"}, CONNECTION, []),
        ({"unclean": True}, CONNECTION, ["WARN the remote node galera-0 is unclean, to be fenced"]),
        ({"unclean": True, "online": False}, CONNECTION, ["WARN the remote node galera-0 is unclean, to be fenced"]),
        (
            {"standby": True},
            CONNECTION,
            ["WARN the remote node galera-0 is in standby (`crm node online galera-0` ends it)"],
        ),
    ],
)
def test_a_remote_node(more: dict[str, Any], connection: Any, said: list[str]) -> None:
    assert reasons(judged(view(connection, nodes=(*CRM.nodes, replace(REMOTE, **more))))) == said


def split(status: CrmStatus, *owners: str, unknown: str = "") -> str:
    """What is said of the VIP on more than one host."""
    vips: dict[str, VipNode | Unknown] = {name: HELD if name in owners else FREE for name in CONTROLLERS}
    return judged(status, {**vips, unknown: GONE} if unknown else vips).findings[0].reason.partition("(split). ")[2]


def one_of(*addresses: Any) -> CrmStatus:
    return replace(CRM, resources=(*addresses, *CRM.resources[1:]))


LOOK = "Look at `crm_mon -1` on each, and at the network between them: it must go from all but one of them"


@pytest.mark.parametrize(
    ("status", "owners", "said"),
    [
        (
            CRM,
            ("cc01", "cc02"),
            f"Pacemaker has it on cc01. To end it: `ip addr flush dev host0 to {CONTROLLER_VIP}` on cc02",
        ),
        (CRM, ("cc02", "cc03"), "Pacemaker has it on cc01: it must go from the others"),
        (replace(CRM, quorate=False), ("cc01", "cc02"), LOOK),
        (one_of(), ("cc01", "cc02"), LOOK),
        (
            one_of(replace(address("a", None), nodes=("cc01",)), replace(address("b", None), nodes=("cc02",))),
            ("cc01", "cc02"),
            LOOK,
        ),
        (
            one_of(
                replace(address("a", "192.0.2.9"), nodes=("cc01",)),
                replace(address("b", CONTROLLER_VIP), nodes=("cc02",)),
            ),
            ("cc01", "cc02"),
            f"Pacemaker has it on cc02. To end it: `ip addr flush dev host0 to {CONTROLLER_VIP}` on cc01",
        ),
        (
            one_of(replace(address("a", None), nodes=("cc01", "cc02"))),
            ("cc01", "cc02"),
            "Pacemaker has it on cc01, cc02: it must go from the others",
        ),
    ],
)
def test_the_way_out_of_a_split_vip(status: CrmStatus, owners: tuple[str, ...], said: str) -> None:
    assert split(status, *owners) == said
    # Who can't be asked changes nothing of it.
    others = [name for name in CONTROLLERS if name not in owners]
    assert split(status, *owners, unknown=others[0]) == said


@pytest.mark.parametrize(
    ("status", "owner", "said"),
    [
        (CRM, "cc01", None),
        (CRM, "cc02", f"{CONTROLLER_VIP} is on cc02, and Pacemaker has it on cc01"),
        (one_of(), "cc01", f"{CONTROLLER_VIP} is on cc01, and Pacemaker runs it nowhere"),
        (one_of(replace(address("a", None), role="Stopping")), "cc02", None),
        (one_of(replace(address("a", None), pending="Starting")), "cc02", None),
        (CRM, "", None),
    ],
)
def test_a_vip_that_is_where_pacemaker_does_not_have_it(status: CrmStatus, owner: str, said: str | None) -> None:
    vips = {name: HELD if name == owner else FREE for name in CONTROLLERS}
    found = [one for one in reasons(judged(status, vips)) if "and Pacemaker" in one]
    assert found == ([f"WARN {said}"] if said else [])


def test_what_is_left_of_a_move_and_what_can_not_be_read() -> None:
    assert reasons(judged(view(bans=("a", "b")))) == ["WARN 2 constraints are left of a move: a, b"]
    assert reasons(judged(view(unread=("online of cc02",)))) == [
        "UNKNOWN online of cc02 could not be read in Pacemaker's answer"
    ]


def event(target: str, status: str, reason: str = "") -> FencingEvent:
    return FencingEvent(target, "reboot", status, "t", reason)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ((event("cc02", "success"), event("cc02", "failed")), []),
        (
            (event("cc02", "failed", "no route"), event("cc02", "success")),
            ["WARN fencing of cc02 failed (reboot, t): no route; `stonith_admin --cleanup --history=cc02` forgets it"],
        ),
        (
            (event("cc03", "success"), event("cc02", "failed")),
            ["WARN fencing of cc02 failed (reboot, t); `stonith_admin --cleanup --history=cc02` forgets it"],
        ),
        ((event("cc02", "pending"), event("cc02", "failed")), ["WARN fencing of cc02 (reboot) is under way"]),
    ],
)
def test_the_last_fencing_of_each_node_counts(events: tuple[FencingEvent, ...], said: list[str]) -> None:
    assert reasons(judged(view(fencing=events))) == said


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ({}, []),
        ({"active": False, "nodes": ()}, ["WARN unfenced: the fencing device fence-x runs nowhere"]),
        (
            {"active": False, "nodes": (), "target_role": "stopped"},
            ["WARN unfenced: the fencing device fence-x is disabled by hand (target-role Stopped)"],
        ),
        ({"failed": True}, ["FAIL fence-x failed on cc01"]),
    ],
)
def test_a_fencing_device(device: dict[str, Any], said: list[str]) -> None:
    one = resource("fence-x", "cc01", agent="stonith:fence_ipmilan")
    assert reasons(judged(view(replace(one, **device)))) == said
    # One that is no device is told of as itself.
    plain = replace(one, agent="systemd:x", active=False, nodes=())
    assert reasons(judged(view(plain))) == ["FAIL fence-x runs nowhere"]


def test_only_members_need_a_device_of_the_inventory() -> None:
    fencing = {name: FencingDevice("192.0.2.200", "x") for name in ("cc01", "cc03")}
    spec = replace(SPEC, pacemaker=Pacemaker(vip=CONTROLLER_VIP, fencing=fencing))
    nodes = dict.fromkeys(CONTROLLERS, view(nodes=(*CRM.nodes, REMOTE)))
    assert reasons(pacemaker_health(spec, nodes, AT_CC01)) == [
        "WARN unfenced: the inventory has no fencing device for cc02"
    ]


def membership(**changed: QuorumNode | Unknown) -> LayerHealth:
    return corosync_health(SPEC, {**dict.fromkeys(CONTROLLERS, QUORUM), **changed})


@pytest.mark.parametrize(
    ("record", "verdict", "said", "shows"),
    [
        (QUORUM, Verdict.OK, [], "quorate, 3 of 3 votes"),
        (
            replace(QUORUM, members=CONTROLLERS[:2], votes=2),
            Verdict.WARN,
            ["WARN cc03 sees 2 of 3 members"],
            "quorate, 2 of 3 votes",
        ),
        (
            replace(QUORUM, votes=2),
            Verdict.WARN,
            ["WARN cc03 counts 2 of 3 votes with all members"],
            "quorate, 2 of 3 votes",
        ),
        (replace(QUORUM, votes=4), Verdict.OK, [], "quorate, 4 of 3 votes"),
        (
            replace(QUORUM, quorate=False, votes=1),
            Verdict.FAIL,
            ["WARN cc03: no quorum: 1 of 3 votes"],
            "no quorum: 1 of 3 votes",
        ),
        (
            replace(QUORUM, running=False, service=DOWN),
            Verdict.FAIL,
            ["WARN cc03: x is failed (dead)"],
            "x is failed (dead)",
        ),
        (
            replace(QUORUM, rings=(Ring(0, "a", faulty=True, lost=("cc01",)), Ring(1, "b", faulty=False))),
            Verdict.WARN,
            ["WARN ring 0 (a) is faulty on cc03", "WARN ring 0 is lost from cc03 to cc01"],
            "quorate, 3 of 3 votes",
        ),
        (
            replace(QUORUM, service=unit("corosync.service", restart_due=True)),
            Verdict.WARN,
            ["WARN cc03: corosync runs with former settings, restart due"],
            "quorate, 3 of 3 votes",
        ),
    ],
)
def test_a_members_view(record: QuorumNode, verdict: Verdict, said: list[str], shows: str) -> None:
    layer = membership(cc03=record)
    assert reasons(layer) == said
    assert host(layer, "cc03") == (verdict, shows)


def test_a_membership_that_nobody_is_seen_in() -> None:
    lost = replace(QUORUM, quorate=False)
    none = membership(**dict.fromkeys(CONTROLLERS, lost))
    assert none.verdict is Verdict.FAIL and "FAIL 0 of 3 controllers are seen to be quorate" in reasons(none)
    silent = membership(cc01=lost, cc02=lost, cc03=GONE)
    assert "UNKNOWN 0 of 3 controllers are seen to be quorate" in reasons(silent)
    assert "0 of 3" not in membership(cc01=lost, cc02=GONE).reason
    assert corosync_health(SPEC, {}).verdict is Verdict.OK
    assert membership().reason == "3 of 3 controllers are quorate"
