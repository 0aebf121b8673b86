"""Keystone: what a host's answer says, how that is judged, whose keys are the newest, and what is left to be made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster.assess import assess
from cluster.haproxy.record import ProxyNode, ProxyServer
from cluster.health.verdict import Verdict
from cluster.layers.keystone import KEYSTONE_API
from cluster.openstack.keystone import KEYS, services, url
from cluster.openstack.record import ApiNode
from cluster.outcome import Outcome
from cluster.picture import picture
from cluster.state import ClusterState, ServiceState, Unknown
from cluster.steady import gates
from cluster.validate import cluster_spec
from deploy import keystone_files as files
from engine.runbook import Plan, View
from engine.runbooks import restart, rotate_fernet
from facts.keystone import KeyFiles, KeysAge, KeystoneApi, KeystoneTables, Synced, Tables, TablesSynced
from operations import keystone, keystone_made, keystone_rotation, keystone_users
from operations.curl import Answer, Call
from operations.files import masked
from operations.keystone_made import newest
from operations.keystone_users import INTERFACES, Introduction, endpoints, login
from operations.procedure import carry_out
from operations.steps import Refused, Unseen
from tests.unit.inventories import inventory
from tests.unit.test_health import proxy

SPEC = cluster_spec(inventory((("keystone",), {"processes": 2, "threads": 4})))
RUNS = ServiceState("keystone.service", "active", "running", enabled=True)
WELL = ApiNode(RUNS, 200, 201, 0.12)
HOSTS = ("ctl1", "ctl2", "ctl3")
SHOWN = """\
Id=keystone.service
ActiveState={}
SubState=running
UnitFileState=enabled
NeedDaemonReload=no

Stamp=keystone.service abc abc -

