"""Horizon by choice: what a controller gets, what its answer says, where sessions are kept, and how it is asked."""

from __future__ import annotations

import ast
import json
import os
import runpy
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

import pytest

from cluster.assess import assess
from cluster.health.verdict import Verdict
from cluster.layers import LAYERS, unit_of
from cluster.openstack.cache import places
from cluster.openstack.horizon import SETTINGS, UNIT, HorizonNode
from cluster.picture import picture
from cluster.spec import Cluster
from cluster.state import ClusterState, ServiceState, Unknown
from cluster.steady import gates
from cluster.validate import SpecError, cluster_spec
from deploy import horizon_files, openstack_files
from deploy.balancer_files import _service
from facts.horizon import HorizonPages
from operations.files import masked
from tests.unit.inventories import inventory

HOSTS = ("ctl1", "ctl2", "ctl3")
WELL = HorizonNode(ServiceState(UNIT, "active", "running", enabled=True), 200, form=True, entered=True, took=0.4)
SHOWN = f"Id={UNIT}\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNeedDaemonReload=no\n\n"


def spec(**horizon: object) -> Cluster:
    return cluster_spec(inventory((("keystone",), {}), (("horizon",), horizon)))


SPEC = spec(names="cloud.example.org, 192.0.2.9", processes=3, threads=5)


def judged(*nodes: HorizonNode | Unknown) -> tuple[Verdict, str]:
    layers = assess(SPEC, ClusterState({"horizon": dict(zip(HOSTS, nodes, strict=True))}))
    layer = next(one for one in layers if one.layer == "horizon")
    return layer.verdict, layer.reason


def test_without_a_section_there_is_nothing_of_it() -> None:
    none = cluster_spec(inventory((("keystone",), {})))
    assert "horizon" not in [layer.layer for layer in assess(none, ClusterState({}))]
    assert "horizon" not in none.services and places(none) == ()
    # Its sessions need a place.
    assert len(places(SPEC)) == 3


def test_it_is_judged_by_a_login() -> None:
    assert judged(WELL, WELL, WELL) == (Verdict.OK, "3 of 3 hosts let users in")
    verdict, reason = judged(WELL, replace(WELL, entered=False), WELL)
    assert verdict is Verdict.WARN
    assert "ctl2: horizon shows its login page, and lets nobody in (is keystone there?" in reason
    verdict, reason = judged(*[replace(WELL, entered=False)] * 3)
    assert verdict is Verdict.FAIL and "none of 3 hosts lets anybody in" in reason
    assert "has no form for a login" in judged(WELL, WELL, replace(WELL, form=False, entered=None))[1]
    assert "answers with HTTP 500" in judged(WELL, WELL, replace(WELL, page=500, form=False, entered=None))[1]
    assert "does not answer within 15 s" in judged(WELL, WELL, replace(WELL, page=0, form=False, entered=None))[1]
    dead = replace(WELL, service=replace(WELL.service, active="failed", sub="failed"), page=0)
    assert "ctl3: hatui-horizon is failed (failed)" in judged(WELL, WELL, dead)[1]
    # One that is slow is not taken for broken, nor one that can't be asked for one that lets nobody in.
    slow = replace(WELL, page=0, form=False, entered=None, waits=7.0)
    verdict, reason = judged(slow, slow, slow)
    assert verdict is Verdict.WARN and "has not let anybody in for 7 s (is the host busy?)" in reason
    assert judged(Unknown("x"), *[replace(WELL, entered=False)] * 2)[0] is not Verdict.FAIL
    # One that has let in before is not told of for each login that takes longer; a run waits for it.
    late = replace(WELL, waits=3.0)
    assert judged(late, late, late)[0] is Verdict.OK and late.awaits
    assert slow.with_answer_of(WELL) == WELL
    assert judged(*[replace(WELL, waits=6.0)] * 3)[0] is Verdict.WARN
    assert judged(*[replace(WELL, entered=False, waits=3.0)] * 3)[0] is Verdict.FAIL


def test_events_and_gates_tell_who_lets_users_in() -> None:
    nodes = {"ctl1": WELL, "ctl2": replace(WELL, entered=False), "ctl3": replace(WELL, page=0)}
    state = ClusterState({"horizon": nodes})
    told = {thing.host: how for thing, how in picture(SPEC, state).items() if thing.fact == "horizon"}
    assert told == {"ctl1": "letting users in", "ctl2": "letting nobody in", "ctl3": "not answering"}
    gate = next(one for one in gates(SPEC, state) if one.name == "horizon")
    assert not gate.open and gate.need == "3 let users in"
    assert gate.now.startswith("1 let users in: horizon on ctl2 shows its login page, and lets nobody in")
    assert next(one for one in gates(SPEC, ClusterState({"horizon": dict.fromkeys(HOSTS, WELL)})) if one.open)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("200 yes yes 0.4", WELL),
        ("200 yes no 1.5", replace(WELL, entered=False, took=1.5)),
        ("500 no - 0.1", replace(WELL, page=500, form=False, entered=None, took=0.1)),
        ("waiting 7", HorizonNode(WELL.service, 0, form=False, entered=None, waits=7.0)),
        ("waiting 3 200 yes yes 0.4", replace(WELL, waits=3.0)),
    ],
)
def test_what_a_host_says_is_read(said: str, expected: HorizonNode) -> None:
    assert HorizonPages().process(f"{SHOWN}\nSaid={said}".splitlines()) == expected


