"""Galera on this host: what its server says, or what its files say when it is down."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeGuard

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.galera.names import CHECK_FILES, CHECK_SAYS, CHECK_UNIT, CONFIG, DATA, PROCESSES, SOCKET, STATE_FILE, UNIT
from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.number import whole, whole_or
from cluster.state import ServiceState, Unknown
from cluster.text import clean
from facts.base import parse_services, services_command, unreadable
from facts.galera_variables import NO_UUID, STATUS, UUID, VARIABLES, answering
from facts.hints import Hints

HINTS = Hints(
    units=(UNIT, CHECK_UNIT),
    # gvwstate.dat is written anew with each view of the cluster (Galera, pc.recovery).
    files=(CONFIG, *CHECK_FILES, CHECK_SAYS, f"{DATA}/grastate.dat", f"{DATA}/gvwstate.dat"),
)

CLIENT = f"mariadb --no-defaults --protocol=socket --socket={SOCKET} --user=root"
"""As root over the socket: unix_socket authentication, no password, and no settings of the host's in the way."""

_ERROR = re.compile(r"ERROR (\d{4})\b[^\n]*")
_REFUSALS = {"1040": "no free connection", "1047": "it refuses queries", "1053": "it is shutting down"}
"""The server's own errors (MariaDB error codes) that every client gets, not only whoever asks here."""
_SILENT = ("2002", "2003", "2006", "2013")
"""Client errors: can't connect, server has gone away, lost connection."""
_NO_SOCKET, _NOT_ALLOWED = "(2)", "(13)"
"""ENOENT and EACCES, as error 2002 ends."""


def wsrep_command() -> str:
    """A shell command whose output `parse_wsrep_status` reads. Takes at most 2 s, and 30 ms on a healthy node."""
    names = ("','".join(STATUS), "','".join(VARIABLES))
    query = (
        f"SHOW GLOBAL STATUS WHERE Variable_name IN ('{names[0]}');"
        f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ('{names[1]}')"
    )
    return "; ".join(
        [
            f'timeout -k 1 2 {CLIENT} --connect-timeout=2 -NBe "{query}" 2>&1',
            'echo "Exit=$?"',
            f'echo "Processes=$(pidof {PROCESSES} | wc -w)"',
            f"[ -e {STATE_FILE} ] && echo File.there=yes",
            f"sed -n 's/^\\(uuid\\|seqno\\|safe_to_bootstrap\\):/File.\\1=/p' {STATE_FILE} 2>/dev/null",
            # Read by the shell itself: each program that starts costs a host more than all of these lines.
            f'refuses=; {{ IFS= read -r refuses <{CHECK_SAYS}; }} 2>/dev/null; printf "Refuses=%s\\n" "$refuses"',
            services_command({UNIT: (CONFIG,), CHECK_UNIT: CHECK_FILES}),
        ]
    )


def parse_wsrep_status(text: str) -> GaleraNode | Unknown:
    """The node's record from the output of `wsrep_command`, or why it can't be told."""
    try:
        return _parse(text)
    except (ValueError, LookupError) as error:
        return unreadable(error, clean(text))


def _parse(text: str) -> GaleraNode | Unknown:
    said, mark, rest = text.partition("Exit=")
    if not mark:
        raise ValueError("the answer breaks off")
    known: dict[str, str] = {}
    for line in rest.splitlines():
        key, equals, value = line.partition("=")
        if equals and (key in ("Processes", "Refuses") or key.startswith("File.")):
            known[key] = value.strip()
    code = whole(rest.split(None, 1)[0])
    services = parse_services(rest)
    uuid = known.get("File.uuid", "")
    filed = GaleraNode(
        running=False,
        uuid=uuid if uuid != NO_UUID and re.fullmatch(UUID, uuid) else "",
        # One that was cut off in the writing is one that a crash left behind.
        seqno=whole(known.get("File.seqno") or "-1", -1),
        safe_to_bootstrap={"0": False, "1": True}.get(known.get("File.safe_to_bootstrap", "")),
        service=services.get(UNIT),
        check=services.get(CHECK_UNIT),
        refuses=clean(known.get("Refuses", ""), 160),
    )
    if code == 0:
        return answering(said, filed)
    found = _silent(said, code, filed, whole_or(None, known.get("Processes")))
    if found is None and any(key.startswith("File.") for key in known) and not re.fullmatch(UUID, uuid):
        # It is down, and has data of a cluster or not: nobody may take it for empty.
        return Unknown(f"its server is down, and its state file {STATE_FILE} has no uuid that can be read")
    return found or filed


