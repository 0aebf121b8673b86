"""HAProxy on this host: what its worker says over the socket that can only look."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.galera.names import GALERA_BACKEND
from cluster.haproxy.names import CONFIG, HAPROXY_WATCH_SOCKET, PEERS, PROGRAM, UNIT
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode, ProxyServer
from cluster.number import whole_or
from cluster.state import ServiceState, Unknown, runs
from cluster.text import clean
from facts.base import STOPPED, parse_processes, parse_services, processes_command, services_command, unreadable
from facts.hints import Hints, Question

PATIENCE = 1.5
"""Seconds that a worker has for its answer; one that is stopped takes connections and never answers."""
_MAX_ROWS = 1000
HINTS = Hints(
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
    """A shell command whose output `parse_haproxy_stat` reads. Takes 2.5 s at most, and 30 ms on a healthy host."""
    # Frontends (1) and servers (4). The peers come last: HAProxy says no more after a section it does not have.
    questions = f"show info;show stat -1 5 -1;show table {GALERA_BACKEND};show peers {PEERS}"
    return "; ".join(
        [
            f"echo '{questions}' | timeout -k 0.3 {PATIENCE + 0.5} socat -t {PATIENCE} - "
            f"UNIX-CONNECT:{HAPROXY_WATCH_SOCKET} 2>&1 | head -c 400000",
            "echo",
            "echo Services=",
            services_command({UNIT: (CONFIG,)}),
            processes_command(UNIT, PROGRAM),
        ]
    )


def parse_haproxy_stat(text: str) -> ProxyNode | Unknown:
    """The balancer's record from the output of `haproxy_command`, or why it can't be told.

    A HAProxy that does not run, or does not answer, has no servers; `service` says which of the two it is. One that
    could not be asked is Unknown: that is no proof that it does not run.
    """
    try:
        return _parse(text)
    except (ValueError, LookupError, csv.Error) as error:
        return unreadable(error, clean(text))


def _parse(text: str) -> ProxyNode | Unknown:
    said, mark, rest = text.partition("\nServices=\n")
    if not mark:
        raise ValueError("the answer breaks off")
    rest, states = parse_processes(rest, PROGRAM)
    service = parse_services(rest)[UNIT]
    if states and STOPPED & set(states):
        service = replace(service, frozen=True)
    if not said.startswith("Name: ") and "\nName: " not in said:
        return _silent(said.strip(), service, None if states is None else bool(states))
    about, begin, said = said.partition("# pxname,")
    if not begin:
        return Unknown("its HAProxy tells no statistics (`show stat`): its socket may be of a level below operator")
    info = dict(line.split(": ", 1) for line in about.splitlines() if re.match(r"[A-Za-z_]+: ", line))
    rows = _rows(f"pxname,{said}")
    if reason := _garbled(rows):
        return Unknown(f"its statistics are garbled: {reason}")
    return ProxyNode(
        version=clean(info.get("Version", ""), 40),
        uptime=whole_or(0, info.get("Uptime_sec")),
        servers=tuple(_server(row) for row in rows if _kind(row) == "server"),
        stuck=_stuck(said, rows),
        service=service,
        pid=whole_or(0, info.get("Pid")),
        frontends={clean(row["pxname"], 60): clean(row["status"], 30) for row in rows if _kind(row) == "frontend"},
        peers=_peers(said),
    )


def _silent(said: str, service: ServiceState, process: bool | None) -> ProxyNode | Unknown:
    """The record where HAProxy told nothing: `process` says whether one runs, None if that was not asked."""
    silent = ProxyNode(version="", uptime=0, servers=(), stuck={}, service=service)
    reason, nobody = _not_asked(said)
    if service.active not in ("inactive", "failed"):
        return Unknown(reason) if reason and runs(service) else silent
    if process is not None:
        why = reason or f"{HAPROXY_WATCH_SOCKET} says nothing"
        return Unknown(f"runs a HAProxy that is not its unit {UNIT} (in a container?): {why}") if process else silent
    # What has no unit may run without one, and what takes connections does run.
    if not service.known:
        return Unknown(f"{reason or 'its HAProxy is silent'} (nor is there a unit {UNIT})")
    return silent if nobody else Unknown(reason or f"{UNIT} is {service.active}, and yet its socket takes connections")


_NO_TOOL = re.compile(r"failed to run command \W?(\w+)\W?: (.+)|\b(socat|timeout): ((?:command )?not found)")


def _not_asked(said: str) -> tuple[str, bool]:
    """Why HAProxy could not be asked, from what came in place of its answer; empty if it was asked and is silent.

    And whether nobody listens on its socket.
    """
    if found := _NO_TOOL.search(said):
        tool, why = found[1] or found[3], found[2] or found[4]
        if "ermission" in why:
            return f"{tool}, which asks HAProxy, can't be run: {clean(why, 60)}", False
        return f"{tool} is missing, which asks HAProxy: deploy the layer (deploy/haproxy.py)", False
    if "socat" not in said:
        return (f"what its HAProxy says can't be read: {clean(said, 120)}" if said else ""), False
    if "No such file" in said:
        return f"there is no socket {HAPROXY_WATCH_SOCKET}, where HAProxy is asked: its settings have another", True
    if "refused" in said:
        return f"nobody listens on {HAPROXY_WATCH_SOCKET}, where HAProxy is asked", True
    if "temporarily unavailable" in said or "exiting on signal" in said:
        # Its queue of connections is full: it takes none. Or nothing came until socat was ended, which socat 1.8 tells.
        return "", False
    return f"{HAPROXY_WATCH_SOCKET} can't be asked: {clean(said.rpartition('socat')[2], 120)}", False


def _rows(table: str) -> list[dict[str, str]]:
    """The lines of `show stat` (management.txt, 9.1), by the header's names: releases add columns."""
    table, _, _ = table.partition("\n\n")
    # A line that was cut has texts, too, where it has no more fields.
    return list(islice(csv.DictReader(table.splitlines(), restval=""), _MAX_ROWS))


