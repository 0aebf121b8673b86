"""OpenStack's services' own records of their parts: who is silent, who is gone, and what was removed from OpenStack."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cluster.assess import assess
from cluster.health.verdict import LayerHealth, Verdict
from cluster.openstack.record import Answer, ApiNode, Part
from cluster.openstack.retired import RETIRED, retired_in
from cluster.openstack.steady import condition
from cluster.openstack.table import NEUTRON, NOVA
from cluster.spec import Cluster
from cluster.state import ClusterState, ServiceState
from cluster.steady import gates
from cluster.validate import SpecError, cluster_spec
from deploy import openstack_files, openstack_settings
from facts.openstack import answers
from facts.openstack_parts import parts_of
from tests.unit.inventories import inventory

SPEC = cluster_spec(
    inventory(
        (("glance",), {"shared": True}), *(((name,), {}) for name in ("keystone", "placement", "nova", "neutron"))
    )
)
HOSTS = ("ctl1", "ctl2", "ctl3")
WELL = {
    service.name: ApiNode(
        ServiceState(service.unit, "active", "running", enabled=True),
        200,
        200,
        0.05,
        workers=tuple(
            ServiceState(unit, "active", "running", enabled=True) for unit in service.units_in("bookworm")[1:]
        ),
        further=tuple(Answer(api.unit, 200) for api in service.further),
    )
    for service in (NOVA, NEUTRON)
}
CONDUCTOR = Part("ctl1", "nova-conductor", up=True, enabled=True, number="c1")
L3 = Part("net1", "neutron-l3-agent", up=True, enabled=True, number="a1")
OLD = Part("ctl1", "nova-consoleauth", up=False, enabled=True, number="11")


def judged(*parts: Part, service: str = "nova", spec: Cluster = SPEC, **had: object) -> LayerHealth:
    """The layer where all controllers tell of these parts."""
    return next(one for one in assess(spec, state(*parts, service=service, **had)) if one.layer == service)


def state(*parts: Part, service: str = "nova", **had: object) -> ClusterState:
    node = replace(WELL[service], parts=parts, **had)  # type: ignore[arg-type]
    return ClusterState({service: dict.fromkeys(HOSTS, node)})


def against(*parts: Part, service: str = "nova", spec: Cluster = SPEC) -> str:
    """Why the service's gate is shut; empty where it is open."""
    gate = next(one for one in gates(spec, state(*parts, service=service)) if one.name == service)
    return "" if gate.open else gate.now


def test_what_was_removed_from_openstack_is_told_with_the_release_and_stands_against_nothing() -> None:
    layer = judged(CONDUCTOR, OLD, replace(OLD, host="ctl2", number="12"))
    assert (layer.verdict, layer.findings) == (Verdict.OK, ())
    assert layer.reason == (
        "3 of 3 hosts give a list of its services; nova-consoleauth on ctl1, ctl2 was removed from OpenStack in Train "
        "(2019), nova-novncproxy finds the consoles' tokens in the database; "
        "`openstack compute service delete 11 12` takes records away"
    )
    assert against(CONDUCTOR, OLD) == ""
    # It is told beside what is wrong, too, and changes nothing of that.
    away = judged(replace(CONDUCTOR, up=False), replace(OLD, name="nova-cert"))
    assert away.verdict is Verdict.WARN
    assert [finding.verdict for finding in away.findings] == [Verdict.WARN, Verdict.OK]
    assert "nova-cert on ctl1 was removed from OpenStack in Pike (2017)" in away.findings[1].reason
    assert "delete 11` takes its record away" in away.findings[1].reason


def test_what_was_removed_and_still_tells_of_itself_is_a_warning() -> None:
    layer = judged(CONDUCTOR, replace(OLD, up=True))
    assert layer.verdict is Verdict.WARN and "it still tells nova of itself: stop it" in layer.reason
    assert against(CONDUCTOR, replace(OLD, up=True)) == ""


