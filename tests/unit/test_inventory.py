"""The inventories that come with hatui: good, quick to load, described."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from cluster.spec import (
    Cluster,
    Corosync,
    FencingDevice,
    Galera,
    Haproxy,
    Keepalived,
    Pacemaker,
    Rabbitmq,
    Role,
    Ssh,
)
from cluster.validate import cluster_spec
from deploy.inventory import cluster_of, members
from tests.unit.inventories import inventory

TOP = Path(__file__).parents[2]

LOAD = """
import json, runpy, sys
found = runpy.run_path(sys.argv[1])
lists = {name: value for name, value in found.items() if isinstance(value, list)}
print(json.dumps({
    "pyinfra": "pyinfra" in sys.modules,
    "groups": {name: [host for host, _ in value] for name, value in lists.items()},
    "network": found["CLUSTER"].network,
    "bmc": found["CLUSTER"].secrets["bmc"],
}))
"""


def load(file: str, **environment: str) -> dict[str, Any]:
    command = [sys.executable, "-c", LOAD, str(TOP / file)]
    done = subprocess.run(
        command, cwd=TOP, env={**os.environ, **environment}, capture_output=True, text=True, timeout=30, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("file", ["inventory.py", "inventories/example.py"])
def test_it_is_good_and_its_lists_are_the_roles(file: str) -> None:
    found = load(file)
    assert set(found["groups"]) == {role.value for role in Role}
    # `hatui status` loads it at every call, without pyinfra.
    assert found["pyinfra"] is False


def test_the_lab_is_chosen_by_its_subnet() -> None:
    found = load("inventory.py", HALAB_SUBNET="10.77.0.0/24")
    assert found["network"] == "10.77.0.0/24"
    assert found["bmc"] == "file:/var/lib/halab/10.77.0.0_24/bmc/password"
    assert found["groups"]["galera"] == ["mysql1", "mysql2", "mysql3"]


def test_the_labs_inventory_knows_the_release_that_the_lab_was_brought_up_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "inventory.py"
    file.write_text((TOP / "inventory.py").read_text().replace("/var/lib/halab", str(tmp_path)))
    monkeypatch.setenv("HALAB_SUBNET", "10.77.0.0/24")
    assert runpy.run_path(str(file))["CLUSTER"].release == "trixie"
    (tmp_path / "10.77.0.0_24").mkdir()
    (tmp_path / "10.77.0.0_24" / "lab.json").write_text('{"release": "bookworm", "base": "/b", "repository": "/r"}')
    assert runpy.run_path(str(file))["CLUSTER"].release == "bookworm"


def test_a_group_reaches_its_hosts_by_ssh_and_checks_their_keys() -> None:
    data = inventory((("ssh",), {"user": "root", "key": "/k", "known_hosts": "/h", "port": 2222}))
    cluster = cluster_spec(data)
    name, given = members(cluster, Role.GALERA)[1]
    assert name == "db2"
    assert given == {
        "cluster": cluster,
        "ssh_hostname": "127.8.0.22",
        "ssh_user": "root",
        "ssh_port": 2222,
        "ssh_key": "/k",
        "ssh_known_hosts_file": "/h",
        "ssh_strict_host_key_checking": "yes",
    }
    without = members(cluster_spec(inventory()), Role.NETWORK)[0][1]
    assert "ssh_key" not in without and without["ssh_strict_host_key_checking"] == "yes"


def test_every_mistake_on_stderr_and_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cluster_of(inventory((("release",), "sid"), (("name",), "")))
    assert caught.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split()[1] for line in said.err.splitlines()] == ["name", "release", "2"]


@pytest.mark.parametrize(
    "section", [Cluster, Ssh, Keepalived, Haproxy, Galera, Rabbitmq, Corosync, Pacemaker, FencingDevice]
)
def test_every_key_is_described(section: type[Any]) -> None:
    text = (TOP / "docs" / "inventory.md").read_text()
    # What layers of other packages have is described by them.
    names = [entry.name for entry in fields(section) if (section, entry.name) != (Cluster, "others")]
    missing = [name for name in names if f"`{name}`" not in text and f'"{name}"' not in text]
    assert missing == []
