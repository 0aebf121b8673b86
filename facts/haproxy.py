"""HAProxy on this host: what its worker says over the socket that can only look."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from itertools import islice

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import whole
from cluster.state import ProxyNode, ProxyServer, ServiceState, Unknown
from cluster.text import clean
from cluster.wiring import GALERA_BACKEND, HAPROXY_WATCH_SOCKET
from facts.base import parse_services, services_command, unreadable
from facts.signs import Question, Signs

UNIT = "haproxy.service"
CONFIG = "/etc/haproxy/haproxy.cfg"
PATIENCE = 1.5
"""Seconds that a worker has for its answer; one that is stopped takes connections and never answers."""
_MAX_SERVERS = 1000
SIGNS = Signs(
    units=(UNIT,),
    files=(CONFIG,),
    question=Question(
        HAPROXY_WATCH_SOCKET,
        f"show servers state;show table {GALERA_BACKEND}",
        # Backend, server, operational and administrative state, weight (management.txt, 9.3); the writer's number.
        r"^\d+ (\S+) \d+ (\S+) \S+ (\d+) (\d+) (\d+) |^0x[0-9a-f]+: .* server_id=(\d+)",
    ),
)


def haproxy_command() -> str:
    """A shell command whose output `parse_haproxy_stat` reads. Takes 2 s at most, and 30 ms on a healthy host."""
    questions = f"show info;show stat -1 4 -1;show table {GALERA_BACKEND}"
    return "; ".join(
        [
            f"echo '{questions}' | timeout -k 0.3 {PATIENCE} socat -t {PATIENCE} - "
            f"UNIX-CONNECT:{HAPROXY_WATCH_SOCKET} 2>&1 | head -c 400000",
            "echo",
            "echo Services=",
            services_command({UNIT: (CONFIG,)}),
        ]
    )


def parse_haproxy_stat(text: str) -> ProxyNode | Unknown:
    """The balancer's record from the output of `haproxy_command`, or why it can't be told.

    A HAProxy that does not run, or does not answer, has no servers; `service` says which of the two it is.
    """
    try:
        return _parse(text)
    except (ValueError, LookupError, csv.Error) as error:
        return unreadable(error, clean(text))


def _parse(text: str) -> ProxyNode | Unknown:
    said, mark, rest = text.partition("\nServices=\n")
    if not mark:
        raise ValueError("the answer breaks off")
    service = parse_services(rest)[UNIT]
    if not said.startswith("Name: ") and "\nName: " not in said:
        return _silent(said, service)
    info = dict(line.split(": ", 1) for line in said.splitlines() if re.match(r"[A-Za-z_]+: ", line))
    rows = _rows(said)
    return ProxyNode(
        version=clean(info["Version"], 40),
        uptime=whole(info["Uptime_sec"]),
        servers=tuple(_server(row) for row in rows),
        stuck=_stuck(said, rows),
        service=service,
        pid=whole(info["Pid"]),
    )


def _silent(said: str, service: ServiceState) -> ProxyNode | Unknown:
    if said.strip() and "socat" not in said:
        return Unknown(f"what its HAProxy says can't be read: {clean(said, 120)}")
    if re.search("failed to run command .socat", said) and service.active == "active":
        return Unknown("socat is missing, which asks HAProxy: deploy the layer (deploy/haproxy.py)")
    return ProxyNode(version="", uptime=0, servers=(), stuck={}, service=service)


def _rows(said: str) -> list[dict[str, str]]:
    """The lines of `show stat` (management.txt, 9.1), by the header's names: releases add columns."""
    begin = said.index("# pxname,")
    table, _, _ = said[begin + 2 :].partition("\n\n")
    # A line that was cut has texts, too, where it has no more fields.
    return list(islice(csv.DictReader(table.splitlines(), restval=""), _MAX_SERVERS))


def _server(row: Mapping[str, str]) -> ProxyServer:
    code = row["check_code"]
    return ProxyServer(
        backend=clean(row["pxname"], 60),
        name=clean(row["svname"], 60),
        address=clean(row["addr"], 60),
        status=clean(row["status"], 30),
        check=clean(row["check_status"].removeprefix("* ") + (f"/{code}" if code else ""), 30),
        sessions=whole(row["scur"] or 0),
        backup=row["bck"] == "1",
        last_change=whole(row["lastchg"] or 0),
        downtime=whole(row["downtime"] or 0),
        rate=whole(row["rate"] or 0),
        queue=whole(row["qcur"] or 0),
    )


def _stuck(said: str, rows: list[dict[str, str]]) -> dict[str, str]:
    """The server that the table names, in HAProxy's own order: by its key (the name), else by its number.

    A balancer that learnt of it from its peer may have the number alone.
    """
    found = re.search(r"^0x[0-9a-f]+: key=.* server_id=(\d+) server_key=(\S+)", said, re.MULTILINE)
    if not found:
        return {}
    number, key = found.groups()
    numbered = {row["sid"]: row["svname"] for row in rows if row["pxname"] == GALERA_BACKEND}
    name = numbered.get(number, "") if key == "-" else key
    return {GALERA_BACKEND: clean(name, 60)} if name else {}


class HaproxyStat(FactBase[ProxyNode | Unknown]):
    """This balancer's record: version, servers with their states, the database's writer, the unit."""

    @override
    def command(self) -> str:
        return haproxy_command()

    @override
    def process(self, output: Iterable[str]) -> ProxyNode | Unknown:
        return parse_haproxy_stat("\n".join(output))