"""


def judged(*nodes: ApiNode | Unknown) -> tuple[Verdict, str, list[Verdict]]:
    state = ClusterState({"keystone": dict(zip(HOSTS, nodes, strict=True))})
    layer = next(one for one in assess(SPEC, state) if one.layer == "keystone")
    return layer.verdict, layer.reason, [host.verdict for host in layer.hosts]


def test_a_cluster_without_it_has_no_such_layer() -> None:
    spec = cluster_spec(inventory())
    assert "keystone" not in [layer.layer for layer in assess(spec, ClusterState({}))]
    assert "keystone" not in [gate.name for gate in gates(spec, ClusterState({}))]
    assert "keystone" in [gate.name for gate in gates(SPEC, ClusterState({}))]


def test_it_is_judged_by_the_token_that_it_gives() -> None:
    assert judged(WELL, WELL, WELL) == (Verdict.OK, "3 of 3 hosts give a token", [Verdict.OK] * 3)
    # The health path answers 200 also while the database is away.
    verdict, reason, hosts = judged(WELL, replace(WELL, call=0), WELL)
    assert (verdict, hosts) == (Verdict.WARN, [Verdict.OK, Verdict.FAIL, Verdict.OK])
    assert "ctl2: keystone answers, and does not give a token: it does not answer within 3 s" in reason
    verdict, reason, _ = judged(*[replace(WELL, call=500)] * 3)
    assert verdict is Verdict.FAIL and "none of 3 hosts gives a token" in reason


def test_what_counts_as_an_answer() -> None:
    assert [status for status in (0, 199, 200, 399, 400) if ApiNode(RUNS, status, 201).healthy] == [200, 399]
    assert [status for status in (0, 199, 200, 299, 300) if ApiNode(RUNS, 200, status).works] == [200, 299]
    assert not ApiNode(RUNS, 500, 201).works


def test_one_that_does_not_run_or_hangs_is_told_from_one_without_its_database() -> None:
    failed = ApiNode(replace(RUNS, active="failed", sub="failed"), 0, 0)
    verdict, reason, _ = judged(WELL, failed, replace(WELL, health=0, call=0))
    assert verdict is Verdict.WARN
    assert "ctl2: keystone is failed (failed)" in reason
    assert "ctl3: keystone runs, and does not answer within 3 s" in reason
    verdict, reason, hosts = judged(WELL, Unknown("can't be reached"), WELL)
    assert verdict is Verdict.UNKNOWN and hosts[1] is Verdict.UNKNOWN
    assert "answers with HTTP 503" in judged(WELL, WELL, replace(WELL, health=503))[1]
    # While one can't be asked, it is not known that none works.
    assert judged(Unknown("x"), *[replace(WELL, call=0)] * 2)[0] is not Verdict.FAIL


def test_a_restart_is_due_where_it_runs_with_former_settings() -> None:
    verdict, reason, _ = judged(WELL, replace(WELL, service=replace(RUNS, restart_due=True)), WELL)
    assert verdict is Verdict.WARN and "ctl2: keystone runs with former settings, restart due" in reason


def test_events_and_gates_tell_of_tokens() -> None:
    nodes = {"ctl1": WELL, "ctl2": replace(WELL, call=500), "ctl3": replace(WELL, health=0)}
    state = ClusterState({"keystone": nodes})
    told = {thing.host: how for thing, how in picture(SPEC, state).items() if thing.fact == "keystone"}
    assert told == {"ctl1": "giving tokens", "ctl2": "giving no token", "ctl3": "not answering"}
    gate = next(one for one in gates(SPEC, state) if one.name == "keystone")
    assert gate.need == "3 give a token"
    assert gate.now.startswith("1 give a token: keystone on ctl2 answers with HTTP 500")
    down = {"ctl1": ApiNode(replace(RUNS, active="inactive", sub="dead"), 0, 0)}
    (how,) = [how for thing, how in picture(SPEC, ClusterState({"keystone": down})).items() if thing.fact == "keystone"]
    assert how == "inactive"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Health=0 200 0.001\nToken=0 201 0.123", ApiNode(replace(RUNS, restart_due=False), 200, 201, 0.123)),
        ("Health=7 000 0.0\nToken=7 000 0.0", ApiNode(replace(RUNS, restart_due=False), 0, 0, 0.0)),
        ("Health=0 200 0.001\nToken=28 000 4.0", ApiNode(replace(RUNS, restart_due=False), 200, 0, 4.0)),
        ("Health=127 \nToken=127 ", Unknown("there is no curl on it to ask keystone with", alive=True)),
    ],
)
def test_what_a_host_says_is_read(said: str, expected: ApiNode | Unknown) -> None:
    assert KeystoneApi().process((SHOWN.format("active") + said).splitlines()) == expected


@pytest.mark.parametrize("said", ["", "Health=0 200 0.1", "Health=0 200 0.1\nToken=0 x y", "Health=26 \nToken=26 "])
def test_what_can_not_be_told_is_unknown(said: str) -> None:
    found = KeystoneApi().process((SHOWN.format("active") + said).splitlines())
    assert isinstance(found, Unknown) and found.reason


def test_its_tables_and_its_keys_are_read() -> None:
    assert KeystoneTables().process(["count\t46", "user\tadmin", "end"]) == Tables(46, frozenset({"admin"}))
    assert KeystoneTables().process(["count\t0", "end"]) == Tables(0, frozenset())
    assert isinstance(KeystoneTables().process(["ERROR 1047"]), Unknown)
    assert TablesSynced().process(["Noted=", "Installed=2:27.0.0-3"]) == Synced("", "2:27.0.0-3")
    assert KeyFiles().process([f"abc  {KEYS[0]}/0", "nonsense"]) == {f"{KEYS[0]}/0": "abc"}


def keys(*numbers: int, mark: str = "a") -> dict[str, str]:
    return {f"{KEYS[0]}/{number}": f"{mark}{number}" for number in numbers} | {f"{KEYS[1]}/0": "c"}


def test_the_keys_that_a_rotation_made_last_are_those_of_all() -> None:
    assert newest({"ctl1": {}, "ctl2": {}}) is None
    assert newest({"ctl1": {}, "ctl2": keys(0, 1), "ctl3": keys(0, 1)}) == "ctl2"
    assert newest({"ctl1": keys(0, 9), "ctl2": keys(0, 10), "ctl3": keys(0, 9)}) == "ctl2"
    with pytest.raises(Refused, match="ctl1 and ctl3 have different keys"):
        newest({"ctl1": keys(0, 1), "ctl2": {}, "ctl3": keys(0, 1, mark="b")})


def test_a_thread_stays_free_for_the_balancers_check() -> None:
    service = services(SPEC)["keystone"]
    assert service.max_connections == 7 and service.check == "/healthcheck"


def test_its_settings_hold_no_secret_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "secret", lambda _, name: f"pass$ of/{name}")
    connection = files.settings(SPEC)["database"]["connection"]
    assert connection == (
        "mysql+pymysql://keystone:pass%24%20of%2Fkeystone_database@127.8.0.10:3306/keystone"
        "?charset=utf8mb4&connect_timeout=5&read_timeout=30&write_timeout=30"
    )
    assert connection and "pass" not in masked(connection, files.forms("pass$ of/keystone_database"))
    made = {file.path: file for file in files.keystone_files(SPEC, "ctl2")}
    workers = made["/etc/keystone/hatui-uwsgi.ini"].content.decode()
    assert "http-socket = 127.8.0.32:5000\nprocesses = 2\nthreads = 4\n" in workers
    for file in made.values():
        text = file.content.decode()
        for secret in file.secrets:
            text = text.replace(secret, "")
        assert "pass" not in text.replace("password", ""), file.path
        assert not file.secrets or file.mode in ("0600", "0640")


class Api:
    """Keystone's own API, as far as it is asked here; `made` is what was changed in it."""

    def __init__(self, *, admin: int = 201, watch: int = 201, urls: dict[str, str] | None = None) -> None:
        self.admin, self.watch, self.urls = admin, watch, urls or {}
        self.changes: list[str] = []

    def made(self, host: str, call: Call) -> Answer:
        path = call.url.partition("/v3/")[2]
        assert host == "ctl1" and call.url.startswith("http://127.8.0.31:5000/v3/")
        if path == "auth/tokens":
            return self._token(json.loads(call.body)["auth"])
        assert call.headers == ["X-Auth-Token: t"]
        if call.method != "GET":
            self.changes.append(f"{call.method} {path} {call.body}")
            return Answer(201, {"service": {"id": "s"}})
        listed: dict[str, Any] = {"services": [{"id": "s"}], "users": []}
        listed["endpoints"] = [{"id": name, "interface": name, "url": told} for name, told in self.urls.items()]
        return Answer(200, listed)

    def _token(self, auth: dict[str, Any]) -> Answer:
        if "scope" not in auth:
            return Answer(self.watch, {}, "w")
        there = [{"region_id": "RegionOne", "interface": name, "url": told} for name, told in self.urls.items()]
        others = [{"region_id": "Two", "interface": "public", "url": "http://two"}]
        catalog = [{"type": "image", "endpoints": []}, {"type": "identity", "endpoints": [*there, *others]}]
        return Answer(self.admin, {"token": {"catalog": catalog}}, "t")


