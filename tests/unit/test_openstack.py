"""OpenStack's services: what a host's answer says, how that is judged, and what a controller gets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.assess import assess
from cluster.haproxy.record import ProxyNode, ProxyServer
from cluster.health.verdict import Verdict
from cluster.layers import unit_of
from cluster.openstack.keystone import KEYSTONE
from cluster.openstack.record import Answer, ApiNode, Part
from cluster.openstack.service import OpenstackService
from cluster.openstack.table import BY_NAME, GLANCE, NEUTRON, NOVA, PLACEMENT
from cluster.openstack.verdict import api_health
from cluster.picture import picture
from cluster.starts import starts
from cluster.state import ClusterState, ServiceState, Unknown
from cluster.steady import gates
from cluster.validate import SpecError, cluster_spec
from deploy import openstack_files, openstack_own, openstack_settings
from facts.openstack import answers
from facts.openstack_parts import parts_of
from facts.openstack_tables import FilledDatabases, KeystoneUsers, Synced, TablesSynced
from operations import openstack
from operations.curl import Call
from operations.files import masked
from tests.unit.inventories import inventory
from tests.unit.test_health import proxy
from tui.console.depth.openstack import lines

SPEC = cluster_spec(
    inventory(
        (("keystone",), {"processes": 2, "threads": 4}),
        (("placement",), {}),
        (("glance",), {"shared": True, "processes": 2}),
        *(((name,), {}) for name in ("nova", "neutron", "cinder")),
    )
)
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
    assert "ctl2: keystone answers, and does not give a token: it does not answer within 15 s" in reason
    assert "HTTP 403 (the user hatui_watch may not: deploy keystone)" in judged(WELL, replace(WELL, call=403), WELL)[1]
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
    assert "ctl3: keystone runs, and does not answer within 2 s" in reason
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
    assert told == {"ctl1": "giving a token", "ctl2": "not giving a token", "ctl3": "not answering"}
    gate = next(one for one in gates(SPEC, state) if one.name == "keystone")
    assert gate.need == "3 give a token"
    assert gate.now.startswith("1 give a token: keystone on ctl2 answers with HTTP 500")
    down = {"ctl1": ApiNode(replace(RUNS, active="inactive", sub="dead"), 0, 0)}
    (how,) = [how for thing, how in picture(SPEC, ClusterState({"keystone": down})).items() if thing.fact == "keystone"]
    assert how == "inactive"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Health keystone=0 200\nCall=0 0 201 0.123", ApiNode(replace(RUNS, restart_due=False), 200, 201, 0.123)),
        ("Health keystone=7 000\nCall=0 7 000 0.0", ApiNode(replace(RUNS, restart_due=False), 0, 0, 0.0)),
        ("Health keystone=0 200\nCall=0 28 000 15.0", ApiNode(replace(RUNS, restart_due=False), 200, 0, 15.0)),
        ("Health keystone=127 \nCall=127 ", Unknown("there is no curl on it to ask keystone with", alive=True)),
    ],
)
def test_what_a_host_says_is_read(said: str, expected: ApiNode | Unknown) -> None:
    assert answers("keystone")().process((SHOWN.format("active") + said).splitlines()) == expected


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Health keystone=0 200",
        "Health keystone=0 200\nCall=0 0 x y",
        "Health keystone=0 200\nCall=1",
        "Health keystone=26 \nCall=0 26 000 0",
    ],
)
def test_what_can_not_be_told_is_unknown(said: str) -> None:
    found = answers("keystone")().process((SHOWN.format("active") + said).splitlines())
    assert isinstance(found, Unknown) and found.reason


def test_a_thread_stays_free_for_the_balancers_check() -> None:
    service = SPEC.services["keystone"]
    assert service.max_connections == 7 and service.check == "/healthcheck"
    assert SPEC.services["glance"].max_connections == 15 and SPEC.services["placement"].check == "/"


@pytest.mark.parametrize("name", BY_NAME)
def test_its_files_hold_no_secret_that_is_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for module in (openstack_files, openstack_settings):
        monkeypatch.setattr(module, "secret", lambda _, name: f"pass$ of/{name}")
    service = BY_NAME[name]
    keys = openstack_own.settings(SPEC, service, "ctl2")[service.config]
    connection = keys[service.databases[name]]["connection"]
    assert connection == (
        f"mysql+pymysql://{name}:pass%24%20of%2F{name}_database@127.8.0.10:3306/{name}"
        "?charset=utf8mb4&connect_timeout=5&read_timeout=30&write_timeout=30"
    )
    hidden = openstack_settings.secrets_in(SPEC, service)
    said = masked("\n".join(f"{value}" for section in keys.values() for value in section.values()), hidden)
    assert "pass" not in said.replace("password", "")
    made = {file.path: file for file in openstack_files.openstack_files(SPEC, service, "ctl2")}
    for file in made.values():
        text = file.content.decode()
        for secret in file.secrets:
            text = text.replace(secret, "")
        assert "pass" not in text.replace("password", ""), file.path
        assert not file.secrets or file.mode in ("0600", "0640")


def test_each_listens_on_its_hosts_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (openstack_files, openstack_settings):
        monkeypatch.setattr(module, "secret", lambda _, name: name)
    made = {file.path: file for file in openstack_files.openstack_files(SPEC, KEYSTONE, "ctl2")}
    workers = made["/etc/keystone/hatui-keystone-uwsgi.ini"].content.decode()
    assert "http-socket = 127.8.0.32:5000\nprocesses = 2\nthreads = 4\n" in workers
    assert openstack_own.settings(SPEC, GLANCE, "ctl2")[GLANCE.config]["DEFAULT"]["bind_host"] == "127.8.0.32"
    paths = [file.path for file in openstack_files.openstack_files(SPEC, GLANCE, "ctl2")]
    assert not [path for path in paths if "uwsgi" in path]
    policy = {file.path: file for file in openstack_files.openstack_files(SPEC, PLACEMENT, "ctl2")}
    assert (
        b'"placement:resource_providers:list": "role:admin or role:service or role:hatui_watch"\n'
        in policy["/etc/placement/policy.d/hatui.yaml"].content
    )


@pytest.mark.parametrize(
    ("service", "logger"),
    [
        (PLACEMENT, "placement.requestlog"),
        (GLANCE, "eventlet.wsgi.server"),
        (NOVA, "nova.api.openstack.requestlog"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_service_that_logs_each_request_itself_is_quiet_about_the_balancers(
    monkeypatch: pytest.MonkeyPatch, service: OpenstackService, logger: str
) -> None:
    monkeypatch.setattr(openstack_settings, "secret", lambda _, name: name)
    levels = openstack_own.settings(SPEC, service, "ctl2")[service.config]["DEFAULT"]["default_log_levels"]
    assert levels is not None and f"{logger}=WARN" in levels.split(",") and "sqlalchemy=WARN" in levels


def test_images_that_each_controller_keeps_for_itself_are_refused() -> None:
    with pytest.raises(SpecError, match=r"glance\.shared is not true: each controller would keep"):
        cluster_spec(inventory((("keystone",), {}), (("glance",), {})))
    with pytest.raises(SpecError, match=r"glance\.folder is"):
        cluster_spec(inventory((("keystone",), {}), (("glance",), {"shared": True, "folder": "a b"})))


def test_a_service_without_keystone_is_refused() -> None:
    with pytest.raises(SpecError, match="placement needs keystone"):
        cluster_spec(inventory((("placement",), {})))


def test_without_a_token_it_is_not_known_what_a_service_gives() -> None:
    node = ApiNode(replace(RUNS, unit="glance-api.service"), 200, None)
    state = ClusterState({"glance": dict.fromkeys(HOSTS, node)})
    layer = next(one for one in assess(SPEC, state) if one.layer == "glance")
    assert layer.verdict is Verdict.UNKNOWN and "there is no token to ask it with" in layer.reason
    told = {thing.host: how for thing, how in picture(SPEC, state).items() if thing.fact == "glance"}
    assert set(told.values()) == {"answering, there is no token to ask more with"}
    gate = next(one for one in gates(SPEC, state) if one.name == "glance")
    assert "whether glance on ctl1 gives a list of images is not known" in gate.now


def test_a_further_unit_that_is_down_is_told_and_one_of_them_that_starts_anew_is_seen() -> None:
    worker = ServiceState("nova-conductor.service", "active", "running", enabled=True, started="a")
    node = replace(WELL, workers=(worker,))
    assert judged(node, node, node)[0] is Verdict.OK
    away = replace(node, workers=(replace(worker, active="failed", sub="failed"),))
    verdict, reason, hosts = judged(node, away, node)
    assert verdict is Verdict.WARN and hosts[1] is Verdict.FAIL and "ctl2: nova-conductor is failed" in reason
    state = ClusterState({"keystone": {"ctl1": node, "ctl2": away}})
    assert [daemon.unit for daemon in starts(state)] == ["nova-conductor.service"]
    told = {thing.host: how for thing, how in picture(SPEC, state).items() if thing.fact == "keystone"}
    assert told["ctl2"] == "nova-conductor is failed (failed)"
    gate = next(one for one in gates(SPEC, state) if one.name == "keystone")
    assert "nova-conductor is failed (failed) on ctl2: see `journalctl -u nova-conductor.service`" in gate.now


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


def test_who_was_taken_out_by_hand_is_restarted_and_not_given_back() -> None:
    kept = ProxyServer("keystone", "ctl2", "127.8.0.32:5000", "MAINT", "L7OK/200", 0, False, 9, 0)
    serving = replace(proxy(), servers=(kept,))
    proxies: dict[str, ProxyNode | Unknown] = {"lb1": serving, "lb2": Unknown("can't be reached")}
    assert [step.name for step in openstack.restarted(KEYSTONE, SPEC, proxies, "ctl2")] == ["keystone on ctl2 restarts"]
    assert [step.name for step in openstack.restarted(KEYSTONE, SPEC, proxies, "ctl1")] == [
        "ctl1 serves no keystone",
        "keystone on ctl1 restarts",
        "ctl1 serves keystone again",
    ]
    # Whatever of it the balancers spread is sent nothing meanwhile.
    assert [step.name for step in openstack.restarted(NOVA, SPEC, proxies, "ctl1")] == [
        *(f"ctl1 serves no {name}" for name in ("nova", "nova-metadata", "nova-novnc")),
        "nova on ctl1 restarts",
        *(f"ctl1 serves {name} again" for name in ("nova", "nova-metadata", "nova-novnc")),
    ]


def test_its_tables_and_its_users_are_read() -> None:
    assert FilledDatabases().process(["glance", "mysql", "end"]) == frozenset({"glance", "mysql"})
    for said in ([], ["ERROR 1047"], ["glance"]):
        assert isinstance(FilledDatabases().process(said), Unknown)
    assert KeystoneUsers().process(["user\tadmin", "end"]) == frozenset({"admin"})
    assert KeystoneUsers().process(["end"]) == frozenset()
    assert isinstance(KeystoneUsers().process([]), Unknown) and isinstance(KeystoneUsers().process(["x"]), Unknown)
    assert TablesSynced().process(["Noted=", "Installed=2:27.0.0-3"]) == Synced("", "2:27.0.0-3")


LISTED = (
    'Body={"services": [{"binary": "nova-scheduler", "host": "ctl2", "state": "down", "status": "enabled"}, '
    '{"binary": "nova-conductor", "host": "ctl1", "state": "up", "status": "enabled"}, '
    '{"binary": "nova-compute", "host": "cmp9", "state": "down", "status": "disabled"}]}'
)
NOVA_HEALTHS = "Health nova=0 200\nHealth nova-metadata=0 200"
NOVA_SHOWN = "".join(SHOWN.format("active").replace("keystone.service", unit) for unit in NOVA.units)


def test_what_a_service_tells_of_its_parts_is_read_and_judged() -> None:
    said = f"{NOVA_SHOWN}{NOVA_HEALTHS}\nCall=0 0 200 0.05\n{LISTED}"
    node = answers("nova")().process(said.splitlines())
    assert isinstance(node, ApiNode) and node.works
    assert [unit.unit for unit in node.workers] == list(NOVA.units[1:])
    assert [(part.name, part.host, part.up, part.enabled) for part in node.parts] == [
        ("nova-compute", "cmp9", False, False),
        ("nova-conductor", "ctl1", True, True),
        ("nova-scheduler", "ctl2", False, True),
    ]
    state = ClusterState({"nova": dict.fromkeys(HOSTS, node)})
    layer = next(one for one in assess(SPEC, state) if one.layer == "nova")
    assert layer.verdict is Verdict.WARN
    # Once, though three controllers told it; who is given no work may be away.
    assert layer.reason.count("nova-scheduler on ctl2 has not told nova of itself lately") == 1
    assert "nova-compute" not in layer.reason
    gate = next(one for one in gates(SPEC, state) if one.name == "nova")
    assert "nova-scheduler on ctl2 has not told nova of itself lately" in gate.now


@pytest.mark.parametrize("body", ["", "x", "[]", '{"services": 1}', '{"services": [1]}', '{"services": [{}]}'])
def test_a_list_of_parts_that_can_not_be_read_is_no_empty_one(body: str) -> None:
    said = f"{NOVA_SHOWN}{NOVA_HEALTHS}\nCall=0 0 200 0.05\nBody={body}"
    assert isinstance(answers("nova")().process(said.splitlines()), Unknown)
    # A call that failed brings another text.
    failed = answers("nova")().process(said.replace("Call=0 0 200", "Call=0 0 503").splitlines())
    assert isinstance(failed, ApiNode) and failed.call == 503 and failed.parts == ()


def test_neutrons_agents_are_read() -> None:
    text = '{"agents": [{"binary": "neutron-l3-agent", "host": "net01", "alive": true, "admin_state_up": true}]}'
    assert parts_of(text, "agents") == (Part("net01", "neutron-l3-agent", up=True, enabled=True),)
    assert parts_of(text.replace("true", "false"), "agents") == (Part("net01", "neutron-l3-agent", False, False),)


def test_a_further_api_that_hangs_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    said = f'{NOVA_SHOWN}{NOVA_HEALTHS}\nCall=0 0 200 0.05\nBody={{"services": []}}'
    well = answers("nova")().process(said.splitlines())
    hangs = answers("nova")().process(said.replace("metadata=0 200", "metadata=28 000").splitlines())
    assert isinstance(well, ApiNode) and isinstance(hangs, ApiNode)
    assert (well.mute, hangs.mute) == ((), (Answer("nova-api-metadata.service", 0),))
    state = ClusterState({"nova": {"ctl1": well, "ctl2": hangs, "ctl3": well}})
    layer = next(one for one in assess(SPEC, state) if one.layer == "nova")
    assert (layer.verdict, layer.hosts[1].verdict) == (Verdict.WARN, Verdict.FAIL)
    assert "ctl2: nova-api-metadata runs, and does not answer within 2 s" in layer.reason
    gate = next(one for one in gates(SPEC, state) if one.name == "nova")
    assert "on ctl2 nova-api-metadata runs, and does not answer within 2 s: see `journalctl" in gate.now
    told = {thing.host: how for thing, how in picture(SPEC, state).items() if thing.fact == "nova"}
    assert told["ctl2"] == "nova-api-metadata is not answering"
    assert "nova-api-metadata does not answer within 2 s" in "\n".join(line.text for line in lines(state))
    # A restart waits for it, too.
    monkeypatch.setattr(openstack, "look", lambda *_: hangs)
    assert openstack.silent(NOVA, "ctl2") == "ctl2: nova-api-metadata runs, and does not answer within 2 s"
    # One that does not run is said to be down, and nothing else.
    down = replace(hangs, workers=(replace(hangs.workers[0], active="failed"), *hangs.workers[1:]))
    assert down.mute == () and [unit.unit for unit in down.away] == ["nova-api-metadata.service"]
    # Deployed by a hatui that had none.
    older = answers("nova")().process(said.replace("metadata=0 200", "metadata=26 000").splitlines())
    assert isinstance(older, Unknown) and "/etc/hatui/nova-metadata.health" in older.reason


def test_metadata_is_given_by_every_controller_to_who_knows_the_secret_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (openstack_files, openstack_settings):
        monkeypatch.setattr(module, "secret", lambda _, name: name)
    service = SPEC.services["nova-metadata"]
    assert (service.port, service.mode, service.check) == (8775, "http", "/healthcheck")
    # Two processes, of which each works on one request at a time.
    assert service.max_connections == 1 and SPEC.services["nova"].max_connections == 2
    made = {file.path: file.content.decode() for file in openstack_files.openstack_files(SPEC, NOVA, "ctl2")}
    workers = "/etc/nova/hatui-nova-api-metadata-uwsgi.ini"
    assert "http-socket = 127.8.0.32:8775\nprocesses = 2\nthreads = 1\n" in made[workers]
    assert "route-uri = ^/healthcheck$ donotlog:" in made[workers]
    assert "http-socket = 127.8.0.32:8774\nprocesses = 3\n" in made["/etc/nova/hatui-nova-api-uwsgi.ini"]
    assert 'url = "http://127.8.0.32:8775/healthcheck"' in made["/etc/hatui/nova-metadata.health"]
    drop_in = made["/etc/systemd/system/nova-api-metadata.service.d/hatui.conf"]
    assert f"uwsgi_python3 --ini /etc/nova/nova-api-metadata-uwsgi.ini --ini {workers}\n" in drop_in
    # One unit that stops takes nothing of the others' away.
    for unit in NOVA.units:
        assert "RuntimeDirectoryPreserve=yes\n" in made[f"/etc/systemd/system/{unit}.d/hatui.conf"], unit
    assert unit_of(workers, "nova") == "nova-api-metadata.service"
    keys = openstack_own.settings(SPEC, NOVA, "ctl2")[NOVA.config]["neutron"]
    assert (keys["service_metadata_proxy"], keys["metadata_proxy_shared_secret"]) == ("true", "metadata")
    assert "metadata" in NOVA.secrets and "metadata" in openstack_settings.secrets_in(SPEC, NOVA)
    with pytest.raises(SpecError, match=r"nova\.metadata_processes is 1: it must be from 2 to 64"):
        cluster_spec(inventory((("keystone",), {}), (("nova",), {"metadata_processes": 1})))


def test_without_a_token_or_the_program_that_asks_the_call_was_not_made() -> None:
    for said in ("0 no-token", "127"):
        node = answers("nova")().process(f"{NOVA_SHOWN}{NOVA_HEALTHS}\nCall={said}".splitlines())
        assert isinstance(node, ApiNode) and node.call is None and node.waits is None


def test_one_that_is_slow_is_not_taken_for_broken() -> None:
    said = f"{SHOWN.format('active')}Health keystone=0 200\nCall=0 waiting 7"
    slow = answers("keystone")().process(said.splitlines())
    assert isinstance(slow, ApiNode) and (slow.call, slow.waits) == (None, 7)
    verdict, reason, hosts = judged(slow, slow, slow)
    assert (verdict, hosts) == (Verdict.WARN, [Verdict.WARN] * 3)
    assert "ctl1: keystone answers, and has not given a token for 7 s (is the host busy?)" in reason
    state = ClusterState({"keystone": dict.fromkeys(HOSTS, slow)})
    gate = next(one for one in gates(SPEC, state) if one.name == "keystone")
    assert gate.now.startswith("0 give a token: keystone on ctl1 has not given a token for 7 s.")
    assert "giving a token slowly" in [how for thing, how in picture(SPEC, state).items() if thing.fact == "keystone"]


def test_one_that_was_well_a_moment_ago_is_not_told_of_for_each_call_that_takes_longer() -> None:
    def asked(seconds: int, last: str) -> ApiNode:
        text = f"{SHOWN.format('active')}Health keystone=0 200\nCall=0 waiting {seconds}\nLast={last}\nBody="
        node = answers("keystone")().process(text.splitlines())
        assert isinstance(node, ApiNode)
        return node

    late = asked(3, "0 201 2.9")
    assert (late.call, late.took, late.waits) == (201, 2.9, 3)
    assert judged(late, late, late) == (Verdict.OK, "3 of 3 hosts give a token", [Verdict.OK] * 3)
    state = ClusterState({"keystone": dict.fromkeys(HOSTS, late)})
    assert {how for thing, how in picture(SPEC, state).items() if thing.fact == "keystone"} == {"giving a token"}
    # A gate waits for the answer all the same (engine/awaited.py).
    assert late.awaits and not next(one for one in gates(SPEC, state) if one.name == "keystone").open
    assert judged(*[asked(6, "0 201 2.9")] * 3)[0] is Verdict.WARN
    # What was not well before is not well now.
    assert judged(*[asked(3, "28 000 15.0")] * 3)[0] is Verdict.FAIL
    assert judged(*[asked(3, "no-token")] * 3)[0] is Verdict.WARN


def test_where_its_agents_are_told_with_the_last_answer_they_are_kept() -> None:
    shown = "".join(SHOWN.format("active").replace("keystone.service", unit) for unit in NEUTRON.units)
    agent = '{"binary": "neutron-l3-agent", "host": "net01", "alive": true, "admin_state_up": true}'
    said = f'{shown}Health neutron=0 200\nCall=0 waiting 3\nLast=0 200 0.05\nBody={{"agents": [{agent}]}}'
    node = answers("neutron")().process(said.splitlines())
    assert isinstance(node, ApiNode) and [part.host for part in node.parts] == ["net01"]


def test_a_unit_that_its_release_has_not_is_not_asked_for() -> None:
    shown = "".join(SHOWN.format("active").replace("keystone.service", unit) for unit in NEUTRON.units[:2])
    shown += "Id=neutron-periodic-workers.service\nActiveState=inactive\nSubState=dead\nUnitFileState=\n\n"
    said = f'{shown}Health neutron=0 200\nCall=0 0 200 0.05\nBody={{"agents": []}}'
    node = answers("neutron")().process(said.splitlines())
    assert isinstance(node, ApiNode) and [unit.unit for unit in node.workers] == ["neutron-rpc-server.service"]
    for release, there in (("bookworm", True), ("trixie", False)):
        layer = api_health(NEUTRON, replace(SPEC, release=release), dict.fromkeys(HOSTS, node))
        assert (layer.verdict is Verdict.OK) is there
        assert ("there is no neutron-periodic-workers.service" in layer.reason) is not there


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_networks_are_made_by_a_driver_that_both_releases_have(monkeypatch: pytest.MonkeyPatch, release: str) -> None:
    monkeypatch.setattr(openstack_settings, "secret", lambda _, name: name)
    main, ml2 = openstack_own.settings(replace(SPEC, release=release), NEUTRON, "ctl2").values()
    assert ml2["ml2"]["mechanism_drivers"] == "openvswitch,l2population"
    assert main["experimental"]["linuxbridge"] is None


@pytest.mark.parametrize(("release", "quorum"), [("bookworm", None), ("trixie", "true")])
def test_queues_for_answers_are_on_more_than_one_broker(
    monkeypatch: pytest.MonkeyPatch, release: str, quorum: str | None
) -> None:
    monkeypatch.setattr(openstack_settings, "secret", lambda _, name: name)
    keys = openstack_own.settings(replace(SPEC, release=release), NOVA, "ctl2")[NOVA.config]
    assert keys["oslo_messaging_rabbit"]["rabbit_transient_quorum_queue"] == quorum


def test_novas_cells_are_kept_without_a_password() -> None:
    api, cell0, cell1, main = (sync.words for sync in NOVA.syncs(SPEC))
    assert (api, main) == ("api_db sync", "db sync")
    where = "--database_connection '{scheme}://{username}:{password}@{hostname}:{port}/"
    assert cell0 == f"cell_v2 map_cell0 {where}nova_cell0?{{query}}'"
    brokers = ",".join(f"{{username{n}}}:{{password{n}}}@{{hostname{n}}}:{{port{n}}}" for n in (1, 2, 3))
    transport = f"--transport-url '{{scheme}}://{brokers}/{{path}}'"
    assert cell1 == f"cell_v2 create_cell --name cell1 {where}nova?{{query}}' {transport}"
    # By the VIP there is one, which has no number.
    vip = replace(SPEC, rabbitmq=replace(SPEC.rabbitmq, clients="vip"))
    assert "'{scheme}://{username}:{password}@{hostname}:{port}/{path}'" in NOVA.syncs(vip)[2].words
