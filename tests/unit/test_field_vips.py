"""What other people's hosts answered about their VIPs, and the siblings: each is judged as its operator would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cluster.haproxy.record import HAPROXY_STAT
from cluster.health.verdict import LayerHealth, Verdict
from cluster.keepalived.gates import may_own, not_one_owner
from cluster.keepalived.record import VRRP_OWNER
from cluster.keepalived.verdict import keepalived_health
from cluster.layer import Thing
from cluster.pacemaker.record import CONTROLLERS_VIP
from cluster.picture import picture
from cluster.state import ServiceState, Unknown
from cluster.steady import gates, not_steady
from cluster.vip import VipNode
from facts.keepalived import parse_vrrp
from tests.unit.test_health import CONTROLLER_VIP, SPEC, VIP, changed, unit
from tests.unit.test_rest import REST

FIELD = Path(__file__).parent / "fixtures" / "field"
VIP_SPEC = replace(SPEC, keepalived=replace(SPEC.keepalived, vip="192.0.2.47"))


def text(case: str) -> str:
    return (FIELD / f"{case}.txt").read_text()


def vip_node(said: str) -> VipNode:
    node = parse_vrrp(said)
    assert isinstance(node, VipNode), node
    return node


def found(said: LayerHealth, part: str) -> tuple[Verdict, str]:
    """The one finding that speaks of `part`."""
    (one,) = [finding for finding in said.findings if part in finding.reason]
    return one.verdict, one.reason


def vips(node: VipNode, other: VipNode | None = None) -> LayerHealth:
    backup = other or VipNode({"192.0.2.11": "eth0"}, unit("keepalived.service"))
    return keepalived_health(VIP_SPEC, {"haproxy1": node, "haproxy2": backup})


def test_vrrp_vip_on_a_link_without_carrier() -> None:
    node = vip_node(text("vrrp-vip-on-a-link-without-carrier"))
    said = vips(node)
    assert said.verdict is Verdict.FAIL
    assert "192.0.2.47 is on eth3 of haproxy1, a link without carrier" in said.reason
    assert (said.hosts[0].verdict, said.hosts[0].shows) == (
        Verdict.FAIL, "owner of 192.0.2.47 on eth3, a link without carrier",
    )  # fmt: skip
    assert said.hosts[1].verdict is Verdict.OK
    assert "without carrier" in str(not_one_owner({"haproxy1": node}, "192.0.2.47"))


def test_vrrp_vip_with_the_networks_prefix() -> None:
    node = vip_node(text("vrrp-vip-with-the-networks-prefix"))
    assert node.held == {"192.0.2.10": "ens256", "192.0.2.47": "ens256"}
    said = vips(node)
    assert said.verdict is Verdict.OK and said.reason == "192.0.2.47 is on haproxy1"
    assert "on ens256" in said.hosts[0].shows


def test_vrrp_keepalived_in_a_container() -> None:
    node = vip_node(text("vrrp-keepalived-in-a-container"))
    said = vips(node)
    assert said.verdict is Verdict.UNKNOWN
    assert said.hosts[0].verdict is Verdict.UNKNOWN and "owner of 192.0.2.47 on eth0" in said.hosts[0].shows
    assert "no unit keepalived" in said.reason
    assert "haproxy1 has no unit keepalived" in str(not_one_owner({"haproxy1": node}, "192.0.2.47"))


# VRRP: their siblings.


@pytest.mark.parametrize("prefix", [8, 24, 28, 32])
def test_a_vip_of_any_prefix_is_found(prefix: int) -> None:
    said = text("vrrp-vip-with-the-networks-prefix").replace('47","prefixlen":24', f'47","prefixlen":{prefix}')
    assert vips(vip_node(said)).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("flags", "operstate", "carrier"),
    [
        ('["UP","LOWER_UP"]', '"UP"', True),
        ('["UP","LOWER_UP"]', '"UNKNOWN"', True),
        ('["UP"]', '"UNKNOWN"', False),
        ('["NO-CARRIER","UP","LOWER_UP"]', '"UNKNOWN"', False),
        ('["UP","LOWER_UP"]', '"DOWN"', False),
        ('["UP","LOWER_UP"]', '"LOWERLAYERDOWN"', False),
        ("[]", '"DOWN"', False),
        ("null", "null", True),
        ('"UP"', "[]", True),
    ],
)
def test_whether_a_link_has_a_carrier(flags: str, operstate: str, carrier: bool) -> None:
    entry = '{"local":"192.0.2.47","prefixlen":32}'
    said = f'[{{"ifname":"eth0","flags":{flags},"operstate":{operstate},"addr_info":[{entry}]}}]\n\nServices=\n'
    assert vip_node(said).no_carrier == (() if carrier else ("eth0",))


def test_an_entry_without_an_address_costs_itself_alone() -> None:
    entries = '{},{"local":null},{"local":7},7,{"prefixlen":32},{"local":"192.0.2.47"}'
    said = f'[{{}},{{"ifname":"lo","addr_info":null}},{{"ifname":"eth0","addr_info":[{entries}]}}]\n\nServices=\n'
    assert vip_node(said).held == {"192.0.2.47": "eth0"}


def test_what_is_no_answer_of_ip_is_told_with_its_words() -> None:
    node = parse_vrrp("sh: 1: ip: not found\n\nAway=\nPriority=\nServices=\n")
    assert isinstance(node, Unknown) and "ip -j -4 addr" in node.reason and "ip: not found" in node.reason


UNIT = "Id=keepalived.service\nActiveState={}\nSubState=x\nUnitFileState={}\n"
EMPTY = "[]\n\nAway=\nPriority=\nServices=\n"


@pytest.mark.parametrize(
    ("services", "processes", "verdict", "said"),
    [
        ("", None, Verdict.UNKNOWN, "it has no unit keepalived (in a container?)"),
        ("", "7 (keepalived) S 1\n", Verdict.UNKNOWN, "a keepalived runs that is not its unit"),
        ("", "", Verdict.FAIL, "its service is not there"),
        (UNIT.format("inactive", ""), None, Verdict.UNKNOWN, "it has no unit keepalived"),
        (UNIT.format("inactive", ""), "", Verdict.FAIL, "keepalived is inactive"),
        (UNIT.format("inactive", "enabled"), None, Verdict.FAIL, "keepalived is inactive"),
        (UNIT.format("inactive", "enabled"), "7 (keepalived) S 1\n", Verdict.UNKNOWN, "a keepalived runs that is not"),
        (UNIT.format("failed", "enabled"), "7 (keepalived) S 1\n", Verdict.UNKNOWN, "a keepalived runs that is not"),
        (UNIT.format("activating", "enabled"), "7 (keepalived) S 1\n", Verdict.FAIL, "keepalived is activating"),
        (UNIT.format("active", "enabled"), "7 (keepalived) S 1\n8 (keepalived) S 7\n", Verdict.OK, "backup"),
        (UNIT.format("active", "enabled"), "7 (keepalived) S 1\n8 (keepalived) T 7\n", Verdict.FAIL, "frozen"),
        (UNIT.format("active", "enabled"), "7 (keepalived) t 1\n", Verdict.FAIL, "frozen"),
        (UNIT.format("active", "enabled"), "7 (keepalived) S 1\n9 (haproxy_answers) T 7\n", Verdict.OK, "backup"),
    ],
)
def test_whether_keepalived_runs(services: str, processes: str | None, verdict: Verdict, said: str) -> None:
    section = "" if processes is None else f"\nProcesses=\n{processes}"
    host = vips(vip_node(f"{EMPTY}{services}{section}")).hosts[0]
    assert host.verdict is verdict and said in host.shows


def test_the_settings_say_which_addresses_are_more_than_the_hosts_own() -> None:
    said = text("vrrp-vip-with-the-networks-prefix").replace(
        "Priority=\n", "Priority=111 +192.0.2.121 +192.0.2.47/32 +1.2.3.4.5 \n"
    )
    node = vip_node(said)
    assert node.configured == ("192.0.2.121", "192.0.2.47") and node.priority == 111
    # What a former fact's command said.
    assert vip_node("[]\n\nServices=\n").configured is None


# A frozen keepalived.

RUNNING = unit("keepalived.service")
FROZEN = replace(RUNNING, frozen=True)


def held(service: ServiceState | None, **more: object) -> VipNode:
    return replace(VipNode({VIP: "host0"}, service), **more)  # type: ignore[arg-type]


def split(first: ServiceState | None, second: ServiceState | None) -> str:
    said = keepalived_health(SPEC, {"haproxy1": held(first), "haproxy2": held(second)})
    assert said.verdict is Verdict.FAIL
    return found(said, "2 owners")[1]


def test_a_split_by_a_frozen_keepalived_names_the_frozen_host() -> None:
    for first, second, named, other in (
        (FROZEN, RUNNING, "haproxy1", "haproxy2"),
        (RUNNING, FROZEN, "haproxy2", "haproxy1"),
    ):
        reason = split(first, second).partition("(split). ")[2]
        assert f"keepalived on {named} is frozen" in reason and f"`systemctl restart keepalived` on {named}" in reason
        assert other not in reason and "stop keepalived" not in reason
    assert "on haproxy1, haproxy2 is frozen" in split(FROZEN, FROZEN)


def test_a_split_by_a_keepalived_that_left_the_address_behind() -> None:
    reason = split(unit("keepalived.service", "inactive"), RUNNING)
    assert (
        "keepalived does not run on haproxy1" in reason and f"`ip addr flush dev host0 to {VIP}` on haproxy1" in reason
    )
    assert "stop keepalived" not in reason


def test_a_split_where_the_daemons_can_not_be_told_names_nobody() -> None:
    for first, second in ((None, RUNNING), (None, None), (unit("keepalived.service", "failed"),) * 2):
        reason = split(first, second).partition("(split). ")[2]
        assert "haproxy" not in reason and "keepalived" not in reason


def test_a_frozen_keepalived_is_no_heir() -> None:
    for host, node in (("haproxy1", held(FROZEN)), ("haproxy2", VipNode({}, FROZEN))):
        state = changed("vrrp", host, node)
        said = keepalived_health(SPEC, state[VRRP_OWNER])
        assert said.verdict is Verdict.WARN and f"{host}: keepalived is frozen" in said.reason
        assert f"{host}'s keepalived is frozen" in str(may_own(state[VRRP_OWNER], state[HAPROXY_STAT], host))
        assert f"{host}'s keepalived is frozen" in str(not_one_owner(state[VRRP_OWNER], VIP))
        assert "1 ready" in next(gate.now for gate in gates(SPEC, state) if gate.name == "VIP")
        assert picture(SPEC, state)[Thing("vrrp", host, f"keepalived on {host}")] == "frozen"


def test_the_controllers_vip_on_a_link_without_carrier() -> None:
    dark = VipNode({CONTROLLER_VIP: "host0"}, no_carrier=("host0",))
    assert "a link without carrier" in str(
        not_steady(SPEC, REST.having({CONTROLLERS_VIP: {**REST[CONTROLLERS_VIP], "cc01": dark}}))
    )


def test_a_host_whose_keepalived_does_not_run_shows_the_vip_only_if_it_has_it() -> None:
    failed, frozen = unit("keepalived.service", "failed"), replace(unit("keepalived.service"), frozen=True)
    for service, begins in ((failed, "keepalived is failed (dead)"), (frozen, "keepalived is frozen (")):
        owner, backup = keepalived_health(
            SPEC, {"haproxy1": VipNode({VIP: "eth0"}, service), "haproxy2": VipNode({}, service)}
        ).hosts
        assert owner.shows == f"{backup.shows}; owner of {VIP} on eth0"
        assert backup.shows.startswith(begins) and ";" not in backup.shows