WANTED = Introduction("ctl1", "http://127.8.0.31:5000/v3", url(SPEC), "RegionOne", "admin's", "watch's")
ALL = dict.fromkeys(INTERFACES, url(SPEC))


def left(monkeypatch: pytest.MonkeyPatch, api: Api) -> list[str]:
    monkeypatch.setattr(keystone_users, "made", api.made)
    return [step.name for step in keystone_users._left(WANTED)]


def test_where_it_knows_all_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    assert left(monkeypatch, Api(urls=ALL)) == []


def test_a_new_one_gets_its_administrator_its_address_and_its_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    assert left(monkeypatch, Api(admin=401, watch=401)) == [
        "ctl1: keystone's first user, admin",
        "Keystone's address is http://127.8.0.10:5000/v3 in RegionOne",
        "Keystone knows the user hatui_watch, without a role",
    ]


def test_one_that_can_not_tell_is_not_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    for status in (0, 500, 503):
        with pytest.raises(Refused, match="question for a token"):
            left(monkeypatch, Api(admin=status))


def test_an_administrator_with_another_password_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystone_users, "made", Api(admin=401).made)
    first = keystone_users._left(WANTED)[0]
    for tables, said in (
        (Tables(46, frozenset({"admin"})), "another password than the secret keystone_admin"),
        (Unknown("no node of db1 is Synced."), "no node of db1 is Synced."),
    ):
        monkeypatch.setattr(keystone_users, "tables_of", lambda _, tables=tables: tables)
        assert said in (first.precheck() or "")
    monkeypatch.setattr(keystone_users, "tables_of", lambda _: Tables(46, frozenset()))
    assert first.precheck() is None


