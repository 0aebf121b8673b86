"""Services that are data in the inventory: what can't be, HAProxy's settings, the verdict, drains, and the probes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cluster.assess import assess
from cluster.haproxy.record import HAPROXY_STAT, ProxyServer
from cluster.health.verdict import Verdict
from cluster.layers import BY_NAME
from cluster.spec import Host, Role, Service
from cluster.state import ClusterState, Unknown
from cluster.steady import not_steady
from cluster.validate import SpecError, cluster_spec
from cluster.wire.probes import Target, Wanted
from deploy.balancer_files import haproxy_files
from engine.layers import services as handled
from engine.planning import carried
from engine.probes.http import HttpStream, get
from engine.probes.measuring import Measuring
from engine.probes.tcp import reach
from engine.probing import measured
from engine.runbook import View
from engine.runbooks import drain, undrain
from operations import servers, services
from tests.pace import wait_until
from tests.unit.inventories import inventory
from tests.unit.test_haproxy import CLUSTER
from tests.unit.test_health import HEALTHY, SPEC, proxy

PAGES: dict[str, Any] = {"port": 8080, "server_port": 80, "role": "network", "mode": "http", "check": "/health"}
WITH_PAGES = replace(
    SPEC,
    hosts={**SPEC.hosts, "net02": Host("net02", "192.0.2.111", Role.NETWORK)},
    services={"pages": Service(**PAGES)},
)


def wrong(name: str = "pages", **changes: Any) -> str:
    with pytest.raises(SpecError) as caught:
        cluster_spec({**inventory(), "services": {name: {**PAGES, **changes}}})
    return str(caught.value)


def test_a_service_is_read_and_a_second_on_its_port_is_refused() -> None:
    spec = cluster_spec({**inventory(), "services": {"pages": PAGES}})
    assert spec.services == {"pages": Service(**PAGES)}
    assert cluster_spec({**inventory(), "services": {"mail": {"port": 25, "role": "network"}}}).services
    assert measured(spec) == ("sql", "amqp", "pages")
    two = {"pages": PAGES, "more": {"port": 8080, "role": "network"}}
    with pytest.raises(SpecError, match=r"services.more.port is 8080, which services.pages.port has"):
        cluster_spec({**inventory(), "services": two})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"port": 3306}, "which haproxy.database_port has"),
        ({"port": 22}, "which ssh.port has"),
        ({"port": 0}, "must be from 1 to 65535"),
        ({"server_port": 70000}, "must be from 0 to 65535"),
        ({"role": "haproxy"}, "must be galera, controller or network"),
        ({"role": "web"}, "must be galera, controller or network"),
        ({"mode": "https"}, "must be tcp or http"),
        ({"check": "health"}, "must be a path, such as /healthcheck"),
        ({"check": "/a b\nserver x"}, "must be a path"),
        ({"algorithm": "random"}, "must be roundrobin or leastconn or source or uri"),
        ({"mode": "tcp"}, "only a service of mode http has a path"),
        ({"mode": "tcp", "check": "", "websocket": True}, "only a service of mode http has WebSockets"),
        ({"mode": "tcp", "check": "", "algorithm": "uri"}, "must be roundrobin or leastconn or source."),
        ({"timeout": -1}, "must be from 0 to 86400 seconds"),
        ({"check_timeout": 61}, "must be from 1 to 60 seconds"),
        ({"max_connections": -1}, "must be from 0 to 100000"),
        ({"ports": 1}, "did you mean port?"),
    ],
)
def test_what_can_not_be_is_told_with_its_key_and_what_would_be_right(changes: dict[str, Any], said: str) -> None:
    told = wrong(**changes)
    assert said in told and "services.pages" in told


@pytest.mark.parametrize("name", ["Pages", "a b", "", "galera", "statistics", "p" * 40])
def test_a_name_that_haproxy_or_hatui_has_other_use_for_is_refused(name: str) -> None:
    assert "name" in wrong(name)


def test_the_balancers_check_each_server_and_keep_the_services_apart() -> None:
    spec = replace(
        CLUSTER,
        services={
            "pages": Service(port=8080, role="galera", server_port=80, mode="http", check="/health", websocket=True),
            "mail": Service(port=25, role="controller", timeout=300, check_timeout=5, max_connections=7),
        },
    )
    text = haproxy_files(spec, "haproxy1", "secret")[0].content.decode()
    _, _, rest = text.partition("frontend pages\n")
    pages, _, mail = rest.partition("frontend mail\n")
    assert "bind 192.0.2.47:8080 transparent" in pages and "server mysql1 192.0.2.125:80\n" in pages
    assert "http-check send meth GET uri /health ver HTTP/1.1 hdr Host pages" in pages and "timeout tunnel 1h" in pages
    assert pages.count("timeout connect 500ms") == mail.count("timeout connect 500ms") == 1
    assert pages.count("mode http") == 2 and "timeout client 60s" in pages
    assert "mode tcp" in mail and "timeout server 300s" in mail and "server cc01 192.0.2.100:25\n" in mail
    assert "httpchk" not in mail.partition("listen statistics")[0]
    assert "timeout check 5s" in mail and "default-server maxconn 7\n" in mail
    assert "timeout check 1s" in pages.partition("frontend")[0] and "maxconn" not in pages.partition("frontend")[0]
    assert "frontend pages" not in haproxy_files(CLUSTER, "haproxy1", "secret")[0].content.decode()


def balanced(**states: str) -> ClusterState:
    """A healthy cluster whose balancers have the service's two servers in these states."""
    addresses = {"net01": "192.0.2.110", "net02": "192.0.2.111"}
    mine = tuple(
        ProxyServer("pages", name, f"{WITH_PAGES.address(name)}:80", states.get(name, "UP"), "L7OK/200", 2, False, 9, 0)
        for name in addresses
    )
    node = replace(proxy(), servers=(*proxy().servers, *mine))
    return HEALTHY.having({HAPROXY_STAT: dict.fromkeys(HEALTHY[HAPROXY_STAT], node)})