@pytest.mark.parametrize(
    "said",
    ["", "200 yes", "x yes yes 0.4", "200 yes maybe 0.4", "200 yes yes x", "waiting x", "waiting", "waiting 3 200"],
)
def test_what_can_not_be_read_is_unknown(said: str) -> None:
    assert isinstance(HorizonPages().process(f"{SHOWN}\nSaid={said}".splitlines()), Unknown)
    assert isinstance(HorizonPages().process(SHOWN.splitlines()), Unknown)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for module in (openstack_files, horizon_files):
        monkeypatch.setattr(module, "secret", lambda _, name: f"{name}'\"\\<")
    return {file.path: file for file in horizon_files.horizon_files(SPEC, "ctl2")}


def test_its_settings_are_the_same_on_all_and_hold_no_secret_that_is_shown(files: dict[str, Any]) -> None:
    found: dict[str, Any] = {}
    text = files[SETTINGS].content.decode()
    for line in ast.parse(text).body:
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            found[line.targets[0].id] = ast.literal_eval(line.value)
    assert (found["DEBUG"], found["SECRET_KEY"]) == (False, "horizon_key'\"\\<")
    assert found["ALLOWED_HOSTS"] == ["127.8.0.10", "127.8.0.32", "horizon", "cloud.example.org", "192.0.2.9"]
    assert found["OPENSTACK_KEYSTONE_URL"] == "http://127.8.0.10:5000/v3"
    # Its own host's first.
    assert found["CACHES"]["default"]["LOCATION"] == ["127.8.0.32:11211", "127.8.0.31:11211", "127.8.0.33:11211"]
    assert files[SETTINGS].mode == "0640" and files[SETTINGS].group == "www-data"
    for file in files.values():
        shown = masked(file.content.decode(), file.secrets)
        assert "horizon_key'" not in shown and "keystone_watch'" not in shown and "keystone_watch\\" not in shown


def test_it_listens_on_its_hosts_own_address_alone_and_the_balancers_spread_it(files: dict[str, Any]) -> None:
    server = files["/etc/hatui/horizon-apache.conf"].content.decode()
    assert [line for line in server.splitlines() if line.startswith("Listen")] == ["Listen 127.8.0.32:8080"]
    assert "processes=3 threads=5 " in server and "sites-" not in server
    service = _service(SPEC, SPEC.services["horizon"])
    assert (service["port"], service["mode"], service["check"], service["max_connections"]) == (
        8080, "http", "/horizon/", 14,
    )  # fmt: skip
    assert unit_of(SETTINGS) == UNIT
    assert next(layer for layer in LAYERS if layer.name == "horizon").secrets == ("horizon_key",)


@pytest.mark.parametrize(
    ("horizon", "said"),
    [
        ({"names": "a b"}, "horizon.names has 'a b'"),
        ({"names": "*"}, "horizon.names has '*'"),
        ({"threads": 1}, "horizon.threads is 1"),
        ({"processes": 0}, "horizon.processes is 0"),
        ({"port": 5000}, "services.horizon.port is 5000"),
    ],
)
def test_what_can_not_be_is_refused(horizon: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError) as found:
        spec(**horizon)
    assert any(said in error for error in found.value.errors), found.value.errors
    with pytest.raises(SpecError, match="horizon needs keystone"):
        cluster_spec(inventory((("horizon",), {})))


class Memcached(dict[str, object]):
    """One that can be lost: it has nothing then, and takes nothing."""

    lost = False