def test_an_address_that_changed_is_put_right_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(urls={"public": "http://old", "internal": url(SPEC)}, watch=401)
    monkeypatch.setattr(keystone_users, "made", api.made)
    for step in keystone_users._left(WANTED):
        step.act()
    changed, added, user = api.changes
    assert changed == f'PATCH endpoints/public {{"endpoint": {{"url": "{url(SPEC)}"}}}}'
    assert added.startswith("POST endpoints ") and '"interface": "admin"' in added
    assert user.startswith("POST users ") and "watch's" in user


def test_a_token_without_a_project_has_no_scope() -> None:
    assert "scope" not in json.loads(login("hatui_watch", "x"))["auth"]
    assert json.loads(login("admin", "x", "admin"))["auth"]["scope"]["project"]["name"] == "admin"
    assert endpoints(None, "RegionOne") == endpoints({}, "RegionOne") == {}


def test_a_call_is_told_on_stdin_and_quoted() -> None:
    text = Call('http://x/"', "POST", '{"a": 1}', ["X-Auth-Token: t"], login="u:p").settings
    assert text.splitlines() == [
        'url = "http://x/\\""',
        'request = "POST"',
        'user = "u:p"',
        'data = "{\\"a\\": 1}"',
        'header = "content-type: application/json"',
        'header = "X-Auth-Token: t"',
    ]


def test_the_layer_asks_for_its_token_every_half_minute() -> None:
    assert KEYSTONE_API.period == 30


def test_who_was_taken_out_by_hand_is_restarted_and_not_given_back() -> None:
    kept = ProxyServer("keystone", "ctl2", "127.8.0.32:5000", "MAINT", "L7OK/200", 0, False, 9, 0)
    serving = replace(proxy(), servers=(kept,))
    proxies: dict[str, ProxyNode | Unknown] = {"lb1": serving, "lb2": Unknown("can't be reached")}
    assert [step.name for step in keystone.restarted(proxies, "ctl2")] == ["Keystone on ctl2 restarts"]
    assert [step.name for step in keystone.restarted(proxies, "ctl1")] == [
        "ctl1 serves no keystone",
        "Keystone on ctl1 restarts",
        "ctl1 serves keystone again",
    ]


def rotation(monkeypatch: pytest.MonkeyPatch, found: dict[str, Any], age: int | None) -> Plan:
    for module in (keystone_made, keystone_rotation):
        monkeypatch.setattr(module, "look", lambda *_: age)
    monkeypatch.setattr(keystone_made, "look_all", lambda names, _: {name: found[name] for name in names})
    return rotate_fernet.plan(View(SPEC, ClusterState({}), Path("inventory.py")))


def test_the_keys_are_rotated_on_one_and_brought_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    same = dict.fromkeys(HOSTS, keys(0, 1))
    found = rotation(monkeypatch, same, 3600)
    names = ["ctl1: a new key for tokens", "ctl2: the keys of ctl1", "ctl3: the keys of ctl1"]
    assert not found.refused and [step.name for step in found.steps] == names
    assert found.steps[0].precheck() is None
    assert found.steps[0].verify() == "ctl1 has the keys that it had"
    # What another rotation has done meanwhile is seen before anything is done.
    monkeypatch.setattr(keystone_made, "look_all", lambda names, _: {n: keys(0, 1, mark=n) for n in names})
    assert found.steps[0].precheck() == "ctl2, ctl3 have other keys than ctl1"


