"""Managed by hatui. Whether this Galera node may take sessions, over HTTP: 200, or 503 with the reason.

    galera_check.py ADDRESS PORT [SOCKET]

Every answer comes from the server's own state, at most MAX_AGE old; a server that does not answer within TIMEOUT gives
503. One thread serves: clients are read without blocking, and only the question to the server blocks, for TIMEOUT at
most. A second thread writes a row of its own where clients are connected and nothing of theirs is committed
(galera_writes.py): a server under a read lock answers every question and takes no write.

The reason stands in $RUNTIME_DIRECTORY/why_not as well, empty while there is none: `hatui status` shows it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pymysql

if __name__ == "__main__":
    # Python is started isolated (-I), and so does not look beside the program by itself.
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from galera_writes import STATUS, VARIABLES, Own, Writes  # type: ignore[import-not-found]
else:
    from deploy.files.galera_writes import STATUS, VARIABLES, Own, Writes

TIMEOUT = 0.5
"""Seconds for the server's answer."""
MAX_AGE = 0.2
"""Seconds for which an answer serves further clients: a burst of checks costs one look."""
UNASKED = 5.0
"""Seconds after which the server is asked though no balancer asks: what is left in why_not is never older."""
MAX_CLIENTS = 64
MAX_REQUEST = 2048
CLIENT_TIME = 2.0
"""Seconds after which a client that has not asked yet is sent away."""
IP_FREEBIND = 15
"""ip(7): the address may come up after this program."""

QUERIES = tuple(
    f"SHOW GLOBAL {kind} WHERE Variable_name IN ({', '.join(map(repr, names))})"
    for kind, names in (
        ("STATUS", ("wsrep_ready", "wsrep_cluster_status", "wsrep_local_state", "wsrep_local_state_comment", *STATUS)),
        (
            "VARIABLES",
            ("read_only", "wsrep_on", "wsrep_desync", "wsrep_sst_method", "wsrep_reject_queries", *VARIABLES),
        ),
    )
)
SYNCED, DONOR = "4", "2"
"""wsrep_local_state."""


def why_not(seen: dict[str, str]) -> str | None:
    """Why a node with these variables must get no sessions, or None if it may.

    A donor serves on: mariabackup does not block it, and it may be the only member that can.
    """
    if seen.get("wsrep_on") != "ON":
        return "it runs without Galera"
    if seen.get("wsrep_cluster_status") != "Primary":
        return f"not in the Primary component ({seen.get('wsrep_cluster_status')})"
    if seen.get("wsrep_ready") != "ON":
        return "wsrep_ready is not ON"
    if seen.get("read_only") != "OFF":
        return "it is read-only"
    if seen.get("wsrep_desync") != "OFF":
        return "it was desynced by hand"
    if seen.get("wsrep_reject_queries") != "NONE":
        return f"it rejects queries (wsrep_reject_queries={seen.get('wsrep_reject_queries')})"
    donor = seen.get("wsrep_local_state") == DONOR and seen.get("wsrep_sst_method") == "mariabackup"
    if seen.get("wsrep_local_state") != SYNCED and not donor:
        return f"{seen.get('wsrep_local_state_comment')}, not Synced"
    return None


class Server:
    """One connection to the local server, opened again after any error. `writes` judges what only time shows."""

    def __init__(self, path: str, writes: Callable[[dict[str, str], float], str | None] | None = None) -> None:
        self._path = path
        self._writes = writes
        self._connection: pymysql.connections.Connection | None = None

    def why_not(self) -> str | None:
        """Ask the server now."""
        kept, begin = self._connection is not None, time.monotonic()
        try:
            seen = self._variables()
            reason = why_not(seen)
            # Asked in any case: it has to see time pass.
            slow = self._writes(seen, time.monotonic()) if self._writes else None
            return reason or slow
        except (pymysql.Error, OSError) as error:
            # After a timeout an answer may still be under way: this connection can't be used again.
            self._close()
            # A kept connection may merely have ended with the server it led to; that shows at once.
            if kept and time.monotonic() - begin < TIMEOUT / 2:
                return self.why_not()
            return f"its server does not answer: {' '.join(str(error).split())[:150]}"

    def _variables(self) -> dict[str, str]:
        if self._connection is None:
            self._connection = pymysql.connect(
                unix_socket=self._path,
                user="hatui_check",
                connect_timeout=TIMEOUT,
                read_timeout=TIMEOUT,
                write_timeout=TIMEOUT,
            )
        seen: dict[str, str] = {}
        with self._connection.cursor() as cursor:
            for query in QUERIES:
                cursor.execute(query)
                seen.update(cursor.fetchall())
        return seen

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(pymysql.Error, OSError):
                self._connection._force_close()  # type: ignore[attr-defined]
            self._connection = None