def haproxy_said(state: ClusterState) -> tuple[Verdict, str]:
    return next((one.verdict, one.reason) for one in assess(WITH_PAGES, state) if one.layer == "haproxy")


def test_its_servers_are_judged_and_part_of_the_steady_state() -> None:
    assert haproxy_said(balanced())[0] is Verdict.OK
    verdict, reason = haproxy_said(balanced(net01="DOWN"))
    assert verdict is Verdict.WARN and "1 of 2 servers of pages are UP (net01 DOWN)" in reason
    verdict, reason = haproxy_said(balanced(net01="DOWN", net02="DOWN"))
    assert verdict is Verdict.FAIL and "0 of 2 servers of pages" in reason
    assert "`hatui undrain net01` gives it back" in haproxy_said(balanced(net01="MAINT"))[1]
    assert not_steady(WITH_PAGES, balanced(net01="MAINT")) is not None
    # Before HAProxy was deployed with it.
    assert "net01, net02 of the inventory is no server of pages: deploy/haproxy.py adds it" in haproxy_said(HEALTHY)[1]


def view(state: ClusterState) -> View:
    return View(WITH_PAGES, state, Path("inventory.py"))


def test_a_host_that_serves_it_is_drained_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[Any, ...]] = []
    for name in ("keep_away", "end_sessions", "undrain"):
        monkeypatch.setattr(servers, name, lambda _, *rest, name=name: done.append((name, *rest)))
    whole = drain.plan(view(balanced()), "net01")
    assert [step.name for step in whole.steps] == ["net01 serves no pages"] and not whole.refused
    assert handled.HANDLING.here(view(balanced()), "net01") == "serves pages"
    whole.steps[0].act()
    assert done == [("keep_away", "pages", "net01"), ("end_sessions", "pages", "net01", servers.DRAIN)]
    gone = balanced(net01="MAINT")
    assert not drain.plan(view(gone), "net01").steps
    # Of a balancer that can't be asked it is not known: it is asked before anything is done.
    unknown = gone.having({HAPROXY_STAT: {**gone[HAPROXY_STAT], "haproxy2": Unknown("gone")}})
    assert drain.plan(view(unknown), "net01").steps
    (back,) = undrain.plan(view(gone), "net01").steps
    back.act()
    assert done[-1] == ("undrain", "pages", "net01")
    assert handled.HANDLING.taken_out(gone) == {"net01"}
    # A host that serves nothing.
    assert drain.plan(View(SPEC, HEALTHY, Path("inventory.py")), "net01").evidence


def test_the_last_server_is_not_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    state = balanced(net02="DOWN")
    monkeypatch.setattr(services, "look_all", lambda *_: state[HAPROXY_STAT])
    step = services.taken_out(["haproxy1", "haproxy2"], "pages", "net01")
    assert step.precheck() == "net01 is the last server of pages that is UP on haproxy1"
    back = services.given_back(["haproxy1"], "pages", "net02")
    assert back.verify() == "net02 is DOWN on haproxy1, not UP"


def test_who_serves_carries_traffic() -> None:
    found = carried(WITH_PAGES, balanced(), BY_NAME["base"])
    assert {found[name].words for name in ("net01", "net02")} == {"a server with 4 sessions"}


@contextmanager
def web(status: int) -> Iterator[int]:
    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_clients_of_it_feel_is_measured() -> None:
    with web(200) as port:
        targets = {
            "pages": Target("127.0.0.1", port, kind="http", path="/"),
            "mail": Target("127.0.0.1", port, kind="tcp"),
        }
        with Measuring(Wanted(targets)) as measuring:
            wait_until(lambda: not measuring.missing(), 10)
        for felt in measuring.report().services.values():
            assert felt.failed == 0 and felt.stream.beats > 0 and felt.stream.resets == 0
    with pytest.raises(OSError):
        get("127.0.0.1", port, "/")()
    with pytest.raises(OSError):
        reach("127.0.0.1", port)()


def test_an_error_of_the_server_is_a_failure() -> None:
    with web(503) as port:
        with pytest.raises(ConnectionError, match="HTTP 503"):
            get("127.0.0.1", port, "/")()
        stream = HttpStream("127.0.0.1", port, "/")
        stream.start()
        wait_until(lambda: stream.heard.kinds, 10)
        stream.stop()
        stream.wait()
        assert stream.heard.beats == 0 and stream.heard.resets == 0
