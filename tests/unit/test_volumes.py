"""Cinder's volumes by choice: the part of it that runs on one controller alone, and what it tells of itself."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from cluster.assess import assess
from cluster.checks import secrets_of
from cluster.health.verdict import LayerHealth, Verdict
from cluster.layers import BY_NAME, unit_of
from cluster.openstack.record import ApiNode, Part
from cluster.openstack.table import CINDER
from cluster.openstack.verdict import how
from cluster.spec import Cluster
from cluster.state import ClusterState, ServiceState, Unknown
from cluster.steady import gates
from cluster.validate import SpecError, cluster_spec
from deploy import openstack_files, openstack_own, openstack_settings
from deploy.openstack_cib import not_under_pacemaker, under_pacemaker
from facts.openstack import answers
from operations import openstack
from operations.files import masked
from tests.unit.inventories import inventory

NFS = {"volume_driver": "cinder.volume.drivers.nfs.NfsDriver", "nas_host": "files", "nas_share_path": "/volumes"}
SAN = {"volume_driver": "x.San", "backend_host": "rbd:volumes", "san_password": "secret:san", "retries": 3}
HOSTS = ("ctl1", "ctl2", "ctl3")
UNIT = "cinder-volume.service"
RUNS = ServiceState(UNIT, "active", "running", enabled=False)
IDLE = replace(RUNS, active="inactive", sub="dead")
UP = (Part("ctl1", "cinder-scheduler", up=True, enabled=True), Part("volumes@nfs", "cinder-volume", True, True))
APIS = tuple(ServiceState(unit, "active", "running", enabled=True) for unit in CINDER.units)
HERE = ApiNode(APIS[0], 200, 200, 0.05, workers=APIS[1:], parts=UP, lone=(RUNS,))
ELSEWHERE = replace(HERE, lone=(IDLE,))


def spec(cinder: Mapping[str, object], *, san: str = "env:SAN") -> Cluster:
    named = {"secrets": {"bmc": "env:BMC", "san": san}} if san else {}
    sections = {"keystone": {}, "cinder": cinder, **named}
    return cluster_spec(inventory(*(((name,), section) for name, section in sections.items())))


ONE = spec({"backends": {"nfs": NFS}}, san="")
NONE = spec({}, san="")


def judged(*nodes: ApiNode | Unknown, cluster: Cluster = ONE) -> LayerHealth:
    state = ClusterState({"cinder": dict(zip(HOSTS, nodes, strict=True))})
    return next(one for one in assess(cluster, state) if one.layer == "cinder")


def against(*nodes: ApiNode | Unknown, excluding: tuple[str, ...] = ()) -> str:
    state = ClusterState({"cinder": dict(zip(HOSTS, nodes, strict=True))})
    (condition,) = BY_NAME["cinder"].steady
    return " ".join(condition.against(ONE, state, excluding))


def test_one_controller_serves_the_backends_and_cinders_own_records_say_that_it_does() -> None:
    layer = judged(ELSEWHERE, HERE, ELSEWHERE)
    assert (layer.verdict, layer.reason) == (
        Verdict.OK,
        "3 of 3 hosts give a list of volumes; cinder-volume on ctl2 serves volumes@nfs",
    )
    assert [host.shows for host in layer.hosts][1] == "a list of volumes in 0.05 s, with cinder-volume"
    assert (how(CINDER, HERE), how(CINDER, ELSEWHERE)) == (
        "giving a list of volumes, with cinder-volume",
        "giving a list of volumes",
    )
    assert against(ELSEWHERE, HERE, ELSEWHERE) == ""
    assert next(one for one in gates(ONE, ClusterState({"cinder": dict.fromkeys(HOSTS, HERE)})) if one.name == "cinder")


@pytest.mark.parametrize(
    ("nodes", "verdict", "reason"),
    [
        ((HERE, HERE, ELSEWHERE), Verdict.FAIL, "cinder-volume runs on ctl1 and ctl2: it is to run on one alone"),
        ((ELSEWHERE, ELSEWHERE, ELSEWHERE), Verdict.FAIL, "cinder-volume runs nowhere: Pacemaker is to start it"),
        (
            (HERE, ELSEWHERE, ELSEWHERE),
            Verdict.WARN,
            "cinder-volume, which runs on ctl1, has not told cinder of volumes@nfs lately",
        ),
    ],
)
def test_what_is_wrong_with_it_is_told_and_shuts_the_gate(
    nodes: tuple[ApiNode, ...], verdict: Verdict, reason: str
) -> None:
    parts = UP if verdict is Verdict.FAIL else (UP[0], replace(UP[1], up=False))
    seen = [replace(node, parts=parts) for node in nodes]
    layer = judged(*seen)
    assert layer.verdict is verdict and reason in layer.reason and "not in the inventory" not in layer.reason
    assert reason in against(*seen)
    # Who runs it may be taken out all the same: that is how it is repaired.
    assert reason not in against(*seen, excluding=("ctl1",))


def test_one_that_was_told_to_rest_is_no_trouble_and_one_that_is_unknown_to_cinder_is() -> None:
    resting = replace(HERE, parts=(UP[0], replace(UP[1], up=False, enabled=False)))
    assert judged(resting, ELSEWHERE, ELSEWHERE).verdict is Verdict.OK
    unknown = [replace(node, parts=UP[:1]) for node in (HERE, ELSEWHERE, ELSEWHERE)]
    assert "cinder-volume, which runs on ctl1, has never told cinder of volumes@nfs" in judged(*unknown).reason
    # Records of a former way stay, as those of a host that is gone.
    old = (*UP, Part("ctl1@lvm", "cinder-volume", up=False, enabled=True))
    former = judged(*(replace(node, parts=old) for node in (HERE, ELSEWHERE, ELSEWHERE)))
    assert "cinder-volume on ctl1@lvm, not in the inventory" in former.reason
    assert "`cinder-manage service remove BINARY HOST` takes the record away" in former.reason


def test_records_that_can_not_be_read_are_told_and_never_taken_for_good() -> None:
    blind = [replace(node, parts=()) for node in (HERE, ELSEWHERE, ELSEWHERE)]
    said = "the records of cinder can't be read from its database, so it is not known who of it is up"
    layer = judged(*blind)
    assert layer.verdict is Verdict.WARN and said in layer.reason and said in against(*blind)
    # Where hatui has nothing to do with it nobody reads them.
    alone = replace(HERE, parts=(), lone=())
    assert judged(alone, alone, alone, cluster=NONE).verdict is Verdict.OK
    # It may run where nobody could look.
    assert judged(Unknown("can't be reached"), ELSEWHERE, ELSEWHERE).verdict is Verdict.UNKNOWN


def test_it_must_not_start_by_itself_and_is_restarted_where_it_runs() -> None:
    by_itself = judged(replace(HERE, lone=(replace(RUNS, enabled=True),)), ELSEWHERE, ELSEWHERE)
    assert "ctl1: cinder-volume starts at boot, where Pacemaker alone is to start it" in by_itself.reason
    former = replace(HERE, lone=(replace(RUNS, restart_due=True),))
    assert judged(former, ELSEWHERE, ELSEWHERE).verdict is Verdict.WARN
    assert openstack.due(former) and not openstack.due(ELSEWHERE)
    assert unit_of("/etc/cinder/cinder.conf", "cinder") == "cinder-api.service"


SYSTEMD = """\
Id={0}
ActiveState={1}
SubState=running
UnitFileState={2}
NeedDaemonReload=no

