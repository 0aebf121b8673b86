"""On a lab host: tells, with the time, when something changes that the observer has to tell of.

It looks every 10 ms, by other means than the observer does: addresses in /proc/net/fib_trie, whether the processes of
the pid files are there, the servers' states on HAProxy's socket. Runs over ssh, and prints lines of JSON: at, kind,
name, value.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sys
import time
from pathlib import Path

PIDS = {
    "keepalived": "/run/keepalived.pid",
    "haproxy": "/run/haproxy.pid",
    "mariadb": "/run/mysqld/mysqld.pid",
}
SOCKET = "/run/haproxy/watch.sock"


def processes(known: dict[str, int]) -> dict[tuple[str, str], str]:
    """Whether the process that was there is there."""
    found = {}
    for name, path in PIDS.items():
        with contextlib.suppress(OSError, ValueError):
            known[name] = int(Path(path).read_text())
        if name in known:
            found["process", name] = "there" if os.path.exists(f"/proc/{known[name]}") else "gone"  # noqa: PTH110
    return found


def servers() -> dict[tuple[str, str], str]:
    """Each server of HAProxy, up or down."""
    try:
        with socket.socket(socket.AF_UNIX) as asks:
            asks.settimeout(0.1)
            asks.connect(SOCKET)
            asks.sendall(b"show servers state\n")
            said = b""
            while chunk := asks.recv(65536):
                said += chunk
    except OSError:
        return {}
    rows = re.findall(r"^\d+ (\S+) \d+ (\S+) \S+ (\d) ", said.decode(), re.MULTILINE)
    return {("server", f"{backend}/{name}"): "UP" if state == "2" else "DOWN" for backend, name, state in rows}


def main() -> None:
    """Until nobody reads."""
    vips = sys.argv[1:]
    known: dict[str, int] = {}
    was: dict[tuple[str, str], str] = {}
    turn = 0
    while True:
        held = Path("/proc/net/fib_trie").read_text()
        now = {("vip", vip): "there" if f"-- {vip}\n" in held else "gone" for vip in vips} | processes(known)
        if turn % 2 == 0:
            now |= servers()
        at = time.time()
        for thing, value in now.items():
            if was.get(thing, value) != value:
                print(json.dumps({"at": at, "kind": thing[0], "name": thing[1], "value": value}), flush=True)
        was |= now
        turn += 1
        if turn % 100 == 0:
            print("{}", flush=True)
        time.sleep(0.01)


if __name__ == "__main__":
    main()
