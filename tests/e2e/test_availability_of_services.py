"""Glance, nova and neutron as Pacemaker runs them, with the controllers' VIP: one that falls out is started anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cluster.openstack.table import BY_NAME
from tests.e2e.conftest import Deployment
from tests.e2e.kept import Kept, falls_out, kept

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

SERVICES = ("glance", "nova", "neutron")
PROCESSES = {
    "glance": "[/]usr/bin/glance-api",
    "nova": "[/]etc/nova/nova-api-uwsgi",
    "neutron": "[/]etc/neutron/neutron-api",
}


@pytest.fixture(scope="module")
def passive(cluster: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept(tmp_path_factory.mktemp("passive"), "active-passive", SERVICES) as found:
        yield found


def test_all_of_them_run_on_one_controller_and_a_second_deploy_changes_nothing(passive: Kept) -> None:
    passive.all_ok(within=300)
    for name in SERVICES:
        assert passive.told(name)[0] == "OK"
    for layer in passive.deployed:
        assert passive.deploy(layer) == []


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_one_that_falls_out_is_noticed_and_started_anew_where_it_is(passive: Kept, service: str, fault: str) -> None:
    falls_out(passive, BY_NAME[service].apis[0], PROCESSES[service], fault)