def test_no_rotation_ends_a_token_that_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    same = dict.fromkeys(HOSTS, keys(0, 1))
    refused = rotation(monkeypatch, same, 599).refused
    assert refused.startswith("the keys are 9 minutes old") and refused.endswith("would end them. Wait 51 minutes.")
    assert rotation(monkeypatch, same, 3599).refused.endswith("Wait 1 minutes.")
    assert "deploy keystone first" in rotation(monkeypatch, {name: {} for name in HOSTS}, None).refused


def test_a_rotation_that_broke_off_is_finished_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rotation(monkeypatch, {"ctl1": keys(0, 1, 2), "ctl2": keys(0, 1), "ctl3": keys(0, 1, 2)}, 5)
    assert not found.refused and [step.name for step in found.steps] == ["ctl2: the keys of ctl1"]
    refused = rotation(monkeypatch, {"ctl1": keys(0, 1), "ctl2": Unknown("can't be reached"), "ctl3": {}}, 9999).refused
    assert refused.startswith("ctl2: can't be reached.")


def test_the_age_of_the_keys_is_read() -> None:
    assert KeysAge().process(["61"]) == 61 and KeysAge().process([""]) is None and KeysAge().process([]) is None


class Hosts:
    """Three controllers, as far as a rotation changes and looks at them; call number `at` goes wrong."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys = {name: keys(0, 1) for name in HOSTS}
        self.age = 9999
        self.calls = self.at = 0
        self.failure: BaseException = Refused("it does not work")
        self.done = False
        for module in (keystone_made, keystone_rotation):
            monkeypatch.setattr(module, "look", self.look)
            monkeypatch.setattr(module, "shell", self.shell)
        monkeypatch.setattr(keystone_made, "look_all", lambda names, _: {name: dict(self.keys[name]) for name in names})
        monkeypatch.setattr("time.sleep", lambda _: None)

    def look(self, name: str, fact: type) -> Any:
        return self.age if fact is KeysAge else dict(self.keys[name])

    def shell(self, name: str, command: str, *, stdin: str = "", **_: object) -> str:
        self.calls += 1
        fails = self.calls == self.at
        if fails and not self.done:
            raise self.failure
        said = ""
        if "fernet_rotate" in command:
            highest = max(int(path.rpartition("/")[2]) for path in self.keys[name] if path.startswith(f"{KEYS[0]}/"))
            self.keys[name] = keys(0, highest, highest + 1, mark=f"rotated {highest}")
            self.age = 0
        elif command.startswith("tar"):
            said = json.dumps(self.keys[name])
        else:
            self.keys[name] = json.loads(stdin)
        if fails:
            raise self.failure
        return said


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("failure", [Refused("no"), Unseen("gone", host="ctl2"), KeyboardInterrupt(), OSError(5, "x")])
def test_a_rotation_that_breaks_anywhere_is_finished_by_the_next_and_rotates_once(
    monkeypatch: pytest.MonkeyPatch, failure: BaseException, done: bool
) -> None:
    at, broke = 0, True
    while broke:
        at += 1
        hosts = Hosts(monkeypatch)
        hosts.at, hosts.failure, hosts.done = at, failure, done
        view = View(SPEC, ClusterState({}), Path("inventory.py"))
        result = carry_out(rotate_fernet.plan(view).steps, lambda _entry, /: None)
        broke = hosts.calls >= at
        assert (result.outcome is Outcome.DONE) == (not broke), (at, result)
        if broke and hosts.age == 0:
            assert "ctl1" in result.reason, result
        hosts.at = 0
        again = rotate_fernet.plan(view)
        if not again.refused:
            assert carry_out(again.steps, lambda _entry, /: None).outcome is Outcome.DONE
        assert hosts.keys == dict.fromkeys(HOSTS, keys(0, 1, 2, mark="rotated 1")), (at, hosts.keys)
        assert rotate_fernet.plan(view).refused.startswith("the keys are 0 minutes old")
    assert at == 6


def test_what_the_inventory_has_not_is_neither_restarted_nor_rotated() -> None:
    view = View(cluster_spec(inventory()), ClusterState({}), Path("inventory.py"))
    said = "The inventory has no keystone: a section of that name adds it."
    assert restart.plan(view, "keystone").refused == said == rotate_fernet.plan(view).refused
