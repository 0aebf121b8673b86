"""What the lab says when it can't: one sentence, exit code 2, nothing half built."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest

from lab import cache, cgroup, checks, config, lifecycle
from lab.errors import LabError
from lab.main import main
from lab.network import GUARD_METRIC, Route, foreign_route, parse_routes
from lab.packages import Target, parse_targets, sources
from lab.shell import run
from lab.topology import parse_subnet

LAB = parse_subnet("192.168.47.0/24")


@pytest.fixture(autouse=True)
def default_subnet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lab is meant where the tests are run."""
    monkeypatch.delenv("HALAB_SUBNET", raising=False)


def say(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What `halab argv` says on standard error, in one line, with exit code 2."""
    assert main(argv) == 2
    said = capsys.readouterr().err
    assert said.startswith("halab: ")
    assert said.count("\n") == 1
    return said


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Root, as far as the lab's own check can tell, with an empty folder in the place of its state."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    for module in ("lab.topology", "lab.config", "lab.checks"):
        monkeypatch.setattr(f"{module}.STATE_ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("verb", ["up", "down", "status"])
def test_without_root(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "needs root" in say(capsys, verb)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["up", "cc1"], "no host 'cc1': did you mean cc01?"),
        (["up", "--subnet", "1.2.3.0/24"], "not private"),
        (["ssh", "nobody"], "no host 'nobody'"),
        (["ssh", "cc01", "true"], "is down; bring it up with `halab up`"),
        (["power", "off", "cc01"], "is down"),
        (["fault", "cut", "cc01", "cc02"], "is down"),
        (["fault", "cut", "cc01", "cc01"], "a host is named twice (cc01 cc01)"),
        (["fault", "cut", "cc01", "cc2"], "no host 'cc2'"),
        (["fault", "clock", "cc01", "--by", "60"], "a host's clock can't be stepped"),
        (["fault", "heal", "flood"], "no fault 'flood': it is one of cut, "),
    ],
)
def test_what_can_not_be_done_is_said(
    capsys: pytest.CaptureFixture[str], as_root: Path, argv: list[str], says: str
) -> None:
    assert says in say(capsys, *argv)
    assert not list(as_root.iterdir())


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["freeze", "cc01"], "the following arguments are required: --unit"),
        (["freeze", "cc01", "--unit", "a b"], "'a b' is no name of a unit"),
        (["power", "cc01", "--for", "0"], "'0' are no seconds from 1 to 86400"),
        (["cut", "cc01", "--tcp", "x"], "'x' are no TCP ports"),
        (["full", "cc01", "--path", "/var"], "'/var' is no folder to take"),
        (["full", "cc01", "--path", "/var/lib/../x"], "is no folder to take"),
        (["load", "cc01", "--share", "101"], "'101' is no whole number from 1 to 100"),
    ],
)
def test_a_fault_that_is_not_well_described(
    capsys: pytest.CaptureFixture[str], as_root: Path, argv: list[str], says: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fault", *argv])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_faults_that_can_not_be_had_are_listed_too(capsys: pytest.CaptureFixture[str], as_root: Path) -> None:
    assert main(["fault", "list"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "freeze" in said and "Not to be had: clock: a host's clock can't be stepped" in said
    assert "nothing is broken in the lab 192.168.47.0/24" in said


def test_down_of_a_lab_that_never_was_makes_nothing(as_root: Path) -> None:
    assert main(["down"]) == 0
    assert not list(as_root.iterdir())


def test_a_missing_program_is_named_with_its_package(
    capsys: pytest.CaptureFixture[str], as_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = {"systemd-nspawn", "nft"}
    monkeypatch.setattr("shutil.which", lambda name: None if name in lacking else f"/usr/bin/{name}")
    said = say(capsys, "up")
    assert "nft, systemd-nspawn" in said
    assert "apt-get install nftables systemd-container" in said
    assert not list(as_root.iterdir())


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10 * 2**30, 9 * 2**30, 2**30))
    with pytest.raises(LabError, match=r"deeper has 1\.0 GiB free, and the lab needs 3 GiB"):
        checks.disk(tmp_path / "not" / "there" / "deeper")


ROUTES = """[
 {"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]},
 {"dst":"192.168.47.0/24","dev":"hl-c0a82f00","protocol":"kernel","scope":"link","prefsrc":"192.168.47.1","flags":[]},
 {"type":"unreachable","dst":"192.168.47.0/24","metric":4294967290,"flags":[]},
 {"type":"local","dst":"127.0.0.1","dev":"lo","table":"local","flags":[]},
 {"dst":"192.168.40.0/21","gateway":"192.0.2.9","dev":"tun0","flags":[]}]"""


def test_own_routes_and_the_default_route_do_not_count() -> None:
    routes = [route for route in parse_routes(ROUTES) if route.dev != "tun0"]
    assert GUARD_METRIC in {route.metric for route in routes}
    assert foreign_route(LAB, routes) is None


def test_a_wider_route_of_somebody_else_is_named() -> None:
    assert foreign_route(LAB, parse_routes(ROUTES)) == "192.168.40.0/21 via 192.0.2.9 dev tun0"


def test_an_unreachable_route_that_is_not_the_guard_counts() -> None:
    strange = Route(LAB.subnet, "unreachable", "", 5, "192.168.47.0/24")
    assert foreign_route(LAB, [strange]) == "192.168.47.0/24"


def test_a_subnet_in_use_is_refused_before_anything_is_made(
    capsys: pytest.CaptureFixture[str], as_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.checks.machine", lambda: None)
    monkeypatch.setattr("lab.network.read_routes", lambda: parse_routes(ROUTES))
    said = say(capsys, "up")
    assert "192.168.40.0/21 via 192.0.2.9 dev tun0" in said
    assert "--subnet 192.168.48.0/24" in said
    assert not [path for path in as_root.rglob("*") if path.is_file() and path.name != "lock"]


def test_the_other_release_comes_from_the_same_places() -> None:
    targets = parse_targets(
        "bookworm|http://a.example/debian/|main\n"
        "bookworm-security|http://b.example/sec/|main\n"
        "nodistro|https://c.example/|main\n"
        "bookworm-backports|http://a.example/debian/|main\n"
    )
    assert targets[0] == Target("bookworm", "http://a.example/debian/", "main")
    lines = [line.split("] ")[1] for line in sources(targets, "bookworm", "trixie")]
    assert lines == ["http://a.example/debian/ trixie main", "http://b.example/sec/ trixie-security main"]


def test_a_machine_without_debian_sources_gives_none() -> None:
    assert sources([Target("noble", "http://a.example/", "main")], "noble-nope", "bookworm") == []


def test_a_failed_program_is_quoted_with_its_last_words() -> None:
    with pytest.raises(LabError, match=r"`sh -c echo oh no >&2; exit 3` failed \(exit 3\): oh no"):
        run(["sh", "-c", "echo oh no >&2; exit 3"])
    with pytest.raises(LabError, match="no-such-program is not installed"):
        run(["no-such-program"])


def test_a_tree_that_fails_to_build_leaves_nothing(tmp_path: Path) -> None:
    def build(tree: Path) -> None:
        (tree / "half").write_text("built")
        raise LabError("no more")

    with pytest.raises(LabError):
        cache.built(tmp_path / "base", build)
    assert not list(tmp_path.iterdir())


def test_trees_that_a_lab_stands_on_are_not_pruned(tmp_path: Path) -> None:
    for name in ("base-bookworm-1", "base-bookworm-2", "controller-bookworm-1", "base-trixie-1"):
        (tmp_path / name).mkdir()
    cache.prune(tmp_path, "bookworm", {tmp_path / "base-bookworm-2"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base-bookworm-2", "base-trixie-1"]


def test_a_failed_up_takes_away_what_it_started(as_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[str] = []

    def start(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lab.checks.machine", lambda: None)
    monkeypatch.setattr("lab.network.guard", lambda _: None)
    monkeypatch.setattr("lab.trees.prepare", lambda *_: config.Config("bookworm", as_root, as_root))
    monkeypatch.setattr(lifecycle, "_start", start)
    monkeypatch.setattr(lifecycle, "_remove", lambda lab: removed.append(lab.slug))
    assert main(["up"]) == 130
    assert removed == ["192.168.47.0_24"]


def test_cgroups_where_v2_is_alone_and_where_it_is_not(tmp_path: Path) -> None:
    hybrid, pure = tmp_path / "hybrid", tmp_path / "pure"
    for path in (pure, hybrid / "systemd", hybrid / "unified", hybrid / "memory"):
        path.mkdir(parents=True)
        (path / "cgroup.procs").touch()
    assert cgroup.hierarchies(pure) == [pure]
    assert cgroup.hierarchies(hybrid) == [hybrid / "systemd", hybrid / "unified"]
    with pytest.raises(LabError, match="mount cgroup2"):
        cgroup.hierarchies(tmp_path)
