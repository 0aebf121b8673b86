"""The balancers' VIP, line by line: who may own it, when new settings may be given, and what is shown of each host."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.haproxy.record import HAPROXY_STAT, ProxyNode
from cluster.health.verdict import Verdict
from cluster.keepalived.gates import may_own, may_reload_keepalived, not_one_owner
from cluster.keepalived.record import VRRP_OWNER
from cluster.keepalived.verdict import keepalived_health
from cluster.state import Unknown
from cluster.steady import not_steady
from cluster.vip import VipNode, owners
from tests.unit.test_field_vips import FROZEN, RUNNING, held
from tests.unit.test_health import BALANCERS, SPEC, VIP, proxy
from tests.unit.test_rest import REST


def test_who_is_the_owner_of_those_that_can_be_asked() -> None:
    nodes: dict[str, VipNode | Unknown] = {"haproxy1": Unknown("is away"), "haproxy2": held(RUNNING)}
    assert owners(nodes, VIP) == ("haproxy2",)
    assert not_one_owner(nodes, VIP) == "haproxy1 can't be asked: is away"


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (VipNode({}, None), "haproxy2 has no unit keepalived: whether it takes part in VRRP can't be told"),
        (VipNode({}, replace(RUNNING, active="inactive", known=False)), "haproxy2 has no unit keepalived: whether"),
        (VipNode({}, replace(RUNNING, active="inactive")), "haproxy2's keepalived does not run"),
        (VipNode({}, FROZEN), "haproxy2's keepalived is frozen"),
        (VipNode({}, RUNNING, away=True), f"haproxy2 was told to give {VIP} up (`hatui undrain haproxy2`"),
        (held(RUNNING), f"{VIP} has 2 owners (haproxy1, haproxy2)"),
    ],
)
def test_why_there_is_not_one_owner_with_an_heir(node: VipNode, said: str) -> None:
    assert str(not_one_owner({"haproxy1": held(RUNNING), "haproxy2": node}, VIP)).startswith(said)


def test_no_owner_at_all() -> None:
    assert not_one_owner({"haproxy1": VipNode({}, RUNNING)}, VIP) == f"{VIP} has 0 owners (no host holds it)"
    assert not_one_owner({"haproxy1": held(RUNNING), "haproxy2": VipNode({}, RUNNING)}, VIP) is None
    # Another link that is down is not the VIP's.
    assert not_one_owner({"haproxy1": held(RUNNING, no_carrier=("eth9",))}, VIP) is None


@pytest.mark.parametrize(
    ("vip", "proxied", "said"),
    [
        (None, proxy(), "haproxy2 is no balancer"),
        (VipNode({}, RUNNING), None, "haproxy2 is no balancer"),
        (Unknown("is away"), proxy(), "haproxy2 can't be asked: is away"),
        (VipNode({}, replace(RUNNING, active="failed")), proxy(), "haproxy2's keepalived does not run"),
        (VipNode({}, RUNNING), Unknown("is away"), "haproxy2 can't be asked: is away"),
        (VipNode({}, RUNNING), replace(proxy(), servers=()), "haproxy2's HAProxy runs and does not answer"),
        (VipNode({}, RUNNING), replace(proxy(), frontends={"queue": "STOP"}), "haproxy2's frontend queue is STOP"),
        (
            VipNode({}, RUNNING),
            proxy(status={"mysql2": "DOWN"}),
            "haproxy2 has not UP what haproxy1 has: galera/mysql2",
        ),
        (VipNode({}, RUNNING), proxy(), None),
    ],
)
def test_who_may_own_the_vip(
    vip: VipNode | Unknown | None, proxied: ProxyNode | Unknown | None, said: str | None
) -> None:
    vips = {"haproxy1": held(RUNNING), **({"haproxy2": vip} if vip else {})}
    proxies = {"haproxy1": proxy(), **({"haproxy2": proxied} if proxied else {})}
    reason = may_own(vips, proxies, "haproxy2")
    assert reason is None if said is None else str(reason).startswith(said)


def test_an_heir_may_have_more_than_one_that_can_not_be_asked() -> None:
    vips: dict[str, VipNode | Unknown] = {"haproxy1": Unknown("is away"), "haproxy2": VipNode({}, RUNNING)}
    proxies: dict[str, ProxyNode | Unknown] = {"haproxy1": Unknown("is away"), "haproxy2": proxy()}
    assert may_own(vips, proxies, "haproxy2") is None


def test_new_settings_wait_for_all_others() -> None:
    vips = {"haproxy1": held(RUNNING), "haproxy2": VipNode({}, RUNNING)}
    silent = replace(proxy(), servers=())
    assert may_reload_keepalived(vips, {"haproxy1": proxy(), "haproxy2": proxy()}, "haproxy1", VIP) is None
    assert may_reload_keepalived(vips, {"haproxy1": silent, "haproxy2": proxy()}, "haproxy1", VIP) is None
    said = may_reload_keepalived(vips, {"haproxy1": proxy(), "haproxy2": silent}, "haproxy1", VIP)
    assert str(said).startswith("haproxy1's keepalived does not get its new settings: haproxy2's HAProxy runs and")
    split_ = {"haproxy1": held(RUNNING), "haproxy2": held(RUNNING)}
    said = may_reload_keepalived(split_, {"haproxy2": silent}, "haproxy1", VIP)
    assert str(said).startswith(f"haproxy1's keepalived does not get its new settings: {VIP} has 2 owners")


def test_each_role_is_shown() -> None:
    nodes = {"haproxy1": held(RUNNING), "haproxy2": VipNode({}, RUNNING, away=True)}
    said = keepalived_health(SPEC, nodes)
    assert [(host.verdict, host.shows) for host in said.hosts] == [
        (Verdict.OK, f"owner of {VIP} on host0"), (Verdict.WARN, "drained"),
    ]  # fmt: skip
    assert said.reason == f"haproxy2 was told to give {VIP} up (`hatui undrain haproxy2` lets it take it again)"
    split_ = keepalived_health(SPEC, dict.fromkeys(BALANCERS, held(RUNNING)))
    assert {host.verdict for host in split_.hosts} == {Verdict.FAIL}
    third = keepalived_health(SPEC, {**dict.fromkeys(BALANCERS, held(RUNNING)), "haproxy3": VipNode({}, RUNNING)})
    assert third.hosts[2].verdict is Verdict.OK


def test_an_owner_beside_one_that_can_not_be_asked() -> None:
    said = keepalived_health(SPEC, {"haproxy1": held(RUNNING, no_carrier=("host0",)), "haproxy2": Unknown("is away")})
    assert [finding.verdict for finding in said.findings] == [Verdict.FAIL, Verdict.UNKNOWN, Verdict.UNKNOWN]
    assert "whether on haproxy2 too is not known" in said.reason


def test_an_owner_whose_keepalived_does_not_run_is_still_the_owner() -> None:
    for service, shown in (
        (replace(RUNNING, active="failed"), f"keepalived is failed (running); owner of {VIP} on host0"),
        (FROZEN, f"owner of {VIP} on host0"),
        (None, f"owner of {VIP} on host0"),
    ):
        host = keepalived_health(SPEC, {"haproxy1": held(service)}).hosts[0]
        assert host.shows.endswith(shown)
    assert "owner" not in keepalived_health(SPEC, {"haproxy1": VipNode({}, None)}).hosts[0].shows
    assert "owner" not in keepalived_health(SPEC, {"haproxy1": VipNode({}, FROZEN)}).hosts[0].shows


def test_in_a_split_that_nobody_is_at_fault_for_the_lower_priority_gives_way() -> None:
    spec = replace(SPEC, keepalived=replace(SPEC.keepalived, priorities={"haproxy1": 100, "haproxy2": 111}))
    said = keepalived_health(spec, dict.fromkeys(BALANCERS, held(RUNNING)))
    assert "To end it: `systemctl stop keepalived` on haproxy1; mend" in said.reason
    # One whose priority is not in the inventory comes last.
    spec = replace(SPEC, keepalived=replace(SPEC.keepalived, priorities={"haproxy2": 1}))
    said = keepalived_health(spec, dict.fromkeys(BALANCERS, held(RUNNING)))
    assert "`systemctl stop keepalived` on haproxy1;" in said.reason


# The whole cluster at rest, beside a balancer that is being brought back.


@pytest.mark.parametrize(
    ("beside", "node", "said"),
    [
        ("haproxy1", held(RUNNING), None),
        ("haproxy2", VipNode({}, replace(RUNNING, active="failed")), None),
        ("haproxy2", VipNode({}, FROZEN), None),
        ("haproxy2", Unknown("is away"), None),
        ("haproxy2", held(RUNNING), f"{VIP} has 2 owners (haproxy1, haproxy2)"),
    ],
)
def test_of_a_host_that_is_left_out_only_its_vip_counts(beside: str, node: VipNode | Unknown, said: str | None) -> None:
    reason = not_steady(SPEC, REST.having({VRRP_OWNER: {**REST[VRRP_OWNER], beside: node}}), {beside})
    assert reason is None if said is None else str(reason).startswith(said)


def test_the_haproxy_of_a_host_that_is_left_out_does_not_count() -> None:
    silent = REST.having({HAPROXY_STAT: {**REST[HAPROXY_STAT], "haproxy2": replace(proxy("mysql3"), servers=())}})
    assert not_steady(SPEC, silent, {"haproxy2"}) is None
    assert (
        not_steady(SPEC, REST.having({HAPROXY_STAT: {**REST[HAPROXY_STAT], "haproxy2": proxy("mysql3")}}), {"haproxy2"})
        is None
    )


def test_several_writers_need_not_agree() -> None:
    spec = replace(SPEC, haproxy=replace(SPEC.haproxy, single_writer=False))
    assert not_steady(spec, REST.having({HAPROXY_STAT: {**REST[HAPROXY_STAT], "haproxy1": proxy("mysql3")}})) is None
