"""Keystone on this host: its unit, whether it answers, whether it gives a token; and what a deploy must know of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.layers.keystone import KEYSTONE_API
from cluster.number import real, whole, whole_or
from cluster.openstack.keystone import (
    CONFIG,
    HEALTH_CALL,
    KEYS,
    STAMPED,
    SYNCED,
    TOKEN_CALL,
    UNIT,
    WORKERS,
)
from cluster.openstack.record import PATIENCE, ApiNode
from cluster.state import Unknown
from cluster.text import clean
from facts.base import hashes, parse_services, services_command, unreadable
from facts.galera import CLIENT
from facts.hints import Hints

_ASKED = f"curl -s -m {PATIENCE} -o /dev/null -w '%{{http_code}} %{{time_total}}' -K"
"""curl(1) tells of a call that got no answer by the status 000."""
_MISSING = 127
"""The shell's exit code for a program that is not there."""
_UNREADABLE = 26
"""curl's for a file that it could not read (libcurl-errors(3))."""
_LOCAL_USER = "SELECT 'user', name FROM keystone.local_user"


class KeystoneApi(FactBase[ApiNode | Unknown]):
    """Its unit, what its health path answers, and what the question for a token does: one a look, of its own host's."""

    @override
    def command(self) -> str:
        # Side by side: a host has 4 s for all that it is asked.
        asked = " & ".join(
            f'{{ said=$({_ASKED} {path} 2>/dev/null); echo "{name}=$? $said"; }}'
            for name, path in (("Health", HEALTH_CALL), ("Token", TOKEN_CALL))
        )
        return f"{services_command({UNIT: STAMPED})}; echo; {asked} & wait"

    @override
    def process(self, output: Iterable[str]) -> ApiNode | Unknown:
        lines = list(output)
        said = dict(line.split("=", 1) for line in lines if line.startswith(("Health=", "Token=")))
        unit = parse_services("\n".join(lines)).get(UNIT)
        if unit is None or said.keys() != {"Health", "Token"}:
            return Unknown(f"its answer could not be read: {clean(' '.join(lines), 120)}")
        try:
            (asked, health, _), (_, call, took) = (_parts(said[name]) for name in ("Health", "Token"))
        except ValueError as error:
            return unreadable(error, clean(" ".join(said.values())))
        if asked == _MISSING:
            return Unknown("there is no curl on it to ask keystone with", alive=unit.active == "active")
        if asked == _UNREADABLE:
            return Unknown(f"{HEALTH_CALL}, by which keystone is asked, is not there or can't be read: deploy keystone")
        return ApiNode(unit, health, call, took)


def _parts(said: str) -> tuple[int, int, float]:
    """Exit code, HTTP status, seconds; curl says nothing where it did not come so far as to ask."""
    code, *rest = said.split()
    status, took = rest or ("0", "0")
    return whole(code), whole(status), real(took, 0, 3600)


class KeyFiles(FactBase[dict[str, str]]):
    """Each file of the keys, by its path, to the sha256 of its content in hexadecimal."""

    @override
    def command(self) -> str:
        return f"find {' '.join(KEYS)} -type f -exec sha256sum -- {{}} + 2>/dev/null; true"

    @override
    def process(self, output: Iterable[str]) -> dict[str, str]:
        return hashes(output)


class KeysAge(FactBase[int | None]):
    """Seconds since keystone's token keys were rotated last, or made; None where there are none.

    A rotation makes a new file, the key that is to be the next; the others keep their time (keystone-manage(1)).
    """

    @override
    def command(self) -> str:
        made = f"made=$(stat -c %Y {KEYS[0]}/* 2>/dev/null | sort -n | tail -n 1)"
        return f"{made}; echo ${{made:+$(($(date +%s) - made))}}"

    @override
    def process(self, output: Iterable[str]) -> int | None:
        return whole_or(None, "".join(output), -(10**9))


@dataclass(frozen=True, slots=True)
class Synced:
    """For which version of the package this host made the tables, and which it has; empty for none."""

    noted: str
    installed: str


class TablesSynced(FactBase[Synced]):
    """What this host noted of keystone's tables."""

    @override
    def command(self) -> str:
        return (
            f"echo Noted=$(cat {SYNCED} 2>/dev/null); "
            "echo Installed=$(dpkg-query -W -f '${Version}' keystone 2>/dev/null)"
        )

    @override
    def process(self, output: Iterable[str]) -> Synced:
        said = dict(line.split("=", 1) for line in output if "=" in line)
        return Synced(said.get("Noted", ""), said.get("Installed", ""))


@dataclass(frozen=True, slots=True)
class Tables:
    """How many tables keystone has in the database, and its users of the domain that is kept there."""

    count: int
    users: frozenset[str]


class KeystoneTables(FactBase[Tables | Unknown]):
    """As the local database server has them."""

    @override
    def command(self) -> str:
        count = "SELECT 'count', COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'keystone'"
        client = f"timeout -k 1 10 {CLIENT} -NB"
        # Before the tables are made there is none to be asked, which is no failure.
        return f'{client} -e "{count}" && {{ {client} -e "{_LOCAL_USER}" 2>/dev/null; echo end; }}'

    @override
    def process(self, output: Iterable[str]) -> Tables | Unknown:
        rows = [line.split("\t") for line in output]
        if len(rows) < 2 or rows[0][0] != "count" or rows[-1] != ["end"]:
            return Unknown(f"its tables could not be read: {clean(str(rows), 120)}")
        users = frozenset(row[1] for row in rows[1:-1] if row[0] == "user" and len(row) == 2)
        return Tables(whole(rows[0][1]), users)


FACTS = {
    KEYSTONE_API.name: (KeystoneApi(), Hints(units=(UNIT,), files=(CONFIG, WORKERS, TOKEN_CALL))),
}
"""The layer's facts (cluster/layers), by their names, and what tells of a change in each."""
