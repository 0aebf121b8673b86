"""The accounts of the database, as far as hatui answers for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import whole
from cluster.state import Unknown
from cluster.text import clean
from facts.base import unreadable
from facts.galera import CLIENT

Key = tuple[str, str]
"""User and host."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account: `secret` is the SHA-256 (hexadecimal) of its authentication string, which itself never leaves it."""

    plugin: str
    secret: str
    alternatives: int
    """Further ways to authenticate (JSON `auth_or`, counted)."""
    privileges: frozenset[str] = frozenset()
    """On everything, in SQL's words; USAGE (none) left out."""
    databases: dict[str, frozenset[str]] = field(default_factory=dict)
    """Database, as a pattern of GRANT, to privileges."""
    grantable: bool = False
    proxy: bool = False


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the server has, and its databases."""

    accounts: dict[Key, Account]
    databases: frozenset[str]


_QUERY = """
SELECT 'account', User, Host, JSON_VALUE(Priv, '$.plugin'),
  SHA2(IFNULL(JSON_VALUE(Priv, '$.authentication_string'), ''), 256), IFNULL(JSON_LENGTH(Priv, '$.auth_or'), 0)
  FROM mysql.global_priv WHERE User NOT IN ('root', 'mariadb.sys', 'PUBLIC');
SELECT 'global', GRANTEE, PRIVILEGE_TYPE, IS_GRANTABLE FROM information_schema.USER_PRIVILEGES
  WHERE GRANTEE NOT LIKE '\\'root\\'@%';
SELECT 'schema', GRANTEE, TABLE_SCHEMA, PRIVILEGE_TYPE, IS_GRANTABLE FROM information_schema.SCHEMA_PRIVILEGES;
SELECT 'proxy', User, Host FROM mysql.proxies_priv WHERE User <> 'root';
SELECT 'database', SCHEMA_NAME FROM information_schema.SCHEMATA;
SELECT 'end';
"""


class SqlAccounts(FactBase[Accounts | Unknown]):
    """Accounts, privileges and databases of the local server; root's and the server's own are left out."""

    @override
    def command(self) -> str:
        return f"timeout -k 1 10 {CLIENT} -NB 2>&1 <<'SQL'\n{_QUERY}SQL"

    @override
    def process(self, output: Iterable[str]) -> Accounts | Unknown:
        return parse_accounts("\n".join(output))


def parse_accounts(text: str) -> Accounts | Unknown:
    """The accounts from the output of the fact's queries, or why they can't be told."""
    rows = [line.split("\t") for line in text.splitlines()]
    if not rows or rows[-1] != ["end"]:
        return Unknown(f"its accounts could not be read: {clean(text[-300:], 160)}")
    try:
        return _parse(rows)
    except (ValueError, IndexError) as error:
        return unreadable(error, clean(text))


def _parse(rows: list[list[str]]) -> Accounts:
    schemas: dict[Key, dict[str, set[str]]] = {}
    everywhere: dict[Key, set[str]] = {}
    grantable: set[Key] = set()
    for kind, *fields in rows:
        if kind == "global":
            everywhere.setdefault(_grantee(fields[0]), set()).add(fields[1])
        elif kind == "schema":
            # The client's batch mode doubles each backslash (mariadb(1), --raw).
            pattern = fields[1].replace("\\\\", "\\")
            schemas.setdefault(_grantee(fields[0]), {}).setdefault(pattern, set()).add(fields[2])
        if kind in ("global", "schema") and fields[-1] == "YES":
            grantable.add(_grantee(fields[0]))
    proxies = {(row[1], row[2]) for row in rows if row[0] == "proxy"}
    accounts = {
        (user, host): Account(
            plugin=plugin,
            secret=secret,
            alternatives=whole(alternatives),
            privileges=frozenset(everywhere.get((user, host), set()) - {"USAGE"}),
            databases={name: frozenset(found) for name, found in schemas.get((user, host), {}).items()},
            grantable=(user, host) in grantable,
            proxy=(user, host) in proxies,
        )
        for user, host, plugin, secret, alternatives in (row[1:] for row in rows if row[0] == "account")
    }
    return Accounts(accounts, frozenset(row[1] for row in rows if row[0] == "database"))


def _grantee(text: str) -> Key:
    """User and host of a GRANTEE such as 'mysql'@'localhost'."""
    user, _, host = text.rpartition("'@'")
    return user.removeprefix("'"), host.removesuffix("'")
