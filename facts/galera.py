"""Galera on this host: what its server says, or what its files say when it is down."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import real, whole
from cluster.state import GaleraNode, Unknown
from cluster.text import clean
from facts.base import parse_services, services_command, unreadable
from facts.signs import Signs

UNIT = "mariadb.service"
CONFIG = "/etc/mysql/mariadb.conf.d/60-hatui.cnf"
CHECK_UNIT = "hatui-galera-check.service"
"""The health responder, which tells the balancers whether this node may take sessions."""
CHECK_PROGRAM = "/usr/local/lib/hatui/galera_check.py"
CHECK_WRITES = "/usr/local/lib/hatui/galera_writes.py"
"""Beside it: what it asks whether this node takes writes."""
CHECK_FILES = (CHECK_PROGRAM, f"/etc/systemd/system/{CHECK_UNIT}", CHECK_WRITES)
CHECK_SAYS = "/run/hatui-galera-check/why_not"
"""Where the responder leaves why this node must get no sessions; an empty line while there is no reason."""
GARB_UNIT = "garb.service"
"""The arbitrator."""
GARB_CONFIG = "/etc/default/garb"
DATA = "/var/lib/mysql"
SIGNS = Signs(
    units=(UNIT, CHECK_UNIT),
    # gvwstate.dat is written anew with each view of the cluster (Galera, pc.recovery).
    files=(CONFIG, *CHECK_FILES, CHECK_SAYS, f"{DATA}/grastate.dat", f"{DATA}/gvwstate.dat"),
)
NO_UUID = "00000000-0000-0000-0000-000000000000"

CLIENT = "mariadb --no-defaults --protocol=socket --socket=/run/mysqld/mysqld.sock --user=root"
"""As root over the socket: unix_socket authentication, no password, and no settings of the host's in the way."""

_STATUS = (
    "wsrep_ready", "wsrep_connected", "wsrep_cluster_status", "wsrep_local_state_comment", "wsrep_cluster_size",
    "wsrep_cluster_conf_id", "wsrep_local_state_uuid", "wsrep_last_committed", "wsrep_local_recv_queue",
    "wsrep_flow_control_paused", "wsrep_local_cached_downto",
)  # fmt: skip
_VARIABLES = ("wsrep_on", "wsrep_desync", "read_only")

_UNREACHABLE = re.compile(r"ERROR (2002|2003|2006|2013)\b")
"""Client errors (MariaDB error codes): can't connect, server has gone away, lost connection."""
_NONE = str(2**64 - 1)
"""How the server writes Galera's -1: nothing committed yet (wsrep_last_committed), in no group (wsrep_cluster_conf_id),
nothing cached (wsrep_local_cached_downto)."""


def wsrep_command() -> str:
    """A shell command whose output `parse_wsrep_status` reads. Takes at most 2 s, and 30 ms on a healthy node."""
    names = ("','".join(_STATUS), "','".join(_VARIABLES))
    query = (
        f"SHOW GLOBAL STATUS WHERE Variable_name IN ('{names[0]}');"
        f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ('{names[1]}')"
    )
    return "; ".join(
        [
            f'timeout -k 1 2 {CLIENT} --connect-timeout=2 -NBe "{query}" 2>&1',
            'echo "Exit=$?"',
            'echo "Processes=$(pidof mariadbd | wc -w)"',
            f"sed -n 's/^\\(uuid\\|seqno\\|safe_to_bootstrap\\):/File.\\1=/p' {DATA}/grastate.dat 2>/dev/null",
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
    uuid = known.get("File.uuid", "")
    filed = GaleraNode(
        running=False,
        uuid="" if uuid == NO_UUID else clean(uuid, 36),
        seqno=whole(known.get("File.seqno", "-1"), -1),
        safe_to_bootstrap={"0": False, "1": True}.get(known.get("File.safe_to_bootstrap", "")),
    )
    code = whole(rest.split(None, 1)[0])
    services = parse_services(rest)
    service, check = services.get(UNIT), services.get(CHECK_UNIT)
    filed = replace(filed, service=service, check=check, refuses=clean(known.get("Refuses", ""), 160))
    if code == 0:
        return _answering(said, filed)
    timed_out = code in (124, 137)
    # Between two tries nothing runs (systemd's auto-restart).
    starting = service is not None and service.active == "activating" and service.sub != "auto-restart"
    running = timed_out or starting or whole(known.get("Processes", "0")) > 0
    if running and not timed_out and not starting and not _UNREACHABLE.search(said):
        return Unknown(f"its server does not let root ask over the socket: {clean(said, 120)}")
    return replace(filed, running=running, answers=not running, state="Joining" if starting else "")


def _answering(said: str, filed: GaleraNode) -> GaleraNode:
    seen = dict(line.split("\t", 1) for line in said.splitlines() if "\t" in line)
    if seen["wsrep_on"] != "ON":
        # Without a provider most of the status variables do not exist.
        return replace(filed, running=True, standalone=True)
    uuid = seen["wsrep_local_state_uuid"]
    cached = _or_none(seen.get("wsrep_local_cached_downto", "0"))
    return GaleraNode(
        running=True,
        uuid="" if uuid == NO_UUID else clean(uuid, 36),
        seqno=_or_none(seen["wsrep_last_committed"]),
        ready=seen["wsrep_ready"] == "ON",
        connected=seen["wsrep_connected"] == "ON",
        cluster_status=clean(seen["wsrep_cluster_status"], 20),
        state=clean(seen["wsrep_local_state_comment"], 20),
        size=whole(seen["wsrep_cluster_size"]),
        conf_id=_or_none(seen["wsrep_cluster_conf_id"]),
        recv_queue=whole(seen["wsrep_local_recv_queue"]),
        flow_control_paused=real(seen["wsrep_flow_control_paused"]),
        desynced=seen["wsrep_desync"] == "ON",
        read_only=seen["read_only"] not in ("OFF", "0"),
        cached_downto=cached if cached > 0 else None,
        service=filed.service,
        check=filed.check,
        refuses=filed.refuses,
    )


def _or_none(said: str) -> int:
    """A number of Galera's, -1 where there is none."""
    return -1 if said == _NONE else whole(said, -1)


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
