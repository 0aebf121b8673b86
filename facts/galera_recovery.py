"""What a recovery of Galera asks a node that takes no sessions: how far its data go, and what they are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.galera.names import PROCESSES, STATE_FILE, UNIT
from cluster.galera.recovery_record import GaleraPosition, Sums
from cluster.number import whole
from cluster.state import Unknown
from cluster.text import clean
from facts.base import unreadable
from facts.galera_variables import NO_UUID, UUID

COMPARE_UNIT = "hatui-galera-compare"
COMPARE = 300
"""Seconds in which the tables of a node must be summed."""
POSITION = 130
"""Seconds that the position of a node may take to be read: a crashed tablespace is recovered first."""

_LARGEST = 4_000_000

# A server that tries to find a Primary component was started with the position of its tablespace on its command line.
_POSITION = f"""
state() {{ systemctl show --property=ActiveState --value {UNIT}; }}
[ -e {STATE_FILE} ] && echo File.there=yes
sed -n 's/^\\(uuid\\|seqno\\|safe_to_bootstrap\\):[ \\t]*/File.\\1=/p' {STATE_FILE} 2>/dev/null | head -c 1000
pidof {PROCESSES} >/dev/null && systemctl --quiet stop {COMPARE_UNIT} 2>/dev/null
for try in $(seq 20); do
    state=$(state)
    if [ "$state" = activating ]; then
        for pid in $(pidof {PROCESSES}); do
            said=$(tr '\\0' ' ' 2>/dev/null </proc/$pid/cmdline | head -c 4000)
            case "$said" in *wsrep_start_position=*) echo "Position=$said"; exit;; esac
        done
        sleep 0.5
    elif pidof {PROCESSES} >/dev/null; then
        echo Running=yes; exit
    else
        said=$(cd / && timeout -k 1 120 runuser -u mysql -- galera_recovery 2>&1 | tail -c 2000 | tr '\\n' ' ')
        echo "Position=$said"; exit
    fi
done
"""


class TablespacePosition(FactBase[GaleraPosition | Unknown]):
    """How far the data of this node go, by its tablespace (`galera_recovery`, --wsrep-recover) and its state file.

    Of a server that is being started, what it was started with. Takes a second or two, up to 130 s after a crash; a
    crashed tablespace is recovered, as at every start.
    """

    @override
    def command(self) -> str:
        return f"sh -c {shlex.quote(_POSITION)}"

    @override
    def process(self, output: Iterable[str]) -> GaleraPosition | Unknown:
        return parse_position("\n".join(output))


def parse_position(text: str) -> GaleraPosition | Unknown:
    """The record from the output of TablespacePosition's command, or why it can't be told."""
    known: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            known.setdefault(key, value.strip())
    if known.get("Running"):
        return Unknown("its server runs", alive=True)
    said = known.get("Position", "")
    found = re.search(rf"--wsrep_start_position=({UUID}):(-?[0-9]+)", said)
    if not found:
        return Unknown(f"its position could not be read from its tablespace: {clean(said, 200) or 'it did not say'}")
    filed: str | None = None
    if known.get("File.there"):
        filed = known.get("File.uuid", "")
        if not re.fullmatch(UUID, filed):
            return Unknown(f"its state file {STATE_FILE} has no uuid that can be read: {clean(filed, 40)!r}")
    try:
        seqno, filed_seqno = whole(found.group(2), -1), whole(known.get("File.seqno") or "-1", -1)
    except ValueError as error:
        return unreadable(error, clean(text))
    return GaleraPosition(
        uuid="" if found.group(1) == NO_UUID else found.group(1),
        seqno=seqno,
        filed_uuid="" if filed == NO_UUID else filed,
        filed_seqno=filed_seqno,
        safe_to_bootstrap={"0": False, "1": True}.get(known.get("File.safe_to_bootstrap", "")),
        founding="--wsrep-new-cluster" in said,
    )


_SUMS = """
DELIMITER //
BEGIN NOT ATOMIC
  FOR t IN (SELECT table_schema, table_name FROM information_schema.tables
            WHERE engine = 'InnoDB' AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
              AND table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
            ORDER BY table_schema, table_name)
  DO
    SET @sum = CONCAT('CHECKSUM TABLE ', sys.quote_identifier(t.table_schema), '.', sys.quote_identifier(t.table_name));
    EXECUTE IMMEDIATE @sum;
  END FOR;