def test_an_agent_is_retired_only_where_the_release_has_it_no_longer() -> None:
    agent = Part("net1", "neutron-linuxbridge-agent", up=False, enabled=True, number="b1")
    trixie = replace(SPEC, release="trixie")
    said = "neutron-linuxbridge-agent on net1 has not told neutron of itself lately"
    assert said in judged(L3, agent, service="neutron").reason and said in against(L3, agent, service="neutron")
    workers = (*WELL["neutron"].workers, ServiceState("neutron-periodic-workers.service", "active", "running", True))
    layer = judged(L3, agent, service="neutron", spec=trixie, workers=workers)
    assert layer.verdict is Verdict.OK
    assert (
        "removed from OpenStack in 2025.1, neutron-openvswitch-agent does its work; `openstack network agent delete b1`"
        in (layer.reason)
    )
    assert against(L3, agent, service="neutron", spec=trixie) == ""
    assert "neutron-linuxbridge-agent" not in retired_in("bookworm") and len(retired_in("trixie")) == len(RETIRED)


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("nova-cert", "Pike (2017)"),
        ("nova-consoleauth", "Train (2019)"),
        ("nova-network", "Ussuri (2020)"),
        ("glance-registry", "Victoria (2020)"),
        ("neutron-linuxbridge-agent", "2025.1"),
    ],
)
def test_the_inventory_is_told_of_what_was_removed(name: str, since: str) -> None:
    for key, where in ((name, (name,)), (name.replace("-", "_"), (name.replace("-", "_"),))):
        with pytest.raises(SpecError) as refused:
            cluster_spec(inventory((where, {})))
        assert refused.value.errors == (f"{key} {RETIRED[name].says}: leave it out.",)
    with pytest.raises(SpecError) as refused:
        cluster_spec(inventory((("services", name), {"port": 9191, "role": "controller"})))
    assert refused.value.errors == (f"services.{name} {RETIRED[name].says}: leave it out.",)
    assert f"was removed from OpenStack in {since}, " in RETIRED[name].says


def test_a_unit_of_what_was_removed_is_told_of() -> None:
    unit = ServiceState("nova-cert.service", "inactive", "dead", enabled=False)
    layer = judged(CONDUCTOR, retired=(unit,))
    assert layer.verdict is Verdict.OK
    assert (
        "; the unit nova-cert is still there on ctl1, ctl2, ctl3, and was removed from OpenStack in Pike"
        in layer.reason
    )
    lives = judged(CONDUCTOR, retired=(replace(unit, active="active"),))
    assert lives.verdict is Verdict.WARN and "the unit nova-cert still runs on ctl1" in lives.reason


def test_a_host_is_asked_for_units_of_what_was_removed() -> None:
    fact = answers("nova")()
    assert " nova-cert.service nova-cells.service" in fact.command() and "glance-registry" not in fact.command()
    units = (
        *((unit, "enabled") for unit in NOVA.units),
        ("nova-cert.service", "generated"),
        ("nova-cells.service", ""),
    )
    shown = "".join(f"Id={unit}\nActiveState=active\nUnitFileState={file}\n\n" for unit, file in units)
    said = f"{shown}Health nova=0 200\nHealth nova-metadata=0 200\nCall=0 no-token"
    node = fact.process(said.splitlines())
    assert isinstance(node, ApiNode) and [unit.unit for unit in node.retired] == ["nova-cert.service"]
    assert [unit.unit for unit in node.units] == list(NOVA.units)


def test_a_host_that_is_not_in_the_inventory_shuts_no_gate() -> None:
    computes = [Part(f"cmp{n}", "nova-compute", up=False, enabled=True, number=f"n{n}") for n in range(1, 6)]
    layer = judged(CONDUCTOR, *computes)
    assert layer.verdict is Verdict.WARN
    # Once for all of them: of some hundred a few are always away.
    assert layer.reason == (
        "nova-compute on cmp1, cmp2, cmp3 and 2 more, not in the inventory, has not told nova of itself lately "
        "(of a host that is gone for good, `openstack compute service delete ID` takes the record away)"
    )
    assert against(CONDUCTOR, *computes) == ""


