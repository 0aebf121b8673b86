"""The database as a client meets it: a new connection, and one that stays open."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pymysql

from cluster.names import PROBE_ACCOUNT
from engine.probes.felt import TIMEOUT, kind_of
from engine.probes.stream import AGAIN, BEAT, Stream

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor


def connect(host: str, port: int, password: str) -> Connection[Cursor]:
    """A connection of the probe's account; each wait of it ends after TIMEOUT. OSError or pymysql.Error otherwise."""
    return pymysql.connect(
        host=host,
        port=port,
        user=PROBE_ACCOUNT,
        password=password,
        connect_timeout=int(TIMEOUT),
        read_timeout=TIMEOUT,
        write_timeout=TIMEOUT,
        autocommit=True,
        ssl_disabled=True,
    )


def node_of(connection: Connection[Cursor]) -> str:
    """Which node serves `connection`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@wsrep_node_name")
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def query(host: str, password: str, port: int = 3306) -> Callable[[], str]:
    """An attempt that logs in anew and asks the database which node it is."""

    def attempt() -> str:
        connection = connect(host, port, password)
        try:
            return node_of(connection)
        finally:
            connection.close()

    return attempt


class SqlStream(Stream):
    """One connection that asks something small all the time, and is opened again when it was cut."""

    def __init__(self, host: str, port: int, password: str) -> None:
        super().__init__()
        self._to = (host, port, password)

    def _run(self) -> None:
        while not self._stop.is_set():
            is_open = False
            try:
                connection = connect(*self._to)
                try:
                    is_open = True
                    while not self._stop.is_set():
                        node_of(connection)
                        self.heard.beat(time.monotonic())
                        self._stop.wait(BEAT)
                finally:
                    connection.close()
            except Exception as error:
                self.heard.broke(kind_of(error), was_open=is_open)
                self._stop.wait(AGAIN)
