"""The gates of the controllers' cluster, and what its resources are short of: each condition by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from cluster.corosync.record import QuorumNode
from cluster.pacemaker.gates import (
    STOP_ALL,
    in_standby,
    is_settled,
    may_configure,
    may_move,
    may_reload,
    may_stand_by,
    not_left,
    not_online,
    view_of,
    vip_resources,
)
from cluster.pacemaker.record import CrmFailure, CrmNode, CrmResource, CrmStatus
from cluster.pacemaker.resources import Kind, groups, troubles
from cluster.state import Unknown
from tests.unit.test_health import CONTROLLERS, CRM, GONE, QUORUM

Nodes = Mapping[str, CrmStatus | Unknown]
VIP = CRM.resources[0]
NO_QUORUM = "no host is in a cluster with quorum"
REMOTE = CrmNode("galera-0", False, True, True, True, False, False, kind="remote")


def resource(name: str, *nodes: str, **more: Any) -> CrmResource:
    return replace(VIP, id=name, nodes=nodes, **{"agent": "systemd:x", "active": bool(nodes), **more})


def view(*resources: CrmResource, nodes: tuple[CrmNode, ...] = CRM.nodes, **more: Any) -> CrmStatus:
    return replace(CRM, resources=(*CRM.resources, *resources), nodes=nodes, **more)


def node(name: str, **more: Any) -> tuple[CrmNode, ...]:
    return tuple(replace(one, **more) if one.name == name else one for one in CRM.nodes)


def seen(status: CrmStatus) -> Nodes:
    return dict.fromkeys(CONTROLLERS, status)


AWAY = [
    ({"unclean": True}, "unclean"),
    ({"online": False}, "offline"),
    ({"pending": True}, "still joining"),
    ({"shutdown": True}, "shutting down"),
    ({"standby": True}, "in standby (`hatui undrain cc02`)"),
    ({"standby": True, "standby_onfail": True}, "in standby since something failed there (on-fail=standby)"),
    ({"maintenance": True}, "in maintenance"),
    ({"health": "red"}, "in red health"),
    ({"health": "yellow"}, None),
]


@pytest.mark.parametrize(("more", "word"), AWAY)
def test_a_node_that_can_run_nothing_is_no_target_and_holds_up_the_others(
    more: dict[str, Any], word: str | None
) -> None:
    nodes = seen(view(nodes=node("cc02", **more)))
    said = word and f"cc02 is {word}"
    assert may_move(nodes, "vip", "cc02") == said
    assert not_online(nodes, "cc02") == said
    assert may_stand_by(nodes, "cc03") == (said and f"cc03 does not go: {said}")
    # The one that is to go may be as it is.
    assert may_stand_by(nodes, "cc02") is None


def test_a_remote_node_is_no_member() -> None:
    nodes = seen(view(nodes=(*CRM.nodes, REMOTE)))
    assert may_stand_by(nodes, "cc03") is None and may_configure(nodes) is None
    assert may_move(nodes, "vip", "galera-0") == "galera-0 is no member of the cluster"
    assert not_left(nodes, "galera-0") == "galera-0 is not in standby"
    assert may_move(nodes, "vip", "cc09") == "cc09 is no member of the cluster"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (view(), None),
        (view(maintenance_mode=True), "the cluster is in maintenance mode: nothing would move away"),
        (view(stop_all=True), f"cc03 does not go: {STOP_ALL}"),
        (view(resource("api", "cc01", failed=True)), "cc03 does not go: api failed on cc01"),
        (view(resource("api", blocked=True, active=True)), "cc03 does not go: api is blocked"),
        # It is no better where it is.
        (view(resource("api")), None),
        (view(resource("api", "cc03", managed=False)), "cc03 does not go: api would stay, not managed by Pacemaker"),
        (view(resource("api", "cc01", managed=False)), None),
        (view(resource("api", "cc03", managed=False, active=False)), None),
        (view(quorate=False), NO_QUORUM),
    ],
)
def test_who_may_stand_by(status: CrmStatus, reason: str | None) -> None:
    assert may_stand_by(seen(status), "cc03") == reason


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (resource("api", "cc01"), None),
        (resource("api", "cc01", managed=False), "api is not managed: Pacemaker would not move it"),
        (resource("api", "cc01", failed=True), "api failed: look at it first (`crm_mon`), then"),
        (resource("api", "cc01", blocked=True), "api failed: look at it first (`crm_mon`), then"),
        (resource("api"), "api runs nowhere"),
        (resource("api", target_role="stopped"), "api is disabled by hand: `crm resource start api` enables it"),
        (resource("api", "cc01", common="api"), "api has an instance on more than one node"),
        (resource("fence-cc02", "cc01"), None),
        (resource("fence-cc02", "cc01", agent="stonith:x"), "cc02 can't run the device that fences it"),
        (resource("fence-cc03", "cc01", agent="stonith:x"), None),
    ],
)
def test_what_may_be_moved(one: CrmResource, reason: str | None) -> None:
    status = replace(CRM, resources=(one,))
    assert (may_move(seen(status), one.id, "cc02") or "").startswith(reason or "")
    assert (may_move(seen(status), one.id, "cc02") is None) is (reason is None)
    assert may_move(seen(replace(status, stop_all=True)), one.id, "cc02") == STOP_ALL
    unmanaged = f"{one.id} is not managed: Pacemaker would not move it"
    assert one.common or may_move(seen(replace(status, maintenance_mode=True)), one.id, "cc02") == unmanaged


def test_what_is_not_there_can_not_be_moved() -> None:
    assert may_move(seen(replace(CRM, resources=())), "api", "cc02") == "there is no resource api (there are none)"
    assert may_move({}, "api", "cc02") == NO_QUORUM


LEFT = tuple(replace(one, nodes=("cc01",)) for one in CRM.resources)


@pytest.mark.parametrize(
    ("more", "resources", "reason"),
    [
        ({"standby": True}, LEFT, None),
        ({"online": False}, LEFT, None),
        ({}, LEFT, "cc02 is not in standby"),
        ({"maintenance": True}, LEFT, "cc02 is not in standby"),
        ({"standby": True}, (*LEFT, resource("api", "cc02")), "cc02 still runs api"),
        ({"standby": True}, (*LEFT, *[resource("api", "cc02", common="api")] * 2), "cc02 still runs api"),
        ({"standby": True}, (*LEFT, resource("api")), "api runs nowhere"),
        ({"standby": True}, (*LEFT, resource("api", target_role="stopped")), None),
        ({"standby": True}, (*LEFT, resource("api", "cc01", role="Starting")), "api is starting on cc01"),
    ],
)
def test_who_has_left(more: dict[str, Any], resources: tuple[CrmResource, ...], reason: str | None) -> None:
    status = replace(CRM, nodes=node("cc02", **more), resources=resources)
    assert not_left(seen(status), "cc02") == reason
    assert in_standby(status, "cc02") is (reason != "cc02 is not in standby")


def test_nothing_is_known_of_a_cluster_without_quorum() -> None:
    for gate in (not_left, not_online, may_stand_by):
        assert gate({}, "cc02") == NO_QUORUM
        assert gate({"cc01": GONE, "cc02": replace(CRM, quorate=False)}, "cc02") == NO_QUORUM
        assert gate({"cc01": replace(CRM, running=False)}, "cc02") == NO_QUORUM


def test_the_dcs_view_counts_then_any_with_quorum() -> None:
    mine, other = replace(CRM, bans=("a",)), replace(CRM, bans=("b",))
    assert view_of({"cc02": other, "cc01": mine}) is mine
    assert view_of({"cc02": other, "cc03": mine}) is other
    assert view_of({"cc01": replace(mine, quorate=False), "cc02": other}) is other
    assert view_of({"cc01": replace(mine, running=False), "cc02": GONE}) is None


SETTLED: list[tuple[CrmStatus | Unknown, str | None]] = [
    (view(), None),
    (GONE, GONE.reason),
    (view(stop_all=True), STOP_ALL),
    (view(failures=(CrmFailure("a", "cc01", "b"), CrmFailure("c", "cc02", "d"))), "a on cc01: b; c on cc02: d"),
    (view(resource("api"), resource("web", "cc01", failed=True)), "api runs nowhere, web failed on cc01"),
    (view(resource("api", orphaned=True)), None),
]


@pytest.mark.parametrize(("status", "reason"), SETTLED)
def test_what_is_not_settled(status: CrmStatus | Unknown, reason: str | None) -> None:
    assert is_settled(status) == reason
    if isinstance(status, CrmStatus):
        assert not_online(seen(status), "cc02") == reason


def test_the_configuration_is_written_only_where_all_see_all() -> None:
    alone = {"cc01": CRM}
    assert may_configure(alone) is None
    lone: list[tuple[CrmStatus, str]] = [
        (replace(CRM, running=False), "cc01: Pacemaker does not run"),
        (replace(CRM, quorate=False), "cc01 is in no cluster with quorum"),
        (replace(CRM, nodes=CRM.nodes[1:]), "cc01 does not see cc01 online"),
        (replace(CRM, nodes=(replace(CRM.nodes[0], kind="remote"), *CRM.nodes[1:])), "cc01 does not see cc01 online"),
    ]
    for status, reason in lone:
        assert may_configure({"cc01": status}) == reason
    assert may_configure({"cc01": CRM, "cc02": replace(CRM, dc="cc02")}) == "its hosts do not agree on the DC"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (QUORUM, None),
        (GONE, f"cc02 {GONE.reason}"),
        (replace(QUORUM, running=False), "cc02 is not in a membership with quorum"),
        (replace(QUORUM, quorate=False), "cc02 is not in a membership with quorum"),
        (replace(QUORUM, members=CONTROLLERS[:2]), "cc02 sees 2 of 3 members"),
        (replace(QUORUM, members=(*CONTROLLERS, "x")), "cc02 sees 4 of 3 members"),
    ],
)
def test_when_corosync_may_take_settings_over(status: QuorumNode | Unknown, reason: str | None) -> None:
    assert may_reload({"cc01": QUORUM, "cc02": status, "cc03": QUORUM}) == reason


def address(name: str, ip: str | None) -> CrmResource:
    return replace(VIP, id=name, address=ip)


@pytest.mark.parametrize(
    ("resources", "found"),
    [
        ((address("a", None),), ["a"]),
        ((address("a", None), address("b", None)), ["a", "b"]),
        ((address("a", "192.0.2.60"), address("b", "192.0.2.48")), ["b"]),
        ((address("a", None), address("b", "192.0.2.48")), ["b"]),
        ((address("a", "192.0.2.60"), address("b", None)), ["b"]),
        ((address("a", "192.0.2.60"),), []),
        ((replace(address("a", "192.0.2.48"), agent="systemd:x"),), []),
    ],
)
def test_which_resource_is_the_vip(resources: tuple[CrmResource, ...], found: list[str]) -> None:
    assert [one.id for one in vip_resources(replace(CRM, resources=resources), "192.0.2.48")] == found


def said(*resources: CrmResource, **more: Any) -> list[str]:
    return [str(one) for one in troubles(view(*resources, **more))]


TROUBLES: list[tuple[Callable[[], list[str]], list[str]]] = [
    (lambda: said(resource("api", "cc01")), []),
    # Older versions say of an ignored failure both.
    (
        lambda: said(resource("api", "cc01", failed=True, failure_ignored=True)),
        ["api failed on cc01, which its configuration ignores (on-fail=ignore)"],
    ),
    (lambda: said(resource("api", pending="Starting")), ["api runs nowhere (Starting)"]),
    (lambda: said(resource("api", "cc01", pending="Monitoring")), []),
    (lambda: said(resource("api", locked_to="cc02")), ["api waits for cc02, which was shut down (shutdown-lock)"]),
    (lambda: said(resource("api"), stop_all=True), []),
    (lambda: said(resource("api", "cc01", managed=False), maintenance_mode=True), []),
    (lambda: said(resource("api", "cc02", managed=False), nodes=node("cc02", maintenance=True)), []),
    (
        lambda: said(resource("api", "cc01", managed=False), nodes=node("cc02", maintenance=True)),
        ["api is not managed on cc01: Pacemaker neither moves nor restarts it"],
    ),
    (
        lambda: said(resource("api", active=True, managed=False)),
        ["api is not managed: Pacemaker neither moves nor restarts it"],
    ),
    (lambda: said(resource("api", "cc01", orphaned=True)), ["api runs on cc01 and is not configured any more"]),
    (lambda: said(resource("api", "cc01", role="Stopping")), ["api is stopping on cc01"]),
    (lambda: said(resource("fence-x", "cc02", agent="stonith:x"), nodes=node("cc02", unclean=True))[-1:], []),
    (
        lambda: said(*[resource("db", name, common="db", promotable=True, role="Slave") for name in CONTROLLERS]),
        ["db has no promoted instance, of 3 that run"],
    ),
    (lambda: said(*[resource("db", name, common="db", promotable=True, role="Master") for name in CONTROLLERS]), []),
    (
        lambda: said(resource("db", "cc01", common="db", promotable=True, role="Promoting")),
        ["db is promoting on cc01"],
    ),
    (
        lambda: said(resource("db", "cc01", promotable=True, role="Slave", pending="Monitoring")),
        ["db has no promoted instance, of 1 that run"],
    ),
    (lambda: said(resource("db", "cc01", promotable=True, role="Slave", pending="Promoting")), []),
    (lambda: said(resource("db", "cc01", promotable=True, role="Promoted", target_role="unpromoted")), []),
    (
        lambda: said(resource("db", "cc01", common="db", promotable=True, role="Slave", target_role="unpromoted")),
        ["db is kept from being promoted by hand (target-role)"],
    ),
    (
        lambda: said(
            resource("api", "cc01", "cc02"), nodes=tuple(replace(one, unclean=one.name != "cc03") for one in CRM.nodes)
        )[-1:],
        ["api was on cc01, cc02, unclean: it is not recovered until cc01, cc02 are fenced"],
    ),
    (
        lambda: said(resource("api", "cc01", "cc02"), nodes=node("cc02", unclean=True))[-1:],
        ["api runs on 2 nodes: cc01, cc02"],
    ),
]


@pytest.mark.parametrize(("found", "wanted"), TROUBLES)
def test_the_troubles_of_resources(found: Callable[[], list[str]], wanted: list[str]) -> None:
    assert found() == wanted


@pytest.mark.parametrize(
    ("more", "missed"),
    [
        ({"online": False}, True),
        ({"unclean": True}, True),
        ({"standby": True}, True),
        ({"pending": True}, True),
        ({"maintenance": True}, False),
        ({"online": False, "guest_of": "vm"}, False),
        ({}, False),
    ],
)
def test_an_instance_is_missed_while_a_node_is_away(more: dict[str, Any], missed: bool) -> None:
    web = [resource("web", name, common="web") for name in ("cc01", "cc02")] + [resource("web", common="web")]
    nodes = node("cc03", **more)
    assert ("web runs on 2 of 3" in said(*web, nodes=nodes)) is missed
    assert "web runs on 3 of 3" not in said(*web[:2], resource("web", "cc03", common="web"), nodes=nodes)


def test_what_is_broken_and_what_is_not_steady() -> None:
    broken = {Kind.BLOCKED, Kind.FAILED, Kind.NOWHERE, Kind.UNCLEAN, Kind.UNPROMOTED, Kind.DOUBLE}
    (one,) = troubles(view(resource("api")))
    for kind in Kind:
        trouble = replace(one, kind=kind)
        assert trouble.broken is (kind in broken)
        assert trouble.unsettled is (kind in broken or kind is Kind.MOVING)
    assert not one.fencing
    (device,) = troubles(view(resource("f", agent="stonith:x")))
    assert device.fencing


def test_a_guest_node_is_told_of_only_while_its_host_runs() -> None:
    guest = CrmNode("guest1", False, False, False, False, False, False, kind="remote", guest_of="vm")
    away = resource("guest1", agent="ocf:pacemaker:remote")
    nodes = (*CRM.nodes, guest)
    assert said(resource("vm", "cc01"), away, nodes=nodes) == ["guest1 runs nowhere"]
    assert said(resource("vm"), away, nodes=nodes) == ["vm runs nowhere"]
    assert said(resource("vm", target_role="stopped"), away, nodes=nodes) == [
        "vm is disabled by hand (target-role Stopped)"
    ]
    plain = (*CRM.nodes, replace(guest, guest_of=""))
    assert said(resource("vm"), away, nodes=plain) == ["vm runs nowhere", "guest1 runs nowhere"]


def test_instances_are_one_resource() -> None:
    web = [resource("web", name, common="web") for name in CONTROLLERS]
    assert [(one.name, len(one.instances)) for one in groups((*web, resource("api")))] == [("web", 3), ("api", 1)]
