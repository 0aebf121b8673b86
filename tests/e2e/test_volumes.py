"""Cinder's volumes on a folder that all controllers share: one of them serves it, and another where that one is lost.

The driver is cinder's own for NFS. A lab's kernel has no NFS: the folder is mounted where the driver would mount the
export, and it takes what it finds mounted there.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.shared import MOUNT
from tests.e2e import lab
from tests.e2e.conftest import Deployment
from tests.e2e.openstack import asked, openstack, token
from tests.e2e.operator import carried_out, hatui
from tests.pace import slower, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

CONTROLLERS = ("cc01", "cc02", "cc03")
HOST, PATH = "files", "/volumes"
DATA = {
    "volume_driver": "cinder.volume.drivers.nfs.NfsDriver",
    "nas_host": HOST,
    "nas_share_path": PATH,
    "nas_secure_file_operations": "true",
    "nas_secure_file_permissions": "true",
}
INVENTORY = f"""
import runpy
from cluster.spec import Role
from deploy.inventory import cluster_of, members
DATA = runpy.run_path("inventory.py")["DATA"]
DATA |= {{"cinder": {{"backends": {{"nfs": {DATA!r}}}}}}}
CLUSTER = cluster_of(DATA)
haproxy, galera, controller, network = (members(CLUSTER, role) for role in Role)
"""
PLACE = f"/var/lib/cinder/mnt/{hashlib.md5(f'{HOST}:{PATH}'.encode(), usedforsecurity=False).hexdigest()}"
"""Where the driver has this export (os_brick/remotefs)."""
UNIT = f"[Mount]\nWhat={MOUNT}/volumes\nWhere={PLACE}\nType=none\nOptions=bind\n[Install]\nWantedBy=local-fs.target\n"
MOUNTED = f"""set -e
unit=$(systemd-escape -p --suffix=mount {PLACE})
install -d -o cinder -g cinder {MOUNT}/volumes /var/lib/cinder/mnt {PLACE}
cat >"/etc/systemd/system/$unit"
systemctl daemon-reload
systemctl enable --quiet --now "$unit"
"""
PROCESS = "[/]usr/bin/cinder-volume"
SERVED = "volumes@nfs"
VOLUMES = f"http://{lab.VIP}:8776/v3/volumes"


class Served:
    """The inventory with a backend, deployed."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._inventory = ("--inventory", path)

    def layers(self) -> dict[str, dict[str, Any]]:
        said = hatui("status", "--json", *self._inventory).stdout
        return {layer["layer"]: layer for layer in json.loads(said)["layers"]}

    def cinder(self) -> tuple[str, str]:
        layer = self.layers()["cinder"]
        return layer["verdict"], layer["reason"]

    def all_ok(self, within: float = 120) -> None:
        def broken() -> list[str]:
            return [f"{name}: {one['reason']}" for name, one in self.layers().items() if one["verdict"] != "OK"]

        wait_until(lambda: not broken(), within, "all OK", every=1)

    def verb(self, *words: str) -> Any:
        return carried_out(*words, *self._inventory)

    def deploy(self) -> list[str]:
        return lab.changes(lab.pyinfra("-y", self.path, "deploy/cinder.py"))