class Responder:
    """The HTTP side. `ask` gives the reason why not, or None."""

    def __init__(self, address: str, port: int, ask: Callable[[], str | None]) -> None:
        self._ask = ask
        self._asked = -MAX_AGE - 1
        self._reason: str | None = "not asked yet"
        self._clients: dict[socket.socket, tuple[float, bytes]] = {}
        self._selector = selectors.DefaultSelector()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        self.listener.bind((address, port))
        self.listener.listen(MAX_CLIENTS)
        self.listener.setblocking(False)
        self._selector.register(self.listener, selectors.EVENT_READ)

    def serve_forever(self) -> None:
        while True:
            self.serve_once(1.0)
            self._look(UNASKED)

    def serve_once(self, wait: float) -> None:
        """Take what is there after at most `wait` seconds, and send away whom CLIENT_TIME is over for."""
        for key, _ in self._selector.select(wait):
            if key.fileobj is self.listener:
                self._accept()
            elif isinstance(key.fileobj, socket.socket):
                self._read(key.fileobj)
        now = time.monotonic()
        for client in [client for client, (since, _) in self._clients.items() if now - since > CLIENT_TIME]:
            self._close(client)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self.listener.accept()
            if len(self._clients) >= MAX_CLIENTS:
                # The oldest has had its chance: newcomers, a balancer among them, are not shut out by idle clients.
                self._close(next(iter(self._clients)))
            client.setblocking(False)
            self._clients[client] = (time.monotonic(), b"")
            self._selector.register(client, selectors.EVENT_READ)

    def _read(self, client: socket.socket) -> None:
        if client not in self._clients:
            return
        since, request = self._clients[client]
        try:
            received = client.recv(MAX_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        request += received
        if not received:
            self._close(client)
        elif b"\r\n\r\n" in request or b"\n\n" in request or len(request) >= MAX_REQUEST:
            with contextlib.suppress(OSError):
                client.send(self._answer(request))
                client.shutdown(socket.SHUT_WR)
            self._close(client)
        else:
            self._clients[client] = (since, request)

    def _answer(self, request: bytes) -> bytes:
        if request.split(b" ", 1)[0] not in (b"GET", b"HEAD", b"OPTIONS") or b" HTTP/1." not in request:
            return _http("400 Bad Request", "ask by GET")
        self._look(MAX_AGE)
        return _http("200 OK", "Synced") if self._reason is None else _http("503 Service Unavailable", self._reason)

    def _look(self, oldest: float) -> None:
        """Ask the server if what it said is older than `oldest` seconds."""
        if time.monotonic() - self._asked > oldest:
            former, self._reason = self._reason, self._ask()
            self._asked = time.monotonic()
            if former != self._reason:
                _keep(self._reason)

    def _close(self, client: socket.socket) -> None:
        if self._clients.pop(client, None) is not None:
            self._selector.unregister(client)
            client.close()


def _http(status: str, text: str) -> bytes:
    body = f"{text}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def _keep(reason: str | None) -> None:
    """Leave the reason where whoever looks at this host finds it, replaced whole."""
    folder = os.environ.get("RUNTIME_DIRECTORY")
    if not folder:
        return
    with contextlib.suppress(OSError):
        new = Path(folder, "why_not.new")
        new.write_text(f"{reason or ''}\n")
        new.replace(Path(folder, "why_not"))


if __name__ == "__main__":
    socket_path = sys.argv[3] if len(sys.argv) > 3 else "/run/mysqld/mysqld.sock"
    server = Server(socket_path, Writes(Own(socket_path)).why_not)
    Responder(sys.argv[1], int(sys.argv[2]), server.why_not).serve_forever()
