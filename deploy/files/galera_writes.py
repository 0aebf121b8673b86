"""Managed by hatui. Whether this Galera node takes writes: for galera_check.py, which asks several times a second.

A server can answer every question and take no write: under FLUSH TABLES WITH READ LOCK or a stage of a backup, with a
full disk or one that hangs, without a free connection, or as the slow one for which flow control stops the others. What
clients commit shows that it takes them. Where clients are connected and nothing is committed, a row of its own is
written.

Damped: a node refuses only after HOLD, and is well again only after a probation that doubles with each refusal. While
the cluster as a whole stands still (another node's flow control, a membership that is being formed) no node refuses for
it: the writer would be sent round, and find the same everywhere.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Protocol

import pymysql

HOLD = 3.0
"""Seconds for which a node must take no write before it refuses sessions."""
CLIENTS = 2.0
"""Seconds for which clients must have been connected: one that only looks is gone by then."""
QUIET = 1.0
"""Seconds without a commit after which a write of its own is tried."""
PROBATION, LONGEST = 10.0, 300.0
"""Seconds for which a node must be well after its first refusal, and at most after further ones."""
FORGOTTEN = 3600.0
"""Seconds after which a refusal no longer counts."""
OWN_SESSIONS = 2
"""Connections of the responder itself."""
LEAST_FREE = 8 * 2**20
"""Bytes free on the data's file system under which it is full: the server's own files grow in steps of this size."""

STATUS = (
    "Threads_connected",
    "wsrep_local_commits",
    "wsrep_flow_control_active",
    "wsrep_flow_control_requested",
    "wsrep_evs_state",
)
VARIABLES = ("max_connections", "datadir")

TABLE = "hatui_check.writes"
_CREATE = f"CREATE TABLE {TABLE} (node VARCHAR(255) PRIMARY KEY, at DATETIME(6) NOT NULL) ENGINE=InnoDB"
_THERE = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA='hatui_check' AND TABLE_NAME='writes'"
_WRITE = f"REPLACE INTO {TABLE} VALUES (@@hostname, NOW(6))"  # noqa: S608 (a constant)
_NOT_ALLOWED = frozenset({1044, 1045, 1049, 1142, 1143})
"""Errors of an account that may not write: no database of that name, access denied. It says nothing of the server."""


class Attempt(Protocol):
    """A write of its own, made by somebody else; `begin` asks for one."""

    began: float | None
    """When the one that has not ended yet began (monotonic); None while there is none."""
    failed: str
    """Why the last one failed; empty if it succeeded."""
    succeeded: float
    """When one last succeeded (monotonic)."""

    def begin(self) -> None: ...


class Own(threading.Thread):
    """Writes one row each time it is asked to, over a connection of its own. A write that hangs holds nobody up."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self._path = path
        self._wanted = threading.Event()
        self._connection: pymysql.connections.Connection | None = None
        self.began: float | None = None
        self.failed = ""
        self.succeeded = time.monotonic()
        self.start()

    def begin(self) -> None:
        if self.began is None:
            self.began = time.monotonic()
            self._wanted.set()

    def run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            try:
                self._write()
                self.failed, self.succeeded = "", time.monotonic()
            except (pymysql.Error, OSError) as error:
                self._close()
                if error.args and error.args[0] in _NOT_ALLOWED:
                    self.failed, self.succeeded = "", time.monotonic()
                else:
                    self.failed = " ".join(str(error).split())[:120]
            self.began = None

    def _write(self) -> None:
        if self._connection is None:
            self._connection = pymysql.connect(
                unix_socket=self._path, user="hatui_check", connect_timeout=2, autocommit=True
            )
            with self._connection.cursor() as cursor:
                if not cursor.execute(_THERE):
                    cursor.execute(_CREATE)
        with self._connection.cursor() as cursor:
            cursor.execute(_WRITE)

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(pymysql.Error, OSError):
                self._connection._force_close()  # type: ignore[attr-defined]
            self._connection = None


def free_bytes(path: str) -> int | None:
    """Bytes that the server may still write below `path`; None where that can't be told (statvfs(3))."""
    try:
        found = os.statvfs(path)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


class Writes:
    """What only time shows. `why_not` is asked with the server's variables, and the time of a steady clock."""

    def __init__(self, own: Attempt, free: Callable[[str], int | None] = free_bytes) -> None:
        self._own = own
        self._free = free
        self._commits = ""
        self._committed: float | None = None
        self._clients: float | None = None
        self._trouble: float | None = None
        self._refusals: list[float] = []
        self._well: float | None = None
        """Since when nothing is wrong after a refusal; None while it refuses or has not refused."""
        self._refused = ""

    def why_not(self, seen: dict[str, str], now: float) -> str | None:
        """Why this node must get no sessions, or None."""
        self._try(seen, now)
        reason = self._wrong(seen, now)
        if reason is None:
            self._trouble = None
            return self._on_probation(now)
        self._well = None
        if self._trouble is None:
            self._trouble = now
        if self._refused or now - self._trouble >= HOLD:
            if not self._refused:
                self._refusals = [one for one in self._refusals if now - one < FORGOTTEN] + [now]
            self._refused = reason
            return reason
        return None

    def _try(self, seen: dict[str, str], now: float) -> None:
        """Write where clients are there and nothing is committed, and where it has to show that it is well again."""
        commits = seen.get("wsrep_local_commits", "")
        if self._committed is None or commits != self._commits:
            self._commits, self._committed = commits, now
        if _number(seen, "Threads_connected") > OWN_SESSIONS:
            self._clients = now if self._clients is None else self._clients
        else:
            self._clients = None
        waiting = self._clients is not None and now - self._clients >= CLIENTS
        # A node under a read lock shows itself as a donor.
        suspect = bool(self._refused) or bool(self._own.failed) or seen.get("wsrep_local_state") == "2"
        if (waiting or suspect) and now - max(self._committed, self._own.succeeded) >= QUIET:
            self._own.begin()

    def _wrong(self, seen: dict[str, str], now: float) -> str | None:
        """What is wrong at this moment, whatever time it has been so."""
        most, connected = _number(seen, "max_connections"), _number(seen, "Threads_connected")
        if most and connected >= most:
            return f"it has no free connection: all {most} are taken"
        free = self._free(seen.get("datadir", "/var/lib/mysql"))
        if free is not None and free < LEAST_FREE:
            return f"its disk is full: less than {LEAST_FREE // 2**20} MiB are free below {seen.get('datadir')}"
        if seen.get("wsrep_flow_control_requested") in ("true", "ON", "1"):
            return "it is the slow one: it has asked the other nodes to wait (flow control)"
        if _cluster_stands_still(seen):
            return None
        if self._own.failed:
            return f"it takes no writes: {self._own.failed}"
        if self._own.began is not None and now - self._own.began > QUIET / 2:
            return "it takes no writes: a write of its own does not end"
        return None

    def _on_probation(self, now: float) -> str | None:
        if not self._refused:
            return None
        if self._well is None:
            self._well = now
        needed = min(PROBATION * 2 ** (len(self._refusals) - 1), LONGEST)
        if now - self._well >= needed:
            self._refused, self._well = "", None
            return None
        return f"until it has been well for {needed:.0f} s: {self._refused}"


def _cluster_stands_still(seen: dict[str, str]) -> bool:
    """No node commits now, and none is at fault for it alone."""
    paused = seen.get("wsrep_flow_control_active") in ("true", "ON", "1")
    return paused or seen.get("wsrep_evs_state", "OPERATIONAL") != "OPERATIONAL"


def _number(seen: dict[str, str], name: str) -> int:
    value = seen.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else 0
