"""The IPMI server: one process for all BMCs of a lab, each on an address of its own.

`pyghmi` speaks the protocol. The loop that reads the sockets is ours: pyghmi's tells clients apart by their address
and the server's port number alone, and here every BMC has the same port.
Source: IPMI 2.0, chapters 13 (RMCP+) and 28 (chassis commands).
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from pyghmi.ipmi.bmc import Bmc
from pyghmi.ipmi.private.session import Session

from lab import bmc, config, hosts
from lab.topology import HOSTS, Lab, parse_subnet

_WRONG_STATE = 0xD5
"""Completion code "command can't be executed in the present state" (IPMI 2.0, table 5-2)."""

_SESSION_LIFE = 60.0
"""Seconds without a packet after which a client is forgotten: IPMI's own session timeout (6.12.15)."""

_LONGEST_PACKET = 3000

Client = tuple[str, int]


class HostBmc(Bmc):  # type: ignore[misc]
    """The BMC of one host: its socket, its clients, and the host's power.

    A command is answered when it is accepted, as by real BMCs; the power status tells when it is done.
    """

    def __init__(self, lab: Lab, host: str, password: str) -> None:
        super().__init__({bmc.USER: password}, port=bmc.PORT, address=str(lab.bmc_address(host)))
        self.lab = lab
        self.host = host
        # pyghmi keeps its sessions under (client, port); this keeps those of two BMCs apart.
        self.port = HOSTS[host]
        self.seen: dict[Client, float] = {}
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix=host)
        self.pending: tuple[str, Future[object]] | None = None

    def receive(self) -> None:
        """Take one packet from the socket and answer it."""
        data, client = self.serversocket.recvfrom(_LONGEST_PACKET)
        if len(data) < 4:
            return
        session = Session.bmc_handlers.get(client, {}).get(self.port)
        if session is None:
            self.pktqueue.append((data, client, self.serversocket, False))
            self.process_pktqueue()
        else:
            session.pktqueue.append((data, client, self.serversocket, True))
            session.process_pktqueue()
        self.seen[client] = time.monotonic()

    def forget_idle(self) -> None:
        """Drop the sessions of clients that have been silent for _SESSION_LIFE seconds."""
        limit = time.monotonic() - _SESSION_LIFE
        for client in [client for client, last in self.seen.items() if last < limit]:
            del self.seen[client]
            sessions = Session.bmc_handlers.get(client, {})
            sessions.pop(self.port, None)
            if not sessions:
                Session.bmc_handlers.pop(client, None)

    def get_power_state(self) -> str:
        return "on" if hosts.running(self.lab, self.host) else "off"

    def power_off(self) -> int:
        return self._accept("off", lambda: hosts.power_off(self.lab, self.host))

    def power_on(self) -> int:
        if not hosts.exists(self.lab, self.host):
            return _WRONG_STATE
        return self._accept("on", lambda: hosts.power_on(self.lab, self.host, config.need(self.lab)))

    def power_cycle(self) -> int:
        if self.get_power_state() == "off":
            return _WRONG_STATE
        return self._accept("cycle", lambda: hosts.power_cycle(self.lab, self.host, config.need(self.lab)))

    def power_reset(self) -> int:
        return self.power_cycle()

    def _accept(self, name: str, act: Callable[[], object]) -> int:
        """Let the host's worker do `act`; a client that asks again before it is done does not get it twice."""
        if self.pending and self.pending[0] == name and not self.pending[1].done():
            return 0
        print(f"{time.strftime('%H:%M:%S')} {self.host}: power {name}", flush=True)
        self.pending = (name, self.worker.submit(_logged, act))
        return 0


def _logged(act: Callable[[], object]) -> None:
    try:
        act()
    except Exception:
        traceback.print_exc()


def _bind(addrinfo: tuple[int, int, int, str, Client]) -> socket.socket:
    """A socket for one BMC, in the place of pyghmi's `_assignsocket`, which would start a thread that reads it."""
    family, _, _, _, address = addrinfo
    server = socket.socket(family, socket.SOCK_DGRAM)
    server.bind(address)
    return server


def serve(lab: Lab, ready: int) -> None:
    """Serve all BMCs for ever; one byte to the file descriptor `ready` says that every one has its socket."""
    Session._assignsocket = _bind
    password = bmc.password_file(lab).read_text()
    bmcs = [HostBmc(lab, host, password) for host in config.names(lab)]
    sockets = selectors.DefaultSelector()
    for server in bmcs:
        sockets.register(server.serversocket, selectors.EVENT_READ, server)
    with socket.socket(fileno=ready) as report, contextlib.suppress(BrokenPipeError):
        report.send(b"1")
    while True:
        for event, _ in sockets.select(_SESSION_LIFE):
            try:
                event.data.receive()
            except Exception:
                # A packet is hostile input: whatever it does to the parser, the other BMCs go on.
                traceback.print_exc()
        for server in bmcs:
            server.forget_idle()


if __name__ == "__main__":
    serve(parse_subnet(sys.argv[1]), int(sys.argv[2]))