"""


def said(*more: str, lone: str = "") -> str:
    units = "".join(SYSTEMD.format(unit, "active", "enabled") for unit in CINDER.units)
    own = SYSTEMD.format(UNIT, lone, "disabled") if lone else ""
    return "\n".join([f"{units}{own}Health cinder=0 200", "Call=0 0 200 0.05", *more])


def test_what_a_host_says_of_it_is_read() -> None:
    listed = {"services": [{"host": "volumes@nfs", "binary": "cinder-volume", "state": "up", "status": "enabled"}]}
    node = answers("cinder")().process(said(f"Records=0 {json.dumps(listed)}", lone="active").splitlines())
    assert isinstance(node, ApiNode) and node.parts == UP[1:]
    assert [unit.unit for unit in node.lone] == [UNIT] and node.retired == ()
    # Its database did not answer in time.
    node = answers("cinder")().process(said("Records=124 ", lone="inactive").splitlines())
    assert isinstance(node, ApiNode) and node.parts == ()
    # Where hatui has nothing to do with it.
    node = answers("cinder")().process(said("Records=0 ").splitlines())
    assert isinstance(node, ApiNode) and (node.lone, node.parts) == ((), ())
    assert isinstance(answers("cinder")().process(said().splitlines()), Unknown)
    assert "if [ -e /etc/hatui/cinder.records ]" in answers("cinder")().command()
    assert "records" not in answers("nova")().command()


class Cursor:
    """Of a database that has these records."""

    rows = (
        ("volumes@nfs", "cinder-volume", 0, 60),
        ("ctl1", "cinder-scheduler", 1, 61),
        ('a"b\\', "cinder-volume", 0, None),
    )

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, _: str) -> None:
        pass

    def fetchall(self) -> object:
        return self.rows


def test_the_records_are_read_as_the_api_would_give_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, Any] = {}
    connection = SimpleNamespace(cursor=Cursor)
    fake = SimpleNamespace(connect=lambda **where: asked.update(where) or connection)
    where = tmp_path / "records"
    where.write_text('{"host": "192.0.2.1", "password": "p"}')
    monkeypatch.setitem(sys.modules, "pymysql", fake)
    monkeypatch.setattr(sys, "argv", ["openstack-records", str(where)])
    runpy.run_path("deploy/files/openstack_records.py")
    assert asked == {"host": "192.0.2.1", "password": "p", "connect_timeout": 2, "read_timeout": 2}
    assert [tuple(one.values()) for one in json.loads(capsys.readouterr().out)["services"]] == [
        ("volumes@nfs", "cinder-volume", "up", "enabled"),
        ("ctl1", "cinder-scheduler", "down", "disabled"),
        ("a?b?", "cinder-volume", "down", "enabled"),
    ]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (openstack_files, openstack_settings, openstack_own):
        monkeypatch.setattr(module, "secret", lambda _, name: f"{name}$")


def test_its_settings_are_a_section_for_each_backend(told: None) -> None:
    cluster = spec({"backends": {"nfs": NFS, "san": SAN}, "backend_packages": "nfs-common, ceph-common"})
    made = openstack_own.settings(cluster, CINDER, "ctl2")[CINDER.config]
    assert made["DEFAULT"]["enabled_backends"] == "nfs,san"
    assert made["nfs"] == {"volume_backend_name": "nfs", "backend_host": "volumes", **NFS}
    # A dollar is oslo.config's own sign.
    assert (made["san"]["backend_host"], made["san"]["san_password"]) == ("rbd:volumes", "san$$")
    assert made["san"]["retries"] == "3"
    assert CINDER.lone_names(cluster) == ("volumes@nfs", "rbd:volumes@san")
    assert {"san$$", "san$"} <= {*openstack_settings.secrets_in(cluster, CINDER)}
    assert "san" in secrets_of(cluster) and "san" not in secrets_of(ONE)
    assert BY_NAME["cinder"].packages(cluster)[-5:] == (
        "cinder-volume", "nfs-common", "ceph-common", "python3-pymysql", "curl",
    )  # fmt: skip


def test_its_files_are_there_by_choice_alone(told: None) -> None:
    with_it = {file.path: file for file in openstack_files.openstack_files(ONE, CINDER, "ctl2")}
    without = {file.path: file for file in openstack_files.openstack_files(NONE, CINDER, "ctl2")}
    drop_in = f"/etc/systemd/system/{UNIT}.d/hatui.conf"
    assert with_it.keys() - without.keys() == {
        drop_in, "/etc/hatui/cinder.records", "/usr/local/lib/hatui/openstack-records",
    }  # fmt: skip
    assert all(with_it[path] == file for path, file in without.items())
    assert b"Restart=no\n" in with_it[drop_in].content
    records = with_it["/etc/hatui/cinder.records"]
    assert json.loads(records.content)["password"] == "cinder_database$" and records.mode == "0600"
    assert "cinder_database$" not in masked(records.content.decode(), records.secrets)
    assert {drop_in, "/etc/hatui/cinder.records"} == {*openstack_files.without_lone(CINDER)}
    settings = openstack_own.settings(NONE, CINDER, "ctl2")[CINDER.config]
    assert "enabled_backends" not in settings["DEFAULT"]


@pytest.mark.parametrize("availability", ["active-active", "warm-standby", "active-passive"])
def test_pacemaker_runs_it_on_any_controller_whatever_becomes_of_the_vip(availability: str) -> None:
    cluster = spec({"availability": availability, "backends": {"nfs": NFS}}, san="")
    root = fromstring(under_pacemaker(cluster, CINDER))
    primitive = root.find("resources/primitive[@id='hatui-cinder-volume']")
    assert primitive is not None and primitive.get("type") == "service"
    told = {pair.get("name"): pair.get("value") for pair in primitive.iterfind("instance_attributes/nvpair")}
    assert told == {"unit": UNIT}
    named = {value for one in root.iterfind("constraints/*") for value in one.attrib.values()}
    assert "hatui-cinder-volume" not in named
    assert "hatui-cinder-volume" not in not_under_pacemaker(cluster, CINDER)
    assert "hatui-cinder-volume" in not_under_pacemaker(NONE, CINDER)
    threshold = primitive.find("meta_attributes/nvpair[@name='migration-threshold']")
    assert threshold is not None and threshold.get("value") == "3"


@pytest.mark.parametrize(
    ("cinder", "said"),
    [
        ({"backends": {"nfs": {}}}, "cinder.backends.nfs.volume_driver is missing"),
        ({"backends": {"DEFAULT": NFS}}, "cinder.backends.DEFAULT can't be the name of a backend"),
        ({"backends": {"oslo_x": NFS}}, "cinder.backends.oslo_x can't be"),
        ({"backends": {"a b": NFS}}, "cinder.backends.'a b' can't be"),
        ({"backends": {"nfs": {**NFS, "San-Ip": "x"}}}, "cinder.backends.nfs.San-Ip is no key of cinder.conf"),
        ({"backends": {"nfs": {**NFS, "san_ip": "x\ny"}}}, "cinder.backends.nfs.san_ip must be one line"),
        ({"backends": {"nfs": {**NFS, "san_ip": ["x"]}}}, "cinder.backends.nfs.san_ip is ['x']: it must be a text"),
        ({"backends": {"nfs": "x"}}, "cinder.backends.nfs is 'x': it must be a dict"),
        ({"backends": {"nfs": {**NFS, "san_ip": "secret:A B"}}}, "cinder.backends.nfs.san_ip names no secret"),
        ({"backends": {"nfs": {**NFS, "backend_host": "x y"}}}, "cinder.backends.nfs.backend_host is 'x y'"),
        ({"backend_host": "x y"}, "cinder.backend_host is 'x y'"),
        ({"backend_packages": "a b"}, "cinder.backend_packages has 'a b'"),
    ],
)
def test_what_can_not_be_a_backend_is_refused(cinder: Mapping[str, object], said: str) -> None:
    with pytest.raises(SpecError) as found:
        spec(cinder, san="")
    assert any(error.startswith(said) for error in found.value.errors), found.value.errors


def test_an_inventory_holds_no_password_and_shows_none() -> None:
    with pytest.raises(SpecError) as found:
        spec({"backends": {"san": {**SAN, "san_password": "hidden"}}})
    assert "cinder.backends.san.san_password is a secret, which an inventory never holds" in str(found.value)
    assert "hidden" not in str(found.value)
    # Named by no backend it is unknown.
    with pytest.raises(SpecError, match=r"secrets\.san is no secret that hatui knows"):
        spec({"backends": {"nfs": NFS}})