def _garbled(rows: list[dict[str, str]]) -> str:
    """Why it can't be told from the rows who serves whom; empty if it can."""
    for row in rows:
        for column, what in (("pxname", "backend"), ("svname", "name"), ("status", "status")):
            if not row.get(column):
                return f"a row has no {what} ({column})"
    return ""


_KINDS = {"0": "frontend", "1": "backend", "2": "server", "3": "socket"}


def _kind(row: Mapping[str, str]) -> str:
    """What a row is of, by its type; where that is not told, by the names that HAProxy gives."""
    named = {"FRONTEND": "frontend", "BACKEND": "backend"}.get(row["svname"], "server")
    return _KINDS.get(row.get("type", ""), named)


def _server(row: Mapping[str, str]) -> ProxyServer:
    code = row.get("check_code")
    # HAProxy writes no address for a server that has none, such as an empty slot of a template.
    address = row["addr"] or "none" if "addr" in row else ""
    return ProxyServer(
        backend=clean(row["pxname"], 60),
        name=clean(row["svname"], 60),
        address=clean(address, 60),
        status=clean(row["status"], 90),
        check=clean(row.get("check_status", "").removeprefix("* ") + (f"/{code}" if code else ""), 30),
        sessions=whole_or(0, row.get("scur")),
        backup=row.get("bck") == "1",
        last_change=whole_or(0, row.get("lastchg")),
        downtime=whole_or(0, row.get("downtime")),
        rate=whole_or(0, row.get("rate")),
        queue=whole_or(0, row.get("qcur")),
        weight=whole_or(1, row.get("weight")),
    )


def _stuck(said: str, rows: list[dict[str, str]]) -> dict[str, str]:
    """The server that the table names, in HAProxy's own order: by its key (the name), else by its number.

    A balancer that learnt of it from its peer may have the number alone.
    """
    found = re.search(r"^0x[0-9a-f]+: key=.* server_id=(\d+) server_key=(\S+)", said, re.MULTILINE)
    if not found:
        return {}
    number, key = found.groups()
    numbered = {row.get("sid"): row["svname"] for row in rows if row["pxname"] == GALERA_BACKEND}
    name = numbered.get(number, "") if key == "-" else key
    return {GALERA_BACKEND: clean(name, 60)} if name else {}


_PEER = re.compile(r"^ +0x[0-9a-f]+: id=(\S+)\((\w+),\w+\) .*\blast_status=(\S+)", re.MULTILINE)


def _peers(said: str) -> dict[str, str]:
    """The state of the link to each other balancer that shares the writer's table (management.txt, `show peers`)."""
    found = list(_PEER.finditer(said))
    ends = [*(one.start() for one in found[1:]), len(said)]
    return {
        clean(one[1], 60): clean(one[3], 30)
        for one, end in zip(found, ends, strict=False)
        if one[2] == "remote" and re.search(rf" table:0x[0-9a-f]+ id={GALERA_BACKEND} ", said[one.end() : end])
    }


class HaproxyStat(FactBase[ProxyNode | Unknown]):
    """This balancer's record: version, servers with their states, the database's writer, the unit."""

    @override
    def command(self) -> str:
        return haproxy_command()

    @override
    def process(self, output: Iterable[str]) -> ProxyNode | Unknown:
        return parse_haproxy_stat("\n".join(output))


FACTS = {HAPROXY_STAT.name: (HaproxyStat(), HINTS)}
"""The layer's facts (cluster/layers), by their names, and what tells of a change in each."""
