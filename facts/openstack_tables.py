"""What a deploy must know of the tables of OpenStack's services: whether they are there, and for which version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.openstack.table import BY_NAME
from cluster.state import Unknown
from cluster.text import clean
from facts.galera import CLIENT

_ASKED = f"timeout -k 1 10 {CLIENT} -NB -e"
_FILLED = "SELECT DISTINCT TABLE_SCHEMA FROM information_schema.TABLES"
_USERS = "SELECT 'user', name FROM keystone.local_user"


@dataclass(frozen=True, slots=True)
class Synced:
    """For which version of the package this host made the tables, and which it has; empty for none."""

    noted: str
    installed: str


class TablesSynced(FactBase[Synced]):
    """What this host noted of the tables of a service."""

    @override
    def command(self, service: str) -> str:
        mine = BY_NAME[service]
        return (
            f"echo Noted=$(cat {mine.synced_file} 2>/dev/null); "
            f"echo Installed=$(dpkg-query -W -f '${{Version}}' {mine.packages[0]} 2>/dev/null)"
        )

    @override
    def process(self, output: Iterable[str]) -> Synced:
        said = dict(line.split("=", 1) for line in output if "=" in line)
        return Synced(said.get("Noted", ""), said.get("Installed", ""))


class FilledDatabases(FactBase[frozenset[str] | Unknown]):
    """The databases that have a table, as the local database server has them."""

    @override
    def command(self) -> str:
        return f'{_ASKED} "{_FILLED}" && echo end'

    @override
    def process(self, output: Iterable[str]) -> frozenset[str] | Unknown:
        *found, last = list(output) or [""]
        if last != "end":
            return Unknown(f"its databases could not be read: {clean(str([*found, last]), 120)}")
        return frozenset(found)


class KeystoneUsers(FactBase[frozenset[str] | Unknown]):
    """Keystone's users of the domain that is kept in its database, as the local database server has them.

    Before the tables are made there is none to be asked, which is no failure.
    """

    @override
    def command(self) -> str:
        return f'{_ASKED} "SELECT 1" >/dev/null && {{ {_ASKED} "{_USERS}" 2>/dev/null; echo end; }}'

    @override
    def process(self, output: Iterable[str]) -> frozenset[str] | Unknown:
        *found, last = [line.split("\t") for line in output] or [[""]]
        if last != ["end"]:
            return Unknown(f"its users could not be read: {clean(str([*found, last]), 120)}")
        return frozenset(row[1] for row in found if row[0] == "user" and len(row) == 2)
