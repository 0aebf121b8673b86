"""The health responder: it must fail when it should, whoever asks and however."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.files.galera_check import CLIENT_TIME, MAX_CLIENTS, TIMEOUT, Responder, Server, why_not

GOOD = {
    "wsrep_on": "ON",
    "wsrep_ready": "ON",
    "wsrep_cluster_status": "Primary",
    "wsrep_local_state": "4",
    "wsrep_local_state_comment": "Synced",
    "wsrep_desync": "OFF",
    "wsrep_reject_queries": "NONE",
    "wsrep_sst_method": "mariabackup",
    "read_only": "OFF",
}


def test_a_synced_node_takes_sessions_and_so_does_a_donor_that_is_not_blocked() -> None:
    assert why_not(GOOD) is None
    donor = GOOD | {"wsrep_local_state": "2", "wsrep_local_state_comment": "Donor/Desynced"}
    assert why_not(donor) is None
    assert why_not(donor | {"wsrep_sst_method": "rsync"}) == "Donor/Desynced, not Synced"


@pytest.mark.parametrize(
    "name", [name for name in GOOD if name not in ("wsrep_sst_method", "wsrep_local_state_comment")]
)
@pytest.mark.parametrize("value", ["", "OFF?", "non-Primary", "1", None])
def test_anything_else_keeps_sessions_away(name: str, value: str | None) -> None:
    changed = GOOD | {name: value} if value is not None else {key: GOOD[key] for key in GOOD if key != name}
    assert why_not(changed) is not None


class Asked:
    """What the responder asks instead of a server."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.times = 0

    def __call__(self) -> str | None:
        self.times += 1
        return self.reason


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def address(asked: Asked) -> Iterator[tuple[str, int]]:
    responder = Responder("127.0.0.1", 0, asked)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            responder.serve_once(0.05)

    thread = threading.Thread(target=serve)
    thread.start()
    yield responder.listener.getsockname()
    stop.set()
    thread.join()


def get(address: tuple[str, int], request: bytes = b"GET / HTTP/1.0\r\n\r\n") -> bytes:
    with socket.create_connection(address, timeout=5) as client:
        client.sendall(request)
        answer = b""
        while received := client.recv(4096):
            answer += received
        return answer


def test_200_and_503_with_the_reason(address: tuple[str, int], asked: Asked) -> None:
    assert get(address).startswith(b"HTTP/1.1 200 ")
    asked.reason = "it is read-only"
    time.sleep(0.3)  # longer than an answer may be kept
    answer = get(address, b"OPTIONS / HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 503 ") and answer.endswith(b"\r\n\r\nit is read-only\n")


def test_no_answer_is_older_than_a_second(address: tuple[str, int], asked: Asked) -> None:
    get(address)
    asked.reason = "gone"
    begin = time.monotonic()
    while get(address).startswith(b"HTTP/1.1 200 "):
        assert time.monotonic() - begin < 1
    assert asked.times < 10


@pytest.mark.parametrize(
    "request_",
    [b"\n\n", os.urandom(3000), b"GET /\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n", b"\0" * 2048],
    ids=["empty", "random", "no version", "post", "zeros"],
)
def test_garbage_gets_400_and_the_server_is_not_asked(address: tuple[str, int], asked: Asked, request_: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        assert get(address, request_)[:13] in (b"HTTP/1.1 400 ", b"")
    assert asked.times == 0
    assert get(address).startswith(b"HTTP/1.1 200 ")


def test_clients_that_say_nothing_shut_nobody_out(address: tuple[str, int]) -> None:
    idle = [socket.create_connection(address, timeout=5) for _ in range(3 * MAX_CLIENTS)]
    begin = time.monotonic()
    assert get(address).startswith(b"HTTP/1.1 200 ")
    assert time.monotonic() - begin < 0.5
    # The last to come is sent away in time as well.
    idle[-1].settimeout(CLIENT_TIME + 2)
    assert idle[-1].recv(1) == b""
    for client in idle:
        client.close()


@pytest.fixture
def mute(tmp_path: Path) -> Iterator[str]:
    """A socket that takes connections and never answers, as that of a stopped process does."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(5)
        yield path


def test_a_server_that_hangs_is_reported_within_the_time_limit(mute: str) -> None:
    server = Server(mute)
    for _ in range(2):
        begin = time.monotonic()
        reason = server.why_not()
        assert reason is not None and "does not answer" in reason
        # One that hangs without a limit would hang here for ever; a busy machine takes longer than the limit alone.
        assert time.monotonic() - begin < 10 * TIMEOUT


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    check: Callable[[], str | None] = Server(str(tmp_path / "none")).why_not
    assert "does not answer" in (check() or "")
