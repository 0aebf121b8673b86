"""Services of OpenStack that Pacemaker runs: with the controllers' VIP alone, or on all controllers for its sake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from cluster.assess import assess
from cluster.health.verdict import Verdict
from cluster.layers import BY_NAME
from cluster.layers.openstack import KEYSTONE_LAYER
from cluster.openstack.keystone import KEYSTONE
from cluster.openstack.record import ApiNode
from cluster.openstack.table import GLANCE, NOVA
from cluster.pacemaker.simulated import Action, amiss
from cluster.spec import Cluster
from cluster.state import ClusterState, ServiceState, Unknown
from cluster.steady import gates
from cluster.validate import SpecError, cluster_spec
from deploy import openstack_files, openstack_own, openstack_settings
from deploy.openstack_cib import not_under_pacemaker, under_pacemaker
from engine.layers.openstack import HANDLINGS
from engine.probing import measured
from engine.runbook import View
from engine.runbooks import rollout
from facts.crm_simulate import parse_simulated
from facts.pacemaker import there
from operations.cib import CibChange
from tests.unit.inventories import inventory
from tests.unit.test_health import CRM

PASSIVE, WARM = {"availability": "active-passive"}, {"availability": "warm-standby"}
HOSTS = ("ctl1", "ctl2", "ctl3")
RUNS = ServiceState("keystone.service", "active", "running", enabled=False)
IDLE = replace(RUNS, active="inactive", sub="dead")
WELL = ApiNode(RUNS, 200, 201, 0.12)
# It asks the VIP, where another host's answers.
STANDS_BY = ApiNode(IDLE, 200, 201, 0.12)


def spec(**sections: Mapping[str, object]) -> Cluster:
    return cluster_spec(inventory(*(((name,), section) for name, section in sections.items())))


def judged(cluster: Cluster, *nodes: ApiNode | Unknown) -> tuple[Verdict, str, list[str]]:
    state = ClusterState({"keystone": dict(zip(HOSTS, nodes, strict=True))})
    layer = next(one for one in assess(cluster, state) if one.layer == "keystone")
    return layer.verdict, layer.reason, [f"{host.verdict} {host.shows}" for host in layer.hosts]


def test_it_runs_with_the_vip_and_on_one_controller_alone() -> None:
    passive = spec(keystone=PASSIVE)
    assert judged(passive, STANDS_BY, WELL, STANDS_BY) == (
        Verdict.OK, "ctl2 gives a token", ["OK stands by", "OK a token in 0.12 s", "OK stands by"],
    )  # fmt: skip
    verdict, reason, _ = judged(passive, WELL, WELL, STANDS_BY)
    assert verdict is Verdict.FAIL and "keystone runs on ctl1 and ctl2: it is to run on one alone" in reason
    verdict, reason, _ = judged(passive, *[replace(STANDS_BY, health=0, call=0)] * 3)
    assert verdict is Verdict.FAIL and "keystone runs nowhere" in reason
    # It may run where nobody could look.
    assert judged(passive, Unknown("can't be reached"), *[STANDS_BY] * 2)[0] is Verdict.UNKNOWN
    verdict, reason, _ = judged(passive, STANDS_BY, replace(WELL, call=500), STANDS_BY)
    assert verdict is Verdict.FAIL and "none of 3 hosts gives a token" in reason
    failed = replace(STANDS_BY, service=replace(IDLE, active="failed", sub="failed"))
    assert judged(passive, failed, WELL, STANDS_BY)[0] is Verdict.WARN


def test_a_unit_that_pacemaker_starts_must_not_start_by_itself() -> None:
    by_itself = replace(WELL, service=replace(RUNS, enabled=True))
    verdict, reason, _ = judged(spec(keystone=PASSIVE), STANDS_BY, by_itself, STANDS_BY)
    assert verdict is Verdict.WARN and "ctl2: keystone starts at boot, where Pacemaker alone is to start it" in reason
    also = replace(STANDS_BY, service=replace(IDLE, enabled=True))
    assert judged(spec(keystone=PASSIVE), also, WELL, STANDS_BY)[0] is Verdict.WARN
    # All controllers run a warm one: what stands still is missed.
    assert judged(spec(keystone=WARM), WELL, WELL, WELL)[0] is Verdict.OK
    assert judged(spec(keystone=WARM), WELL, WELL, STANDS_BY)[0] is Verdict.WARN
    assert judged(spec(keystone={}), WELL, WELL, WELL)[1].startswith("ctl1: keystone does not start at boot")


def test_one_that_stands_by_is_no_reason_against_a_drain() -> None:
    passive = spec(keystone=PASSIVE)

    def gate(*nodes: ApiNode | Unknown) -> tuple[bool, str]:
        state = ClusterState({"keystone": dict(zip(HOSTS, nodes, strict=True))})
        found = next(one for one in gates(passive, state) if one.name == "keystone")
        return found.open, f"{found.need} | {found.now}"

    assert gate(STANDS_BY, WELL, STANDS_BY) == (True, "one gives a token | 1 give a token")
    assert not gate(WELL, WELL, STANDS_BY)[0]
    assert not gate(*[STANDS_BY] * 3)[0]
    assert not gate(STANDS_BY, replace(WELL, call=500), STANDS_BY)[0]


def test_clients_and_the_services_find_it_at_the_controllers_vip(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (openstack_files, openstack_settings):
        monkeypatch.setattr(module, "secret", lambda _, name: name)
    passive = spec(keystone=PASSIVE, nova={"availability": "active-passive"}, placement=WARM)
    vip = passive.pacemaker.vip
    assert {"keystone", "nova"} & passive.services.keys() == set()
    assert {"keystone", "nova", "nova-metadata", "nova-novnc", "placement"} <= {*measured(passive)}
    assert KEYSTONE.url(passive) == f"http://{vip}:5000/v3"
    nova = openstack_own.settings(passive, NOVA, "ctl2")[NOVA.config]
    assert nova["keystone_authtoken"]["auth_url"] == f"http://{vip}:5000/v3"
    assert (nova["vnc"]["novncproxy_host"], nova["vnc"]["novncproxy_base_url"]) == (
        vip, f"http://{vip}:6080/vnc_auto.html",
    )  # fmt: skip
    made = {file.path: file.content.decode() for file in openstack_files.openstack_files(passive, KEYSTONE, "ctl2")}
    assert f"http-socket = {vip}:5000\nprocesses" in made["/etc/keystone/hatui-keystone-uwsgi.ini"]
    assert f"http://{vip}:5000/healthcheck" in made["/etc/hatui/keystone.health"]
    assert "Restart=no\n" in made["/etc/systemd/system/keystone.service.d/hatui.conf"]
    warm = spec(keystone=WARM)
    made = {file.path: file.content.decode() for file in openstack_files.openstack_files(warm, KEYSTONE, "ctl2")}
    sockets = f"http-socket = {warm.address('ctl2')}:5000\nhttp-socket = {vip}:5000\n"
    assert sockets in made["/etc/keystone/hatui-keystone-uwsgi.ini"]
    assert f"http://{warm.address('ctl2')}:5000/healthcheck" in made["/etc/hatui/keystone.health"]


def test_what_pacemaker_is_to_run() -> None:
    passive = spec(keystone={}, nova={"availability": "active-passive"})
    assert under_pacemaker(passive, KEYSTONE) == ""
    root = fromstring(under_pacemaker(passive, NOVA))
    assert [one.get("id") for one in root.iterfind("resources/primitive")] == [
        "hatui-nova-api", "hatui-nova-api-metadata", "hatui-nova-scheduler", "hatui-nova-conductor",
        "hatui-nova-novncproxy",
    ]  # fmt: skip
    api = root.find("resources/primitive")
    assert api is not None and (api.get("class"), api.get("provider"), api.get("type")) == ("ocf", "hatui", "service")
    told = {pair.get("name"): pair.get("value") for pair in api.iterfind("instance_attributes/nvpair")}
    assert told == {"unit": "nova-api.service", "ask": "/etc/hatui/nova.health"}
    metadata = root.find("resources/primitive[@id='hatui-nova-api-metadata']/instance_attributes/nvpair[@name='ask']")
    assert metadata is not None and metadata.get("value") == "/etc/hatui/nova-metadata.health"
    stop = next(one for one in api.iterfind("operations/op") if one.get("name") == "stop")
    # A stop that fails must never get a controller fenced.
    assert stop.get("on-fail") == "block"
    with_vip = root.find("constraints/rsc_colocation")
    assert with_vip is not None and with_vip.get("with-rsc") == "controller-vip"
    warm = fromstring(under_pacemaker(spec(keystone=WARM), KEYSTONE))
    assert [one.tag for one in warm.iterfind("resources/*")] == ["clone"]
    attracts = warm.find("constraints/rsc_colocation")
    assert attracts is not None and (attracts.get("rsc"), attracts.get("with-rsc")) == (
        "controller-vip", "hatui-warm-keystone-clone",
    )  # fmt: skip
    assert attracts.get("score") != "INFINITY"
    # Else its VIP would wait where it is, until it has been started anew there.
    threshold = warm.find(".//meta_attributes/nvpair[@name='migration-threshold']")
    assert threshold is not None and threshold.get("value") == "1"
    systemd = fromstring(under_pacemaker(spec(keystone={**PASSIVE, "agent": "systemd"}), KEYSTONE))
    primitive = systemd.find("resources/primitive")
    assert primitive is not None and (primitive.get("class"), primitive.get("type")) == ("systemd", "keystone")
    assert primitive.find("instance_attributes") is None


def test_what_pacemaker_ran_before_is_taken_away() -> None:
    passive, warm = spec(keystone=PASSIVE), spec(keystone=WARM)
    mine = under_pacemaker(passive, KEYSTONE)
    assert there(mine, not_under_pacemaker(passive, KEYSTONE)) == ()
    taken = ("hatui-keystone-after-vip", "hatui-keystone-with-vip", "hatui-keystone")
    # Constraints before what they are about.
    assert there(mine, not_under_pacemaker(spec(keystone={}), KEYSTONE)) == taken
    assert there(mine, not_under_pacemaker(warm, KEYSTONE)) == taken
    assert there(under_pacemaker(warm, KEYSTONE), not_under_pacemaker(passive, KEYSTONE)) == (
        "hatui-warm-keystone-attracts", "hatui-warm-keystone-clone",
    )  # fmt: skip


def test_a_clone_that_is_taken_away_takes_its_resource_along() -> None:
    gone = there(under_pacemaker(spec(keystone=WARM), KEYSTONE), not_under_pacemaker(spec(keystone={}), KEYSTONE))
    assert amiss([Action("stop", "hatui-warm-keystone:2", "ctl1")], CibChange("", gone).own) is None
    assert amiss([Action("stop", "controller-vip", "ctl1")], CibChange("", gone).own)


def test_what_can_not_be_made_is_refused() -> None:
    with pytest.raises(SpecError, match=r"keystone\.availability is .*active-active or warm-standby or active-passive"):
        spec(keystone={"availability": "both"})
    with pytest.raises(SpecError, match=r"keystone\.agent is"):
        spec(keystone={**PASSIVE, "agent": "lsb"})
    with pytest.raises(SpecError, match=r"glance\.availability is .warm-standby.: glance listens on one address"):
        spec(keystone={}, glance={**WARM, "shared": True})


def test_images_of_one_glance_need_no_shared_folder_and_that_is_said() -> None:
    alone = spec(keystone={}, glance=PASSIVE)
    glance = replace(WELL, service=replace(RUNS, unit="glance-api.service"))
    idle = replace(glance, service=replace(IDLE, unit="glance-api.service"))
    state = ClusterState({"glance": {"ctl1": glance, "ctl2": idle, "ctl3": idle}})
    layer = next(one for one in assess(alone, state) if one.layer == "glance")
    assert layer.verdict is Verdict.OK
    assert layer.reason == "ctl1 gives a list of images; its images are on this controller's disk alone"
    assert GLANCE.alone(spec(keystone={}, glance={**PASSIVE, "shared": True})) == ""


def test_one_that_stands_by_is_not_started_by_a_restart() -> None:
    passive = spec(keystone=PASSIVE)
    restart = HANDLINGS["keystone"].restart
    assert restart is not None

    def planned(*nodes: ApiNode) -> list[str]:
        state = ClusterState({"keystone": dict(zip(HOSTS, nodes, strict=True))})
        return [step.name for step in restart.planned(View(passive, state, Path("inventory.py")), False).steps]

    assert planned(STANDS_BY, WELL, STANDS_BY) == ["keystone on ctl2 restarts"]
    assert planned(*[STANDS_BY] * 3) == []


def test_what_the_scheduler_would_do_is_read_and_held_against_what_was_meant() -> None:
    said = """<pacemaker-result><actions>
      <node_action task="Fence (reboot)" node="cc01" reason="peer is no longer part of the cluster"/>
      <rsc_action action="move" resource="controller-vip" source="cc01" dest="cc02"/>
      <rsc_action action="start" resource="hatui-warm-keystone:1" node="cc03"/>
      </actions><status code="0" message="OK"/></pacemaker-result>"""
    actions = parse_simulated(said)
    assert list(map(str, actions)) == [
        "fence (reboot) cc01", "move controller-vip from cc01 to cc02", "start hatui-warm-keystone:1 on cc03",
    ]  # fmt: skip
    own = {"hatui-warm-keystone", "hatui-warm-keystone-clone"}
    assert amiss(actions[2:], own) is None
    assert amiss(actions[1:], own) == "with the new one it would move controller-vip from cc01 to cc02"
    assert "fence (reboot) cc01" in (amiss(actions, {*own, "controller-vip"}) or "")
    assert amiss([Action("start", "hatui-warm-keystone", "cc01")], own) is None
    for wrong in ("", "<x/>", said.replace('code="0"', 'code="78"')):
        with pytest.raises(ValueError):
            parse_simulated(wrong)


def with_resources(*names: str) -> ClusterState:
    """Keystone's state, and Pacemaker's with resources of these names."""
    (ip, *_) = CRM.resources
    crm = replace(CRM, resources=(ip, *(replace(ip, id=name) for name in names)))
    nodes: dict[str, object] = dict.fromkeys(HOSTS, WELL)
    return ClusterState({"keystone": nodes, "pacemaker": {"ctl1": Unknown("is silent"), "ctl2": crm, "ctl3": crm}})


ALONE, ON_ALL = "hatui-keystone", "hatui-warm-keystone"


@pytest.mark.parametrize(
    ("section", "there_now", "says"),
    [
        ({}, (), ""),
        (PASSIVE, (ALONE,), ""),
        (WARM, (f"{ON_ALL}:0", f"{ON_ALL}:1"), ""),
        (
            PASSIVE,
            (),
            "keystone is active-active, and is to be active-passive: that is done on all controllers at once",
        ),
        (WARM, (), "keystone is active-active, and is to be warm-standby: "),
        (WARM, (ALONE,), "keystone is active-passive, and is to be warm-standby: "),
        (PASSIVE, (ON_ALL,), "keystone is warm-standby, and is to be active-passive: "),
        ({}, (ALONE,), "keystone is active-passive, and is to be active-active: "),
        ({}, ("hatui-glance-api", "api"), ""),
    ],
)
def test_another_availability_is_not_rolled_out(
    section: Mapping[str, object], there_now: tuple[str, ...], says: str
) -> None:
    cluster, state = spec(keystone=section), with_resources(*there_now)
    refused = rollout.plan(View(cluster, state, Path("x.py"))).refused
    told = KEYSTONE_LAYER.at_once(cluster, state)
    assert told.startswith(says) and bool(told) is bool(says)
    assert (refused == told) is bool(says)
    if says:
        assert "`pyinfra INVENTORY deploy/haproxy.py`, then `pyinfra INVENTORY deploy/keystone.py`" in told
        # What else is rolled out has nothing to do with it.
        assert rollout.plan(View(cluster, state, Path("x.py")), layer="galera").refused != told
    # Where nothing is known of the one or the other, the gate says so.
    assert not KEYSTONE_LAYER.at_once(cluster, state.having({"keystone": dict.fromkeys(HOSTS, Unknown("silent"))}))
    assert not KEYSTONE_LAYER.at_once(cluster, state.having({"pacemaker": {}}))


def test_a_part_that_pacemaker_does_not_have_yet_is_not_rolled_out() -> None:
    state = with_resources("hatui-nova-api").having({"nova": dict.fromkeys(HOSTS, WELL)})
    told = BY_NAME["nova"].at_once(spec(keystone={}, nova=PASSIVE), state)
    assert told.startswith("nova is to have other parts under Pacemaker: ")
