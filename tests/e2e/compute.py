"""A host of the lab that computes: nova-compute with a driver that only pretends; servers are scheduled for real.

hatui does not deploy hosts that compute: this is what an operator's own tools do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cluster.openstack.table import NOVA
from deploy.openstack_own import settings
from inventory import CLUSTER
from operations.ini import with_keys
from tests.e2e import lab
from tests.e2e.load import Load
from tests.e2e.openstack import asked, openstack, token
from tests.pace import Limit, wait_until

HOST = "cmp01"
IMAGES = f"http://{lab.VIP}:9292/v2/images"
SERVERS = f"http://{lab.VIP}:8774/v2.1/servers"
IMAGE, FLAVOR = "empty", "small"
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


@contextmanager
def bootable() -> Iterator[None]:
    """There is a host that computes, an image and a flavor; all servers go at the end, and then these two."""
    computes()
    openstack(f"flavor create --ram 64 --disk 1 --vcpus 1 {FLAVOR}")
    _, key = token()
    body = json.dumps({"name": IMAGE, "disk_format": "raw", "container_format": "bare"})
    image = json.loads(asked(IMAGES, body, X_Auth_Token=key)[2])["id"]
    asked(f"{IMAGES}/{image}/file", "x", method="PUT", Content_Type="application/octet-stream", X_Auth_Token=key)
    try:
        yield
    finally:
        for one in states():
            openstack(f"server delete --wait {one}", output="")
        openstack(f"flavor delete {FLAVOR}", output="")
        asked(f"{IMAGES}/{image}", method="DELETE", X_Auth_Token=key)


def states() -> dict[str, str]:
    """What each server is, by its id, such as ACTIVE."""
    _, key = token()
    status, _, said = asked(f"{SERVERS}/detail", X_Auth_Token=key)
    assert status == 200, said
    return {one["id"]: one["status"] for one in json.loads(said)["servers"]}


class Building(Load):
    """Has a server made, waits until it is, and has it taken away; one after another, while its context is open."""

    BUILT = 60
    """Seconds after which the next one is made all the same: its calls may take as long to be given up."""

    def _prepare(self) -> None:
        _, self._key = token()
        images = json.loads(asked(f"{IMAGES}?name={IMAGE}", X_Auth_Token=self._key)[2])["images"]
        flavors = json.loads(asked(f"{SERVERS.replace('servers', 'flavors')}", X_Auth_Token=self._key)[2])["flavors"]
        flavor = next(one["id"] for one in flavors if one["name"] == FLAVOR)
        server = {"name": "built", "imageRef": images[0]["id"], "flavorRef": flavor, "networks": "none"}
        self._body = json.dumps({"server": server})

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            # A server without a network is known since this version.
            known = {"X_Auth_Token": self._key, "OpenStack_API_Version": "compute 2.37"}
            status, _, said = asked(SERVERS, self._body, **known)
            if status != 202:
                self.errors.append(f"{number} is not taken: {status} {said[:80]}")
                self._stop.wait(1)
                continue
            place = f"{SERVERS}/{json.loads(said)['server']['id']}"
            state = self._built(place)
            if state == "ACTIVE":
                self.acked.append(number)
                asked(place, method="DELETE", X_Auth_Token=self._key)
            else:
                self.errors.append(f"{number} is {state}")

    def _built(self, place: str) -> str:
        """What a server is as soon as it is not being built any more."""
        limit, state = Limit(self.BUILT), "BUILD"
        while state == "BUILD" and not limit.is_over():
            time.sleep(0.5)
            status, _, said = asked(place, X_Auth_Token=self._key)
            if status == 200:
                state = str(json.loads(said)["server"]["status"])
        return state