class Client:
    """Django's, as far as it is used: of one memcached, whose absence it does not tell."""

    all: dict[str, Memcached]

    def __init__(self, servers: list[str], params: dict[str, Any]) -> None:
        assert params["OPTIONS"]["ignore_exc"]
        self._mine = self.all[servers[0]]

    def get(self, key: str, default: object = None, version: int | None = None) -> object:
        return default if self._mine.lost else self._mine.get(key, default)

    def set(self, key: str, value: object, *_: object) -> None:
        if not self._mine.lost:
            self._mine[key] = value

    def add(self, key: str, value: object, *_: object) -> bool:
        if self._mine.lost or key in self._mine:
            return False
        self._mine[key] = value
        return True

    def delete(self, key: str, _: object = None) -> bool:
        return not self._mine.lost and self._mine.pop(key, None) is not None

    def touch(self, key: str, *_: object) -> bool:
        return not self._mine.lost and key in self._mine

    def clear(self) -> None:
        self._mine.clear()

    def close(self) -> None:
        pass


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, dict[str, Memcached]]:
    caches = {name: Memcached() for name in "abc"}
    Client.all = caches
    base, memcached = ModuleType("base"), ModuleType("memcached")
    base.__dict__.update(DEFAULT_TIMEOUT=object(), BaseCache=type("BaseCache", (), {"__init__": lambda *_: None}))
    memcached.__dict__.update(PyMemcacheCache=Client)
    for name in ("django", "django.core", "django.core.cache", "django.core.cache.backends"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "django.core.cache.backends.base", base)
    monkeypatch.setitem(sys.modules, "django.core.cache.backends.memcached", memcached)
    kind = runpy.run_path("deploy/files/horizon_sessions.py")["Everywhere"]
    return kind(["a", "b", "c"], {}), caches


def test_a_session_outlives_each_memcached_but_the_last(sessions: tuple[Any, dict[str, Memcached]]) -> None:
    cache, servers = sessions
    assert cache.add("s", 1) and not cache.add("s", 2)
    servers["a"].lost = servers["b"].lost = True
    assert cache.get("s") == 1 and cache.touch("s")
    cache.set("s", 3)
    servers["b"].lost = False
    servers["b"].clear()
    # One that is back empty has it from the next page on.
    assert cache.get("s") == 3
    cache.set("s", 4)
    servers["c"].lost = True
    assert cache.get("s") == 4
    assert not cache.add("s", 5)
    assert cache.delete("s") and not cache.delete("s") and cache.get("s", "none") == "none"
    servers["b"].lost = True
    assert not cache.add("t", 1) and cache.get("t") is None and not cache.touch("t")
    cache.set("t", 1)
    cache.clear()
    cache.close()


FORM = '<form><input type="hidden" name="csrfmiddlewaretoken" value="abc123"><input name="password"></form>'


class Pages(BaseHTTPRequestHandler):
    """Horizon's login, as far as a client sees it."""

    answer = "well"

    def do_GET(self) -> None:
        self._say(500 if self.answer == "broken" else 200, "hello" if self.answer == "formless" else FORM)

    def do_POST(self) -> None:
        said = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        good = said["csrfmiddlewaretoken"] == ["abc123"] and self.headers["Cookie"] == "csrftoken=xyz"
        good = good and (said["username"], said["password"]) == (["watch"], ["p w"]) and self.answer == "well"
        self._say(302 if good else 200, FORM, cookie="sessionid=1" if good else "")

    def _say(self, status: int, text: str, cookie: str = "csrftoken=xyz") -> None:
        self.send_response(status)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        if status == 302:
            self.send_header("Location", "/nowhere")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def pages() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/login/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [("well", "200 yes yes"), ("closed", "200 yes no"), ("formless", "200 no -"), ("broken", "500 no -")],
)
def test_a_login_is_made_as_a_browser_makes_it(
    pages: str, answer: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pages, "answer", answer)
    entered = runpy.run_path("deploy/files/ask_horizon.py")["entered"]
    where = {"url": pages, "user": "watch", "password": "p w"}
    assert entered(where, 5) == said
    assert entered({**where, "url": "http://127.0.0.1:1/"}, 5) == "0 no -"


def test_who_asks_waits_no_longer_than_he_said(pages: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = runpy.run_path("deploy/files/ask_horizon.py")
    where = tmp_path / "where"
    where.write_text(json.dumps({"url": pages, "user": "watch", "password": "p w"}))
    program["main"].__globals__["SAID"] = tmp_path / "horizon.said"
    former, mask = sys.argv, os.umask(0o022)
    try:
        sys.argv = ["ask-horizon", "5", "5", str(where)]
        program["main"]()
        assert capsys.readouterr().out.startswith("200 yes yes 0.")
        # Somebody else's question is not answered yet.
        held = runpy.run_path("deploy/files/ask_horizon.py")["fcntl"]
        with (tmp_path / "horizon.lock").open("w") as lock:
            held.flock(lock, held.LOCK_EX)
            sys.argv[1] = "0.2"
            program["main"]()
            told = capsys.readouterr().out
            assert told.startswith("waiting 0 200 yes yes 0.")
            # With what was answered before, as long as that is not long ago.
            os.utime(tmp_path / "horizon.said", (time.time() - 300,) * 2)
            program["main"]()
        assert capsys.readouterr().out == "waiting 0\n"
    finally:
        sys.argv = former
        os.umask(mask)
