"""A host of the lab that computes: nova-compute with a driver that only pretends; servers are scheduled for real.

hatui does not deploy hosts that compute: this is what an operator's own tools do.
"""

from __future__ import annotations

from cluster.openstack.table import NOVA
from deploy.openstack_own import settings
from inventory import CLUSTER
from operations.ini import with_keys
from tests.e2e import lab
from tests.e2e.openstack import openstack
from tests.pace import wait_until

HOST = "cmp01"
_PATH = "/etc/nova/nova.conf"
_NOT_ITS = ("api_database", "database", "keystone_authtoken", "conductor", "scheduler")
"""Sections that a host which computes has no use for."""


def computes() -> None:
    """Have the host take servers; nova has it up when this returns."""
    keys = {name: section for name, section in settings(CLUSTER, NOVA, "cc01")[_PATH].items() if name not in _NOT_ITS}
    own = {"my_ip": str(lab.LAB.address(HOST))}
    keys = {**keys, "DEFAULT": {**keys["DEFAULT"], **own}, "vnc": {"enabled": "false"}}
    text = lab.ssh(HOST, f"cat {_PATH}")
    made = with_keys(text, _PATH, keys)
    if made != text or lab.ssh(HOST, "systemctl is-active nova-compute", check=False).strip() != "active":
        lab.ssh(HOST, f"cat >{_PATH}", stdin=made)
        # Its package names another driver here, which is read after that.
        lab.ssh(HOST, "cat >/etc/nova/nova-compute.conf", stdin="[DEFAULT]\ncompute_driver = fake.FakeDriver\n")
        lab.ssh(HOST, "systemctl enable -q nova-compute; systemctl restart nova-compute", timeout=120)
    wait_until(_up, 240, f"nova has {HOST} up")


def _up() -> bool:
    # Nova's scheduler looks for new hosts each minute, and gives work to none before.
    if HOST not in lab.ssh("mysql1", "mariadb -NB -e 'SELECT host FROM nova_api.host_mappings'").split():
        return False
    found = openstack("compute service list --service nova-compute")
    return isinstance(found, list) and any(one["Host"] == HOST and one["State"] == "up" for one in found)
