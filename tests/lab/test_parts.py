"""The lab's pure parts: commands, faults' descriptions, packages, remembered processes."""

from __future__ import annotations

import io
import lzma
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from lab import cases, checks, process
from lab.config import Config
from lab.debs import stored
from lab.errors import LabError
from lab.fault import known
from lab.faults.cut import rules
from lab.hosts import network_file, nspawn, second_interface, seed
from lab.topology import parse_subnet

LAB = parse_subnet("192.168.47.0/24")


def test_a_host_is_booted_on_the_bridge_and_registered_nowhere() -> None:
    argv = nspawn(LAB, "cc01", Config("bookworm", Path("/b"), Path("/p")))
    assert argv[0] == "systemd-nspawn"
    assert {"--boot", "--register=no", "--keep-unit", "--machine=cc01", "--network-bridge=br0"} <= set(argv)
    assert "--bind-ro=/p:/srv/packages" in argv
    assert not any(word.startswith("--bind=") for word in argv)


def test_a_host_has_a_static_address_and_no_way_out() -> None:
    text = network_file(LAB, "cc01")
    assert "Address=192.168.47.100/24" in text
    assert "Gateway" not in text


def test_a_network_node_has_a_cable_to_the_other_one() -> None:
    assert second_interface(LAB, "cc01") == {}
    files = second_interface(LAB, "net01")
    assert list(files) == ["etc/systemd/network/20-ext0.netdev", "etc/systemd/network/20-ext0.network"]
    assert "Remote=192.168.47.111\n" in files["etc/systemd/network/20-ext0.netdev"]
    assert "Remote=192.168.47.110\n" in second_interface(LAB, "net02")["etc/systemd/network/20-ext0.netdev"]


def test_a_seed_closes_the_home_of_root(tmp_path: Path) -> None:
    seed(tmp_path, {"root/.ssh/authorized_keys": ("key\n", 0o600), "etc/hostname": ("cc01\n", 0o644)})
    assert (tmp_path / "root").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "root/.ssh/authorized_keys").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "etc").stat().st_mode & 0o777 == 0o755


def cut(*hosts: str, one_way: bool = False, tcp: str | None = None) -> list[str]:
    return rules(known().need("cut").case(hosts, {"one-way": one_way, "tcp": tcp}, 0))


def test_cuts_one_way_both_ways_and_from_all() -> None:
    assert cut("cc01", "cc02", one_way=True) == ['iifname "vb-cc01" oifname "vb-cc02" ether type != arp drop']
    assert cut("cc01", "cc02") == [
        'iifname "vb-cc01" oifname "vb-cc02" drop',
        'iifname "vb-cc02" oifname "vb-cc01" drop',
    ]
    assert cut("cc01") == ['iifname "vb-cc01" drop', 'oifname "vb-cc01" drop']
    assert cut("cc01", "cc02", one_way=True, tcp="10000") == [
        'iifname "vb-cc01" oifname "vb-cc02" tcp dport { 10000 } drop',
        'iifname "vb-cc01" oifname "vb-cc02" tcp sport { 10000 } drop',
    ]


def test_each_module_of_a_fault_is_known_and_says_what_a_person_has_to_know() -> None:
    faults = known()
    assert {"cut", "freeze", "full", "kill", "load", "power", "readonly", "stop"} <= set(faults.faults)
    assert all(one.does and one.whom and one.heals for one in faults.faults.values())
    assert not {"list", "heal"} & (set(faults.faults) | set(faults.impossible))


def test_a_case_is_the_same_for_what_it_hits_and_is_read_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("lab.topology.STATE_ROOT", tmp_path)
    freeze, full, alone = (known().need(name) for name in ("freeze", "full", "cut"))
    one = freeze.case(("cc01",), {"unit": "haproxy"}, 5.0)
    assert one.id == freeze.case(("cc01",), {"unit": "haproxy"}, 9.0).id
    assert one.id != freeze.case(("cc01",), {"unit": "keepalived"}, 5.0).id
    small, large = ({"path": "/srv/data", "unit": None, "free": free} for free in (0, 5))
    assert full.case(("cc01",), small, 5.0).id == full.case(("cc01",), large, 5.0).id
    parted = alone.case(("cc02",), {"one-way": False, "tcp": None}, 5.0)
    for case in (one, parted):
        cases.save(LAB, case)
    assert cases.found(LAB) == [parted, one] and cases.unseen(LAB) == {"cc02"}
    assert [str(case) for case in cases.found(LAB)] == ["cut cc02", "freeze cc01 --unit haproxy"]
    cases.forget(LAB, one.id)
    cases.forget(LAB, one.id)
    assert cases.found(LAB) == [parted]


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
