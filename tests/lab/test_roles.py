"""Which packages the hosts of a role have before a deploy, and what their disks are made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab import config, hosts, layers, roles, shared
from lab.config import Config
from lab.kind import Kind
from lab.topology import RELEASES, ROLES, parse_subnet

LAB = parse_subnet("192.168.47.0/24")
BASE, REPOSITORY = Path("/c/base"), Path("/c/packages")
LAYERS = {"controller": Path("/c/controller"), "network": Path("/c/network")}


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder in the place of all labs' state."""
    for module in ("lab.topology", "lab.config"):
        monkeypatch.setattr(f"{module}.STATE_ROOT", tmp_path)


@pytest.mark.parametrize("release", RELEASES)
def test_the_repository_has_what_the_roles_have_and_only_with_openstack(release: str) -> None:
    with_it, without = Kind(release, openstack=True), Kind(release)
    assert set(with_it.roles) == set(ROLES.values())
    assert all(set(packages) <= set(with_it.packages) for packages in with_it.roles.values())
    assert not without.roles
    assert not {"keystone", "nova-compute", "neutron-l3-agent"} & set(without.packages)


def test_what_debian_split_is_named_by_release() -> None:
    twelve, thirteen = (set(Kind(release, openstack=True).roles["controller"]) for release in ("bookworm", "trixie"))
    assert twelve - thirteen == {"fence-agents"}
    assert thirteen - twelve == {"fence-agents-ipmilan", "neutron-periodic-workers"}


def test_a_layer_is_another_one_on_another_base_and_of_another_role() -> None:
    kind = Kind("trixie", openstack=True)
    one = roles.recipe(kind, "controller", BASE)
    assert one == roles.recipe(kind, "controller", BASE)
    assert roles.recipe(kind, "network", BASE) != one
    assert roles.recipe(kind, "controller", BASE.with_name("base-2")) != one


def test_a_disk_has_the_layer_of_its_role_on_the_base() -> None:
    settings = Config("trixie", BASE, REPOSITORY, openstack=True, layers=LAYERS)
    assert settings.below("cc02") == [LAYERS["controller"], BASE]
    assert settings.below("net01") == [LAYERS["network"], BASE]
    assert settings.below("mysql1") == [BASE]
    assert Config("trixie", BASE, REPOSITORY).below("cc02") == [BASE]
    hosts.seed(LAB.host_dir("cc02"), {})
    lower = layers.options(LAB, "cc02", settings).split(",")[0]
    assert lower == f"lowerdir={LAB.host_dir('cc02') / 'seed'}:/c/controller:/c/base"


def test_the_layers_are_written_down_and_nobody_prunes_them() -> None:
    settings = Config("trixie", BASE, REPOSITORY, openstack=True, layers=LAYERS)
    LAB.state.mkdir()
    config.save(LAB, settings)
    assert config.load(LAB) == settings
    assert set(settings.trees) == {BASE, REPOSITORY, *LAYERS.values()}


def test_a_lab_of_a_former_version_stands_on_the_base_alone() -> None:
    LAB.state.mkdir()
    noted = {"release": "trixie", "base": str(BASE), "repository": str(REPOSITORY), "openstack": True}
    LAB.config.write_text(json.dumps(noted))
    assert config.need(LAB).below("cc01") == [BASE]


def test_controllers_alone_share_a_folder_and_with_openstack_alone() -> None:
    settings = Config("trixie", BASE, REPOSITORY, openstack=True, layers=LAYERS)
    bind = f"--bind={LAB.state / 'shared'}:/var/lib/shared"
    assert bind in hosts.nspawn(LAB, "cc01", settings)
    assert bind not in hosts.nspawn(LAB, "net01", settings)
    assert bind not in hosts.nspawn(LAB, "cc01", Config("trixie", BASE, REPOSITORY))


def test_a_snapshot_has_what_the_controllers_share(tmp_path: Path) -> None:
    settings = Config("trixie", BASE, REPOSITORY, openstack=True)
    kept = tmp_path / "kept"
    kept.mkdir()
    LAB.state.mkdir()
    shared.ensure(LAB, settings)
    (shared.folder(LAB) / "images").mkdir(mode=0o700)
    (shared.folder(LAB) / "images/one").write_text("first")
    shared.keep(LAB, kept)
    (shared.folder(LAB) / "images/one").write_text("second")
    (shared.folder(LAB) / "images/two").write_text("later")
    shared.give_back(LAB, kept)
    assert (shared.folder(LAB) / "images/one").read_text() == "first"
    assert [path.name for path in (shared.folder(LAB) / "images").iterdir()] == ["one"]
    assert (shared.folder(LAB) / "images").stat().st_mode & 0o777 == 0o700
