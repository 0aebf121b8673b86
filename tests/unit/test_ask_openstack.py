"""The program by which a host asks OpenStack, against a small server: with which token, and what it tells."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.pace import wait_until

SCRIPT = Path(__file__).parents[2] / "deploy/files/ask_openstack.sh"


class Api(BaseHTTPRequestHandler):
    """Gives the tokens t1, t2, …, and takes the last one alone."""

    given = 0
    """How many."""
    gives = True
    asked = 0
    body = b'{"agents": [\n]}'
    holds: threading.Event | None = None
    """What an answer waits for."""

    def do_POST(self) -> None:
        kind = type(self)
        kind.given += self.gives
        self.send_response(201 if self.gives else 503)
        if self.gives:
            self.send_header("X-Subject-Token", f"t{kind.given}")
        self.end_headers()

    def do_GET(self) -> None:
        type(self).asked += 1
        if self.holds:
            self.holds.wait(60)
        ok = self.headers["X-Auth-Token"] == f"t{self.given}"
        self.send_response(200 if ok else 401)
        self.end_headers()
        self.wfile.write(self.body if ok else b"who?")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[tuple[type[Api], str]]:
    kind = type("Own", (Api,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield kind, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class Asker:
    def __init__(self, folder: Path, url: str) -> None:
        self.token = folder / "run/openstack.token"
        text = SCRIPT.read_text().replace("/run/hatui", str(folder / "run")).replace("/etc/hatui", str(folder))
        self.program = folder / "ask"
        self.program.write_text(text)
        (folder / "openstack.login").write_text(f'url = "{url}/v3/auth/tokens"\nrequest = "POST"\n')
        (folder / "call").write_text(f'url = "{url}/v2.0/agents"\n')
        self.call = folder / "call"

    def ask(self, seconds: float = 30, *more: str) -> list[str]:
        environment = {"PATH": os.environ["PATH"]}
        command = ["sh", str(self.program), str(seconds), "30", str(self.call), *more]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=True)
        return done.stdout.splitlines()


@pytest.fixture
def asker(api: tuple[type[Api], str], tmp_path: Path) -> Asker:
    return Asker(tmp_path, api[1])


def test_one_token_serves_all_calls_and_only_root_reads_it(api: tuple[type[Api], str], asker: Asker) -> None:
    for _ in range(3):
        status, body = asker.ask()
        assert status.startswith("0 200 ") and body == 'Body={"agents": []}'
    assert api[0].given == 1 and asker.token.stat().st_mode & 0o777 == 0o600


def test_a_token_that_is_not_taken_any_longer_is_replaced_at_once(api: tuple[type[Api], str], asker: Asker) -> None:
    asker.ask()
    api[0].given = 7
    old = time.time() - 60
    os.utime(asker.token, (old, old))
    assert asker.ask()[0].startswith("0 200 ") and api[0].given == 8


def test_one_of_before_the_clock_was_set_back_is_replaced_too(api: tuple[type[Api], str], asker: Asker) -> None:
    asker.ask()
    api[0].given = 7
    later = time.time() + 9999
    os.utime(asker.token, (later, later))
    assert asker.ask()[0].startswith("0 200 ") and api[0].given == 8


def test_one_that_grows_old_is_renewed_behind_the_call(api: tuple[type[Api], str], asker: Asker) -> None:
    asker.ask()
    old = time.time() - 3100
    os.utime(asker.token, (old, old))
    assert asker.ask()[0].startswith("0 200 ")
    wait_until(lambda: "t2" in asker.token.read_text(), 60)
    assert asker.ask()[0].startswith("0 200 ") and api[0].given == 2


def test_without_a_token_it_says_so(api: tuple[type[Api], str], asker: Asker) -> None:
    api[0].gives = False
    assert asker.ask() == ["no-token"]
    # It had one, which is not taken any longer.
    api[0].gives = True
    asker.ask()
    api[0].given, api[0].gives = 7, False
    old = time.time() - 60
    os.utime(asker.token, (old, old))
    assert asker.ask() == ["no-token"]


def test_a_call_without_a_token_asks_for_none(api: tuple[type[Api], str], asker: Asker) -> None:
    assert asker.ask(30, "without")[0].startswith("0 401 ") and api[0].given == 0


def test_who_does_not_answer_is_told_by_the_status(api: tuple[type[Api], str], asker: Asker) -> None:
    asker.ask()
    asker.call.write_text('url = "http://127.0.0.1:1/"\n')
    status, body = asker.ask()
    assert status.startswith("7 000 ") and body == "Body="


def test_an_answer_that_comes_late_is_waited_for_and_not_asked_for_twice(
    api: tuple[type[Api], str], asker: Asker
) -> None:
    asker.ask()
    api[0].asked, api[0].holds = 0, threading.Event()
    for _ in range(2):
        # With what was answered last, as long as that is not too long ago.
        said, last, body = asker.ask(0.3)
        assert said.startswith("waiting ") and last.startswith("Last=0 200 ") and body == 'Body={"agents": []}'
    answered = asker.token.parent / "call.said"
    os.utime(answered, (time.time() - 120,) * 2)
    assert [line.split()[0] for line in asker.ask(0.3)] == ["waiting"]
    wait_until(lambda: api[0].asked == 1, 60)
    late = asker.token.parent / "call.said.late"
    assert not late.exists()
    api[0].holds.set()
    # That it came is seen by a file, and who asks then is given it.
    wait_until(late.exists, 60)
    assert asker.ask()[0].startswith("0 200 ") and api[0].asked == 1 and not late.exists()
    assert asker.ask()[0].startswith("0 200 ") and api[0].asked == 2 and not late.exists()


def test_a_late_answer_of_long_ago_is_no_answer_any_longer(api: tuple[type[Api], str], asker: Asker) -> None:
    asker.ask()
    late = asker.token.parent / "call.said.late"
    late.touch()
    os.utime(late, (time.time() - 120,) * 2)
    asker.ask()
    assert api[0].asked == 2 and not late.exists()