def _silent(said: str, code: int, filed: GaleraNode, processes: int | None) -> GaleraNode | Unknown | None:
    """What is known of a server that gave no answer to the query; None where it is proved to be down."""
    service = filed.service
    silent = replace(filed, running=True, answers=False)
    # Between two tries nothing runs (systemd's auto-restart).
    if service is not None and service.active == "activating" and service.sub != "auto-restart":
        return replace(silent, state="Joining")
    error = _ERROR.search(said)
    number = error.group(1) if error else ""
    shown = clean(error.group() if error else said, 120) or f"the client ended with {code}"
    if number in _REFUSALS:
        return replace(silent, turns_away=f"{_REFUSALS[number]} ({shown})")
    if number and number not in _SILENT:
        return Unknown(f"its server does not let root ask over the socket: {shown}", alive=True)
    timed_out = code in (124, 137)
    if processes == 0 and _ended(service) and not timed_out:
        return None
    if _up(service) and (timed_out or service.active == "deactivating"):
        return silent
    if processes and (timed_out or (number and not shown.endswith((_NO_SOCKET, _NOT_ALLOWED)))):
        return silent
    alive = bool(processes) or _up(service) or timed_out
    if code in (126, 127):
        return Unknown(_no_client(said, code), alive=alive)
    if shown.endswith(_NOT_ALLOWED):
        return Unknown(f"its socket {SOCKET} may not be opened: {shown}", alive=alive)
    if not alive:
        return Unknown(f"whether its server runs was not told: {shown}")
    who = f"its unit is {service.active}" if _up(service) else "a server's process is there"
    return Unknown(f"{who}, and it can't be asked over {SOCKET}: {shown}", alive=True)


def _up(service: ServiceState | None) -> TypeGuard[ServiceState]:
    return service is not None and service.active in ("active", "reloading", "deactivating", "refreshing")


def _ended(service: ServiceState | None) -> bool:
    """Whether systemd says that nothing of it runs."""
    if service is None:
        return False
    return service.active in ("inactive", "failed") or (service.active, service.sub) == ("activating", "auto-restart")


def _no_client(said: str, code: int) -> str:
    if code == 127 and ("mariadb" in said or not said.strip()):
        return "there is no client `mariadb` on it to ask its server with"
    return f"the client `mariadb` could not be run on it: {clean(said, 120)}"


class WsrepStatus(FactBase[GaleraNode | Unknown]):
    """This node's Galera record: from its server, or from its state file when it is down."""

    @override
    def command(self) -> str:
        return wsrep_command()

    @override
    def process(self, output: Iterable[str]) -> GaleraNode | Unknown:
        return parse_wsrep_status("\n".join(output))


class UserDatabases(FactBase[tuple[str, ...]]):
    """The databases in this host's data directory besides the server's own; read from the disk, whatever runs."""

    @override
    def command(self) -> str:
        return f"find {DATA} -mindepth 2 -maxdepth 2 -name db.opt -printf '%h\\n' 2>/dev/null; true"

    @override
    def process(self, output: Iterable[str]) -> tuple[str, ...]:
        names = (clean(line.rsplit("/", 1)[-1], 64) for line in output)
        return tuple(sorted(name for name in names if name not in ("mysql", "performance_schema", "sys")))


FACTS = {WSREP_STATUS.name: (WsrepStatus(), HINTS)}
"""The layer's facts (cluster/layers), by their names, and what tells of a change in each."""