@pytest.fixture(scope="module")
def served(cluster: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    for name in CONTROLLERS:
        lab.ssh(name, MOUNTED, stdin=UNIT)
    path = tmp_path_factory.mktemp("volumes") / "volumes.py"
    path.write_text(INVENTORY)
    found = Served(str(path))
    try:
        begun = time.monotonic()
        found.deploy()
        print(f"cinder-volume is deployed, and its backend up, after {time.monotonic() - begun:.0f} s")
        openstack("volume type create --property volume_backend_name=nfs files")
        yield found
    finally:
        openstack("volume type delete files", output="")
        lab.deploy("cinder")
        lab.ssh("cc01", f"runuser -u cinder -- cinder-manage service remove cinder-volume {SERVED} 2>&1; true")
        lab.all_ok(within=300)


def runs_on() -> list[str]:
    """The controllers that run it, by their processes."""
    asked = f"pgrep -f {PROCESS} >/dev/null && echo runs; true"
    return [name for name in CONTROLLERS if lab.ssh(name, asked, check=False, timeout=10).strip()]


def one_that_runs_it() -> str:
    (found,) = runs_on()
    return found


def state_of(volume: str) -> str:
    """What cinder says of a volume, by its id; empty where it is gone."""
    _, key = token()
    status, _, said = asked(f"{VOLUMES}/{volume}", X_Auth_Token=key)
    return str(json.loads(said)["volume"]["status"]) if status == 200 else ""


def made(name: str) -> str:
    """A volume of one GiB that is ready, by its id."""
    _, key = token()
    body = json.dumps({"volume": {"name": name, "size": 1, "volume_type": "files"}})
    status, _, said = asked(VOLUMES, body, X_Auth_Token=key)
    assert status == 202, (status, said)
    volume = str(json.loads(said)["volume"]["id"])
    wait_until(lambda: state_of(volume) == "available", 120, f"the volume {name} is there")
    return volume


def taken_away(*volumes: str) -> None:
    _, key = token()
    for volume in volumes:
        assert asked(f"{VOLUMES}/{volume}", method="DELETE", X_Auth_Token=key)[0] == 202
    wait_until(lambda: not any(map(state_of, volumes)), 120 * slower(), "they are gone")


def test_one_controller_serves_the_backend_and_cinder_has_all_parts_up(served: Served) -> None:
    served.all_ok()
    where = one_that_runs_it()
    wanted = ("OK", f"3 of 3 hosts give a list of volumes; cinder-volume on {where} serves {SERVED}")
    wait_until(lambda: served.cinder() == wanted, 60, "cinder is OK")
    listed = openstack("volume service list")
    assert isinstance(listed, list)
    assert {(one["Binary"], one["Host"], one["State"]) for one in listed} == {
        *(("cinder-scheduler", name, "up") for name in CONTROLLERS),
        ("cinder-volume", SERVED, "up"),
    }


def test_a_volume_is_made_listed_and_taken_away(served: Served) -> None:
    made_by_client = openstack("volume create --size 1 --type files first")
    assert isinstance(made_by_client, dict)
    volume = made_by_client["id"]
    wait_until(lambda: state_of(volume) == "available", 120, "the volume is there")
    listed = openstack("volume list")
    assert isinstance(listed, list) and {(one["ID"], one["Status"], one["Size"]) for one in listed} == {
        (volume, "available", 1)
    }
    # On all controllers alike, and of the size that was asked for.
    sizes = {name: lab.ssh(name, f"stat -c %s {MOUNT}/volumes/volume-{volume}").strip() for name in CONTROLLERS}
    assert set(sizes.values()) == {str(1 << 30)}
    openstack("volume delete first", output="")
    wait_until(lambda: state_of(volume) == "", 60, "the volume is gone")
    assert lab.ssh("cc02", f"ls {MOUNT}/volumes").strip() == ""


def test_a_second_run_changes_nothing(served: Served) -> None:
    assert served.deploy() == []
    assert lab.changes(lab.pyinfra("-y", served.path, "deploy/ha.py")) == []


def test_one_that_is_killed_is_started_anew_where_it_is(served: Served) -> None:
    served.all_ok()
    where = one_that_runs_it()
    with lab.fault("kill", where, unit="cinder-volume"):
        begun = time.monotonic()
        wait_until(lambda: where in runs_on(), 60, "it is started anew")
        volume = made("after")
    print(f"killed: a volume is made {time.monotonic() - begun:.1f} s later")
    taken_away(volume)
    # Its failure stays on Pacemaker's list.
    lab.ssh(where, "crm_resource --cleanup --resource hatui-cinder-volume >/dev/null 2>&1; true")
    served.all_ok()


def test_it_is_moved_by_hand_drained_and_restarted(served: Served) -> None:
    served.all_ok()
    where = one_that_runs_it()
    target = next(name for name in CONTROLLERS if name != where)
    served.verb("switchover", "resource", "hatui-cinder-volume", "--to", target)
    assert runs_on() == [target]
    served.all_ok()
    served.verb("restart", "cinder")
    assert runs_on() == [target]
    served.all_ok()
    served.verb("drain", target)
    assert target not in runs_on()
    served.verb("undrain", target)
    served.all_ok()


def test_a_controller_that_loses_its_power_gives_it_to_another_with_its_volumes(served: Served) -> None:
    served.all_ok()
    where = one_that_runs_it()
    volume = made("kept")
    with lab.fault("power", where):
        begun = time.monotonic()
        others = [name for name in CONTROLLERS if name != where]
        wait_until(lambda: any(name in others for name in runs_on()), 180, "another one runs it")
        moved = time.monotonic() - begun
        # Made by one that is gone, taken away by another.
        later = made("later")
        print(
            f"power: another one runs it after {moved:.0f} s, and has made one after {time.monotonic() - begun:.0f} s"
        )
        taken_away(volume, later)
    served.all_ok(within=300)
    assert len(runs_on()) == 1
