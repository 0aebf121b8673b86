"""The lab's pure parts: commands, cuts, packages, remembered processes."""

from __future__ import annotations

import io
import lzma
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from lab import checks, partition, process
from lab.config import Config
from lab.debs import stored
from lab.errors import LabError
from lab.hosts import network_file, nspawn, seed
from lab.topology import HOSTS, parse_subnet

LAB = parse_subnet("192.168.47.0/24")


def test_a_host_is_booted_on_the_bridge_and_registered_nowhere() -> None:
    argv = nspawn(LAB, "cc01", Config("bookworm", Path("/b"), Path("/p")))
    assert argv[0] == "systemd-nspawn"
    assert {"--boot", "--register=no", "--keep-unit", "--machine=cc01", "--network-bridge=br0"} <= set(argv)
    assert "--bind-ro=/p:/srv/packages" in argv


def test_a_host_has_a_static_address_and_no_way_out() -> None:
    text = network_file(LAB, "cc01")
    assert "Address=192.168.47.100/24" in text
    assert "Gateway" not in text


def test_a_seed_closes_the_home_of_root(tmp_path: Path) -> None:
    seed(tmp_path, {"root/.ssh/authorized_keys": ("key\n", 0o600), "etc/hostname": ("cc01\n", 0o644)})
    assert (tmp_path / "root").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "root/.ssh/authorized_keys").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "etc").stat().st_mode & 0o777 == 0o755


def test_cuts_one_way_both_ways_and_from_all() -> None:
    assert partition.between("cc01", "cc02", one_way=True) == [("cc01", "cc02")]
    assert partition.between("cc01", "cc02", one_way=False) == [("cc01", "cc02"), ("cc02", "cc01")]
    alone = partition.isolation("cc01")
    assert len(alone) == 2 * len(HOSTS)
    assert ("machine", "cc01") in alone
    assert all("cc01" in cut for cut in alone)


def test_hosts_the_machine_can_not_see() -> None:
    assert partition.unseen(partition.isolation("cc01")) == {"cc01"}
    assert partition.unseen([("cc01", "cc02")]) == set()


def test_cuts_are_read_back_from_nft() -> None:
    text = """{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"set": {"family": "bridge", "name": "cuts",
      "table": "halab", "type": ["ifname", "ifname"], "handle": 2,
      "elem": [{"concat": ["vb-cc02", "vb-cc01"]}, {"concat": ["uplink", "vb-cc01"]}]}}]}"""
    assert partition.parse(text) == [("cc02", "cc01"), ("machine", "cc01")]
    assert partition.parse('{"nftables": [{"set": {"name": "cuts"}}]}') == []


def ar(*members: tuple[str, bytes]) -> bytes:
    out = b"!<arch>\n"
    for name, body in members:
        out += b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name.encode(), 0, 0, 0, b"100644", len(body))
        out += body + b"\n" * (len(body) % 2)
    return out


def test_a_package_is_stored_unpacked_and_reads_the_same(tmp_path: Path) -> None:
    def tar(name: str, text: bytes) -> bytes:
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w") as archive:
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
        return raw.getvalue()

    control = tar("./control", b"Package: x\nVersion: 1\nArchitecture: all\nMaintainer: me\nDescription: x\n")
    data = tar("./etc/x", b"hello")
    packed = ar(
        ("debian-binary", b"2.0\n"), ("control.tar.xz", lzma.compress(control)), ("data.tar.xz", lzma.compress(data))
    )
    assert data not in packed
    (tmp_path / "x.deb").write_bytes(stored(packed, "x.deb"))
    assert data in (tmp_path / "x.deb").read_bytes()
    told = subprocess.run(["dpkg-deb", "--fsys-tarfile", tmp_path / "x.deb"], capture_output=True, check=True)
    assert told.stdout == data


def test_a_package_that_is_none_is_refused() -> None:
    with pytest.raises(LabError, match=r"y\.deb is not a Debian package"):
        stored(b"<html>", "y.deb")


def test_a_process_is_known_by_its_start_too(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    found = process.identify(child.pid)
    assert found is not None
    found.save(tmp_path / "pid")
    assert process.load(tmp_path / "pid") == found
    assert found in process.children(process.Process(os.getpid(), 0))

    reused = process.Process(child.pid, found.started + 1)
    reused.kill()
    assert child.poll() is None, "a reused pid must never be killed"
    reused.save(tmp_path / "pid")
    assert process.load(tmp_path / "pid") is None

    found.kill()
    assert not found.alive()
    child.wait()


def test_a_secret_is_born_closed(tmp_path: Path) -> None:
    process.replace_file(tmp_path / "password", "x", 0o600)
    assert (tmp_path / "password").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["password"]


@pytest.mark.parametrize("now,then", [("128", "1024"), ("1024", "1024"), ("8192", "8192")])
def test_the_limit_of_inotify_instances_is_raised_and_never_lowered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, now: str, then: str
) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text(f"{now}\n")
    monkeypatch.setattr("lab.checks.INOTIFY", limit)
    checks.inotify()
    assert limit.read_text().strip() == then
