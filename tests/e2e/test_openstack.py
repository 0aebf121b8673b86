"""OpenStack's services on the controllers of a lab: Debian's own client, through the VIP, and what breaks meanwhile."""

from __future__ import annotations

import hashlib
import json
import time

import pytest

from cluster.openstack.api import Api
from cluster.openstack.service import OpenstackService
from cluster.openstack.table import BY_NAME, SERVICES
from tests.e2e import lab
from tests.e2e.compute import FLAVOR, IMAGE, IMAGES, bootable
from tests.e2e.openstack import asked, gets, metadata, openstack, token, tokens
from tests.e2e.operator import carried_out, felt, lost, nothing_is_left
from tests.pace import slower, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

NAMES = list(BY_NAME)
APIS = [(service, api) for service in SERVICES for api in service.apis]


def layers() -> dict[str, dict[str, object]]:
    return {str(one["layer"]): one for one in lab.status()["layers"]}


def listed(words: str) -> list[dict[str, object]]:
    found = openstack(words)
    assert isinstance(found, list)
    return found


def test_each_service_gives_on_all_controllers_what_it_is_there_for(healthy: None) -> None:
    wanted = {name: ("OK", f"3 of 3 hosts give {service.gives}") for name, service in BY_NAME.items()}
    # On a busy machine a call may be slow, which is told too.
    wait_until(
        lambda: {name: (one["verdict"], one["reason"]) for name, one in layers().items() if name in wanted} == wanted,
        120,
        "each service gives what it is there for",
    )


def test_the_own_client_sees_all_parts_up(healthy: None) -> None:
    compute = {(one["Binary"], one["Host"]): one["State"] for one in listed("compute service list")}
    assert {key for key in compute if key[0] != "nova-compute"} == {
        (binary, host) for binary in ("nova-scheduler", "nova-conductor") for host in ("cc01", "cc02", "cc03")
    }
    assert set(compute.values()) == {"up"}
    assert {one["State"] for one in listed("volume service list")} == {"up"}
    endpoints = {(one["Service Name"], one["Interface"]) for one in listed("endpoint list")}
    assert endpoints == {(name, interface) for name in NAMES for interface in ("public", "internal", "admin")}


def test_an_image_comes_back_as_it_went_twenty_times(healthy: None) -> None:
    _, key = token()
    headers = {"X_Auth_Token": key}
    content = "x" * 300_000
    for number in range(20):
        body = json.dumps({"name": f"image {number}", "disk_format": "raw", "container_format": "bare"})
        status, _, said = asked(IMAGES, body, **headers)
        assert status == 201, said
        place = f"{IMAGES}/{json.loads(said)['id']}"
        put = asked(f"{place}/file", content, method="PUT", Content_Type="application/octet-stream", **headers)
        assert put[0] == 204, put
        # The next one asked is another controller.
        status, _, back = asked(f"{place}/file", **headers)
        assert status == 200 and hashlib.sha256(back.encode()).digest() == hashlib.sha256(content.encode()).digest()
        assert asked(place, method="DELETE", **headers)[0] == 204


def test_networks_flavors_and_volume_types_are_made_and_taken_away(healthy: None) -> None:
    made = {
        "flavor": "flavor create --ram 64 --disk 1 --vcpus 1 tiny",
        "volume type": "volume type create plain",
        "network": "network create inner",
        "subnet": "subnet create --network inner --subnet-range 10.88.0.0/24 inner",
        "router": "router create outer",
        "port": "port create --network inner door",
    }
    names = {"flavor": "tiny", "volume type": "plain", "router": "outer", "port": "door"}
    try:
        for words in made.values():
            openstack(words)
        for kind in made:
            assert names.get(kind, "inner") in [one["Name"] for one in listed(f"{kind} list")]
    finally:
        for kind in reversed(made):
            openstack(f"{kind} delete {names.get(kind, 'inner')}", output="")


def test_servers_are_made_listed_and_taken_away(healthy: None) -> None:
    with bootable():
        for number in range(3):
            made = f"server create --wait --image {IMAGE} --flavor {FLAVOR} --nic none s{number}"
            server = openstack(made)
            assert isinstance(server, dict) and server["status"] == "ACTIVE", server
            status, told = metadata(server["id"], server["project_id"], lab.secret_of("metadata"))
            assert status == 200 and json.loads(told)["name"] == f"s{number}", (status, told)
            assert metadata(server["id"], server["project_id"], "another")[0] == 403
        assert {one["Name"] for one in listed("server list")} == {"s0", "s1", "s2"}
    assert listed("server list") == []


def test_a_second_run_changes_nothing(healthy: None) -> None:
    assert lab.changes(lab.deploy()) == []


def test_no_password_stands_in_the_table_of_cells(healthy: None) -> None:
    said = lab.ssh("mysql1", "mariadb -NB -e 'SELECT transport_url, database_connection FROM nova_api.cell_mappings'")
    assert "{password" in said
    for name in ("nova_database", "nova_sync", "openstack_queue"):
        assert lab.secret_of(name) not in said


@pytest.mark.parametrize("fault", ["kill", "freeze"])
@pytest.mark.parametrize(("service", "api"), APIS, ids=[api.name for _, api in APIS])
def test_one_api_that_falls_out_is_missed_by_nobody_for_long(
    healthy: None, service: OpenstackService, api: Api, fault: str
) -> None:
    with gets(api.port, api.health) as calls:
        calls.wait_for_acks(20, 20)
        with lab.fault(fault, "cc02", unit=api.unit.removesuffix(".service")):
            calls.wait_for_acks(60, 60)
        wait_until(lambda: layers()[service.name]["verdict"] == "OK", 60, f"{service.name} is repaired")
    assert calls.gap <= 3 * slower(), (calls.gap, calls.errors)


def test_a_part_that_is_stopped_is_told_by_the_services_own_records(healthy: None) -> None:
    with lab.fault("stop", "cc03", unit="nova-scheduler"):
        wait_until(lambda: "cc03: nova-scheduler is inactive" in str(layers()["nova"]["reason"]), 90)
        wait_until(lambda: "nova-scheduler on cc03 has not told nova" in str(layers()["nova"]["reason"]), 120)
    wait_until(lambda: layers()["nova"]["verdict"] == "OK", 120, "nova is OK")


def test_nova_is_restarted_and_no_call_fails(healthy: None) -> None:
    with gets(8774, "/") as calls:
        run = carried_out("restart", "nova")
        assert lost(run, "nova") == set(), felt(run, "nova")
    assert calls.errors == []
    nothing_is_left()


def test_a_controller_that_loses_its_power_is_missed_for_a_second(healthy: None) -> None:
    with gets(9696, "/healthcheck") as calls, tokens() as given:
        calls.wait_for_acks(20, 20)
        with lab.fault("power", "cc03"):
            calls.wait_for_acks(50, 60)
            given.wait_for_acks(5, 60)
    assert calls.gap <= 1 * slower() and given.gap <= 4 * slower(), (calls.gap, given.gap, calls.errors)
    begun = time.monotonic()
    lab.all_ok(within=300)
    print(f"all OK {time.monotonic() - begun:.0f} s after the power was back")
