"""A writer with a journal, for the claim that no acknowledged write is lost.

Each attempt is on disk before it is sent, and its outcome after it: acked, failed, or unknown where the connection
broke before the answer came. Afterwards every node is asked for all rows.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pymysql

from cluster.names import PROBE_ACCOUNT
from engine.probes.sql import connect
from tests.e2e import lab
from tests.e2e.load import Load

NODES = ("mysql1", "mysql2", "mysql3")

Attempt = tuple[int, int]
"""Number of the write, and of the attempt at it, each from 1."""

ACKED, FAILED, UNKNOWN = "acked", "failed", "unknown"

REFUSALS = {1047, 1213}
"""Errors after which a statement was not carried out: the node is not Primary, or certification refused it."""


@dataclass(frozen=True)
class Stored:
    """The table on one node."""

    rows: tuple[Attempt, ...]
    checksum: str
    """Over all columns of all rows."""


class Writer(Load):
    """Writes numbered rows through the VIP while its context is open, one after another, over one connection.

    A write that was not acknowledged is attempted again, over a new connection if the former broke.
    """

    def __init__(self, journal: Path, *, rate: float = 50) -> None:
        super().__init__()
        self.table = f"writes_{uuid.uuid4().hex}"
        self._path = journal
        self._interval = 1 / rate
        self._password = lab.secret_of("probe")

    def _prepare(self) -> None:
        connection = connect(lab.VIP, 3306, self._password)
        with connection, connection.cursor() as cursor:
            # The row's own key, so that an attempt that was carried out twice is there twice.
            cursor.execute(
                f"CREATE TABLE {PROBE_ACCOUNT}.{self.table} (row_key BIGINT AUTO_INCREMENT PRIMARY KEY, "
                "number BIGINT NOT NULL, attempt INT NOT NULL, body CHAR(36) NOT NULL) ENGINE=InnoDB"
            )

    def wrongs(self, nodes: Sequence[str] = NODES) -> list[str]:
        """What is wrong on any of `nodes`, after they have all they are to get; the table goes if nothing is."""
        found = wrongs(outcomes(self._path.read_text().splitlines()), {node: self._stored(node) for node in nodes})
        if not found:
            lab.ssh(nodes[0], "mariadb", stdin=f"DROP TABLE {PROBE_ACCOUNT}.{self.table};\n")
        return found

    def _stored(self, node: str) -> Stored:
        # The node answers when it has applied what the cluster had committed before it was asked.
        said = lab.ssh(
            node,
            "mariadb -NB",
            stdin="SET SESSION wsrep_sync_wait=1;\n"
            f"SELECT number, attempt, row_key, body FROM {PROBE_ACCOUNT}.{self.table} ORDER BY row_key;\n",
        )
        rows = [line.split("\t") for line in said.splitlines()]
        checksum = hashlib.sha256(said.encode()).hexdigest()
        return Stored(tuple((int(number), int(attempt)) for number, attempt, *_ in rows), checksum)

    def _run(self) -> None:
        connection: pymysql.Connection[pymysql.cursors.Cursor] | None = None
        number, attempt = 1, 1
        with self._path.open("a") as journal:
            while not self._stop.is_set():
                try:
                    connection = connection or connect(lab.VIP, 3306, self._password)
                except Exception as error:
                    self.errors.append(str(error))
                    self._stop.wait(0.1)
                    continue
                _note(journal.fileno(), number, attempt, "sent")
                outcome = self._write(connection, number, attempt)
                _note(journal.fileno(), number, attempt, outcome)
                if outcome == ACKED:
                    self.acked.append(number)
                    number, attempt = number + 1, 1
                else:
                    attempt += 1
                    with suppress(Exception):
                        connection.close()
                    connection = None
                self._stop.wait(self._interval)
        if connection:
            connection.close()

    def _write(self, connection: pymysql.Connection[pymysql.cursors.Cursor], number: int, attempt: int) -> str:
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"INSERT INTO {PROBE_ACCOUNT}.{self.table} (number, attempt, body) VALUES (%s, %s, UUID())",
                    (number, attempt),
                )
        except Exception as error:
            self.errors.append(str(error))
            code = error.args[0] if isinstance(error, pymysql.MySQLError) and error.args else None
            return FAILED if code in REFUSALS else UNKNOWN
        return ACKED


def _note(descriptor: int, number: int, attempt: int, what: str) -> None:
    os.write(descriptor, json.dumps([number, attempt, what]).encode() + b"\n")
    os.fsync(descriptor)


def outcomes(journal: Iterable[str]) -> dict[Attempt, str]:
    """The outcome of each attempt; one that was sent and of which nothing more is known is unknown."""
    found: dict[Attempt, str] = {}
    for line in journal:
        number, attempt, what = json.loads(line)
        found[number, attempt] = UNKNOWN if what == "sent" else what
    return found


def wrongs(outcomes: Mapping[Attempt, str], stored: Mapping[str, Stored]) -> list[str]:
    """What the nodes hold against what the writer was told: a sentence for each thing that is wrong.

    An attempt whose outcome is unknown may be there or not, but alike on all nodes.
    """
    found = [] if ACKED in outcomes.values() else ["no write was acknowledged: nothing is shown"]
    acked = {attempt for attempt, outcome in outcomes.items() if outcome == ACKED}
    failed = {attempt for attempt, outcome in outcomes.items() if outcome == FAILED}
    for node, table in stored.items():
        rows = set(table.rows)
        doubled = {attempt for attempt, count in Counter(table.rows).items() if count > 1}
        for what, which in (
            ("acknowledged and not there", acked - rows),
            ("there and never attempted", rows - set(outcomes)),
            ("there although refused", rows & failed),
            ("there twice", doubled),
        ):
            if which:
                found.append(f"{node}: {len(which)} {what}: {sorted(which)[:5]}")
    if len({table.checksum for table in stored.values()}) > 1:
        sums = ", ".join(f"{node} {table.checksum[:12]}" for node, table in stored.items())
        found.append(f"the nodes hold different data: {sums}")
    return found