END //
"""

# A unit of its own ends with its time, whatever becomes of whoever asked. Read only: nothing is written but Aria's log.
_COMPARE = f"""
run=/run/{COMPARE_UNIT}
client="mariadb --no-defaults --protocol=socket --socket=$run/socket --user=root"
end() {{ systemctl --quiet stop {COMPARE_UNIT} 2>/dev/null; }}
end
if pidof {PROCESSES} >/dev/null; then echo Why=its server runs; exit; fi
trap end EXIT
begun=$(date +%s)
systemd-run --quiet --collect --unit={COMPARE_UNIT} -p User=mysql -p RuntimeMaxSec={COMPARE + 30} \\
    -p RuntimeDirectory={COMPARE_UNIT} -p RuntimeDirectoryMode=0700 \\
    /usr/sbin/mariadbd --wsrep-on=OFF --wsrep-provider=none --skip-networking --skip-log-bin --event-scheduler=OFF \\
    --innodb-read-only --read-only --disable-log-error --pid-file=$run/pid --socket=$run/socket
for try in $(seq 150); do
    $client --connect-timeout=2 -e 'SELECT 1' >/dev/null 2>&1 && break
    systemctl --quiet is-active {COMPARE_UNIT} || break
    sleep 0.2
done
timeout -k 1 {COMPARE} $client -NBn --init-command='SET max_statement_time = 0' 2>&1 <<'END' | head -c {_LARGEST}
{_SUMS}
END
echo "Exit=${{PIPESTATUS[0]}}"
echo "Why=$(journalctl -q -u {COMPARE_UNIT} --since=@$begun -o cat | grep -a -F '[ERROR]' | tail -n 2 | tr '\\n' ' ')"
"""


class TableSums(FactBase[Sums | Unknown]):
    """The checksum of each InnoDB table of the users (CHECKSUM TABLE), of a node whose server does not run.

    A server without network and without Galera reads the data, and is ended again. All that takes COMPARE seconds at
    most; what is not done by then is not compared.
    """

    @override
    def command(self) -> str:
        return f"bash -c {shlex.quote(_COMPARE)}"

    @override
    def process(self, output: Iterable[str]) -> Sums | Unknown:
        return parse_sums("\n".join(output))


def parse_sums(text: str) -> Sums | Unknown:
    """Tables and checksums from the output of TableSums' command, or why not all could be summed."""
    body, mark, end = f"\n{text}".rpartition("\nExit=")
    code = clean(end.partition("\n")[0], 20)
    why = clean(f"\n{text}".rpartition("\nWhy=")[2], 200) if "\nWhy=" in f"\n{text}" else "the answer breaks off"
    if not mark:
        return Unknown(f"its tables could not be compared: {why}")
    sums: dict[str, str] = {}
    for line in body.splitlines():
        name, tab, value = line.rpartition("\t")
        if tab:
            sums[clean(name, 130)] = clean(value, 20)
    if code in ("124", "137"):
        return Unknown(f"its tables could not be compared within {COMPARE} s (the first {len(sums)} were read)")
    if code != "0":
        said = next((line for line in reversed(body.splitlines()) if "ERROR" in line), "")
        return Unknown(f"its tables could not be compared: {why or clean(said, 200) or f'mariadb ended with {code}'}")
    if unread := [name for name, value in sums.items() if not value.isdigit()]:
        return Unknown(f"its tables could not be compared: {unread[0]} can't be read")
    return sums