@pytest.mark.parametrize("host", ["ctl2", "ctl2.example.org"])
def test_a_part_on_a_host_of_the_inventory_shuts_it(host: str) -> None:
    part = Part(host, "nova-scheduler", up=False, enabled=True)
    said = "nova-scheduler on ctl2 has not told nova of itself lately"
    assert judged(CONDUCTOR, part).reason == said and said in against(CONDUCTOR, part)
    # Whoever brings this host back is not refused because of it.
    assert not list(condition(NOVA).against(SPEC, state(CONDUCTOR, part), ["ctl2"]))


def test_a_record_of_a_hosts_former_name_is_nobodys_trouble() -> None:
    part = Part("ctl2", "nova-scheduler", up=False, enabled=True, number="s1")
    now = replace(part, host="ctl2.example.org", up=True, number="s2")
    for old, new in ((part, now), (replace(part, host=now.host), replace(now, host="ctl2"))):
        layer = judged(CONDUCTOR, old, new)
        assert layer.verdict is Verdict.OK and against(CONDUCTOR, old, new) == ""
        assert layer.reason.endswith(
            f"nova-scheduler on {old.host} is on {new.host} now: `openstack compute service delete s1` takes the "
            "record of the host's former name away"
        )
    # Another host of that name, in another domain, and another program there, say nothing of it.
    for other in (replace(now, host="ctl2.example.net"), replace(now, name="nova-conductor")):
        old = replace(part, host="ctl2.example.org")
        assert judged(CONDUCTOR, old, other).verdict is Verdict.WARN


@pytest.mark.parametrize("number", ["x; reboot", "`id`", "", "--all", "9" * 41])
def test_what_is_no_number_stands_in_no_command(number: str) -> None:
    text = json.dumps(
        {"services": [{"id": number, "binary": "nova-cert", "host": "ctl1", "state": "down", "status": "enabled"}]}
    )
    (part,) = parts_of(text, "services")
    assert part.number == "" and "delete ID`" in judged(CONDUCTOR, part).reason


def test_what_is_given_no_work_may_be_silent() -> None:
    text = json.dumps(
        {
            "services": [
                {"id": "n1", "binary": "nova-compute", "host": "ctl2", "state": "down", "status": "disabled"},
                {"id": "n2", "binary": "nova-compute", "host": "ctl3", "state": "down", "status": "enabled"}
                | {"forced_down": True},
            ]
        }
    )
    parts = parts_of(text, "services")
    assert [(part.number, part.up, part.enabled) for part in parts] == [("n1", False, False), ("n2", False, False)]
    assert judged(*parts).verdict is Verdict.OK and against(*parts) == ""


def test_an_empty_list_is_no_good_list() -> None:
    layer = judged()
    assert layer.verdict is Verdict.WARN
    assert (
        "nova gives a list of its services, and nothing is in it, so it is not known who of them is up" in layer.reason
    )
    # Neutron has agents only where there are nodes for them, and lists none of those that who asks may not see.
    assert judged(service="neutron").verdict is Verdict.OK
    nodes = cluster_spec(
        inventory(
            (("hosts", "network"), {"net1": "127.8.0.41", "net2": "127.8.0.42"}),
            *(((name,), {}) for name in ("keystone", "placement", "nova", "neutron", "agents")),
        )
    )
    assert "may the user hatui_watch see them (deploy neutron)?" in judged(service="neutron", spec=nodes).reason
    assert judged(L3, service="neutron", spec=nodes).verdict is Verdict.OK


def test_novas_parts_are_asked_for_by_the_number_that_its_client_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (openstack_files, openstack_settings):
        monkeypatch.setattr(module, "secret", lambda _, name: name)
    calls = {
        service.name: file.content.decode()
        for service in (NOVA, NEUTRON)
        for file in openstack_files.openstack_files(SPEC, service, "ctl2")
        if file.path == service.call_file
    }
    assert 'header = "OpenStack-API-Version: compute 2.53"\n' in calls["nova"]
    assert "OpenStack-API-Version" not in calls["neutron"] and "fields=id&" in calls["neutron"]
